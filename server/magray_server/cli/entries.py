"""What a row of the table of commands is made of."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Argument(NamedTuple):
    """One argument of a command. Names that start with ``-`` are options, others are positional.

    ``repeated`` lets an option stand several times; its value is a list, or None where it does not stand at all.
    """

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    kind: Literal["text", "words", "number", "flag", "repeated"] = "text"
    required: bool = True


class Command(NamedTuple):
    """One command. ``run`` is ``module:function`` below ``magray_server.cli.commands``, loaded when it is called.

    A name of two words, such as ``memory list``, is a command of a group.
    """

    name: str
    summary: str
    run: str
    arguments: tuple[Argument, ...] = ()
    details: str = ""
    json: str = ""
    examples: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The group it belongs to, or "" for a command that stands alone."""
        return self.name.rpartition(" ")[0]


class Group(NamedTuple):
    """Commands that share their first word."""

    name: str
    summary: str
