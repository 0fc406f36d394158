"""What turns text into vectors: each module holds one kind of embedder behind ``magray_core.contracts.Embedder``."""
