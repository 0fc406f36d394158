"""Keeping secrets out of the memory: finding and masking them, personal data, forgetting, export, keys."""
