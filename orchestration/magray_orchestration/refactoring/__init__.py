"""Refactorings: each computes the steps of one kind of change, deterministically, without touching a file."""
