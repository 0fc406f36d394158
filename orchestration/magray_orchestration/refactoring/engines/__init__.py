"""Engines: each proposes where a change has to be made. Python engines run in a process of their own."""
