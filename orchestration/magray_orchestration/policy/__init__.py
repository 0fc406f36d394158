"""What may be done: a pure function from a call and its paths to allow, ask or deny."""

from magray_orchestration.policy.rules import PROTECTED_RULE, decide, is_forbidden

__all__ = ["PROTECTED_RULE", "decide", "is_forbidden"]
