"""Repair: what post-processing does to a checkpoint, before and after."""
