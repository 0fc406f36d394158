"""Speaks LSP and the command line; owns time, threads and state."""
