"""The page /checkpoints."""
