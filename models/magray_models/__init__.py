"""Model providers, embedders and rerankers. Nothing here is needed for the computed features."""
