"""Evaluation: an encoder against people's judgements, by the published protocol."""
