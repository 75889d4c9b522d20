"""The training lab: watch a run happen."""
