"""One module per request or family of requests: convert in, ask the layers below, convert out."""
