"""Run folders, the warm worker and the queue in front of it; the pages and the command line meet here."""
