"""The wire: framing, JSON-RPC envelopes, lifecycle and typed messages. Nothing here knows what Magray does."""
