"""The knowledge graph: typed, weighted links between files, symbols, notions, tasks and notes."""
