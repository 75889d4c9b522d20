"""Pairs and search: what a similarity means, under one to four checkpoints."""
