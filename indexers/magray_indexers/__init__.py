"""The workspace's memory: walk, parse, chunk, keyword index, search."""
