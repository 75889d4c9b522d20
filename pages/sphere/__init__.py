"""The page /sphere."""
