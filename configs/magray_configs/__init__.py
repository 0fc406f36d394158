"""Settings, where they come from, and where Magray keeps its files."""
