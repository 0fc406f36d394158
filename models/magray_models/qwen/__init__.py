"""Qwen3-Embedding and Qwen3-Reranker from weights that the person fetched: ONNX, gguf or safetensors, on CPU or GPU."""
