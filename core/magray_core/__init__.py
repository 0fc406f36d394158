"""The domain: values and contracts that every other package speaks; imports no adapter."""
