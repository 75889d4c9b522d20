"""The page /bench."""
