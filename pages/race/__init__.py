"""The page /race."""
