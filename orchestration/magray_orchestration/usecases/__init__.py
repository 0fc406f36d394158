"""What a person can ask for, as functions: the command line and the language server both call these."""
