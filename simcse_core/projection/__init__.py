"""Projection: (n, d) embeddings to the two or three numbers a picture has room for."""
