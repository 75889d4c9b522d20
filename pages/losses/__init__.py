"""The page /losses."""
