"""Data: records, readers for files and uploads, shipped and public sets."""
