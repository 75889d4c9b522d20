"""Home: what changes when a model learns by contrast."""
