"""Vectors of chunks: a cache that is the truth, exact and approximate search over it, published beside the rows."""
