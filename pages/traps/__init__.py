"""The page /traps."""
