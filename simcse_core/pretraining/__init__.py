"""Masked-LM training of the project's own encoders, from scratch or from another's first layers."""
