"""The command line: one table of commands, one runner, one module per group of commands. The only place that prints."""
