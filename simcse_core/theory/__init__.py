"""Contrastive losses taken apart: who is pushed, pull and spread, the flow of points, one batch by steps."""
