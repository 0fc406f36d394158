"""What refactorings of Python know about Python: sources, modules, scopes, names."""
