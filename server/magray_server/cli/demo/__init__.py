"""The demonstration: a real project in a temporary folder, and the main job on it from start to end."""
