"""Contrastive losses taken apart: shares of the push, pull and spread, the flow of points, one batch by steps."""
