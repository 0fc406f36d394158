"""How the static embedding model is made: sources to texts, texts to pairs, pairs to vectors, vectors to one file."""
