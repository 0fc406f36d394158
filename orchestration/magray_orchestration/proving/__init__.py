"""Proving: a step is tried on copies of the files it touches before it is offered."""

from magray_orchestration.proving.proof import prove

__all__ = ["prove"]
