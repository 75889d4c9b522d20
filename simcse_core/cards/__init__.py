"""Model cards in the Hub's format, filled with what was measured and with what a run says of itself."""
