"""Notes: formulas, words, sources, data, machine."""
