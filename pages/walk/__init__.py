"""The page /walk."""
