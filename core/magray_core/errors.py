"""Every failure a person may see, as one tree.

MagrayError(message, *, hint="")
├ SettingsError          a setting is wrong; names the key, its source and what is allowed
├ WorkspaceError         a path is outside the workspace, missing or unreadable
├ IndexingError
│ ├ IndexUnavailable     there is no index yet, or another process is building it
│ ├ IndexCorrupt         a stored index does not match its hashes; it is rebuilt
│ └ IndexFormatTooNew    the store was written by a newer Magray and is left alone
├ KeyUnavailable         an encrypted memory cannot be opened: no keyring, wrong passphrase, damaged key file
├ PlanError
│ ├ GoalNotUnderstood    no refactoring fits the goal; carries the nearest ones that would
│ ├ RefactoringRefused   the change cannot be made safely, or there is nothing to change
│ ├ PlanNotFound         no plan has that id
│ ├ PlanState            the plan is not in a state that allows this (applied twice, say)
│ └ ContentChanged       files differ from what the plan was made for; says which and how
├ ProviderError
│ ├ ProviderUnreachable  the model's host does not answer
│ ├ ProviderRefused      the provider answered with a refusal status
│ ├ ProviderTimeout      no answer within the budget
│ └ BadModelOutput       the model's text does not fit the contract it was asked for
├ ToolError
│ ├ ToolDenied           policy or the person said no
│ ├ ToolInvalidArguments the arguments do not fit the tool's schema
│ └ ToolFailed           the tool ran and failed
└ BudgetExceeded         a limit of steps, tokens, time or money is used up

Cancellation is not in the tree: see ``magray_core.cancel``. Anything else that escapes is a bug.
"""

from __future__ import annotations

import logging
import os
import re
from typing import ClassVar

log = logging.getLogger(__name__)


class MagrayError(Exception):
    """A known failure: one short sentence for the person and, where there is one, what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    kind: ClassVar[str] = "magray_error"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()


class SettingsError(MagrayError):
    """A setting has the wrong type, value or place."""


class WorkspaceError(MagrayError):
    """A path is outside the workspace, missing, of the wrong kind, or unreadable."""


class IndexingError(MagrayError):
    """The index could not be built, read or updated."""


class IndexUnavailable(IndexingError):
    """No index can serve the request yet."""


class IndexCorrupt(IndexingError):
    """A stored index does not match its recorded hashes."""


class KeyUnavailable(MagrayError):
    """The key of an encrypted memory cannot be had; nothing is ever written in plain instead."""


class IndexFormatTooNew(IndexingError):
    """The store was written by a newer version; it is neither read nor changed."""

    def __init__(self, found: int, supported: int, *, what: str = "store") -> None:
        super().__init__(
            f"the {what} has format {found}, this version reads up to {supported}",
            hint="update Magray, or move the .magray folder away to start a new one",
        )
        self.found = found
        self.supported = supported


class PlanError(MagrayError):
    """A plan could not be made, found or carried out."""


class GoalNotUnderstood(PlanError):
    """No refactoring fits the goal; ``suggestions`` are the nearest goals that would be understood."""

    def __init__(self, message: str, *, suggestions: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.suggestions = suggestions


class RefactoringRefused(PlanError):
    """The change would be unsafe, is impossible, or changes nothing; the message says which."""


class PlanNotFound(PlanError):
    """No stored plan has that id."""


class PlanState(PlanError):
    """The plan's or step's status does not allow the request."""


class ContentChanged(PlanError):
    """Files are no longer what the plan or journal recorded; ``differences`` has one line per file."""

    def __init__(self, message: str, *, differences: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.differences = differences


class ProviderError(MagrayError):
    """A model provider failed."""


class ProviderUnreachable(ProviderError):
    """The provider's host does not answer."""


class ProviderRefused(ProviderError):
    """The provider answered with a refusal; ``status`` is its HTTP status."""

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class ProviderTimeout(ProviderError):
    """The provider did not answer in time."""


class BadModelOutput(ProviderError):
    """The model's text does not fit the contract that was asked for."""


class ToolError(MagrayError):
    """A tool could not do what was asked."""


class ToolDenied(ToolError):
    """Policy or the person refused the call."""


class ToolInvalidArguments(ToolError):
    """The arguments do not fit the tool's schema."""


class ToolFailed(ToolError):
    """The tool ran and reported a failure."""


class BudgetExceeded(MagrayError):
    """A limit is used up."""


def bug(message: str) -> None:
    """Report what cannot happen but need not stop the work: raises under pytest, logs with the stack elsewhere."""
    if "PYTEST_CURRENT_TEST" in os.environ:
        raise AssertionError(message)
    log.error("bug: %s", message, stack_info=True)
