"""Turns goals into proved plans, and plans into changes that can be undone."""
