"""The settings' reference page, made from ``settings.py``. ``python -m magray_configs.reference`` prints it."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from magray_configs import settings as module
from magray_configs.layers import CHOICES, CLIENT, LIMITS, PROJECT_SECTIONS, USER_FILE_ONLY, USER_ONLY, flat_values

_KINDS = {bool: "switch", int: "whole number", float: "number", str: "word", tuple: "list"}


class Option(NamedTuple):
    """One setting as it is documented."""

    key: str
    kind: str
    default: str
    allowed: str
    text: str


def options() -> Iterator[Option]:
    """Every setting, in order, with the words that stand under its field."""
    texts = _texts()
    for key, value in flat_values(module.Settings()):
        default = str(value).lower() if isinstance(value, bool) else "[]" if value == () else str(value)
        yield Option(key, _KINDS[type(value)], default or "empty", _allowed(key, value), texts[key])


def render_reference() -> str:
    """docs/reference/settings.md, whole."""
    project = ", ".join(f"`{name}`" for name in sorted(PROJECT_SECTIONS))
    project += ", without " + ", ".join(f"`{name}`" for name in sorted(USER_ONLY))
    file_only = ", ".join(f"`{name}`" for name in sorted(USER_FILE_ONLY))
    lines = [
        "# Settings",
        "",
        "<!-- Made from configs/magray_configs/settings.py by `python -m magray_configs.reference`. -->",
        "",
        "Nothing has to be set.",
        "Each layer overrides the ones above it; `magray doctor` shows every value with its source.",
        "",
        "1. the defaults below",
        "2. `~/.magray/config/config.toml` (`$MAGRAY_HOME/config/config.toml` where that is set)",
        f"3. `.magray/config.toml` in the workspace: only {project}",
        f"4. {CLIENT}, as `magray.index.workers` and so on, in snake_case or camelCase, without {file_only}",
        "",
        "An unknown key is reported with the nearest name and left out.",
        "A wrong value is an error that names the key, the file and what is allowed.",
        "",
        "| setting | type | default | allowed | what it is for |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [f"| `{o.key}` | {o.kind} | `{o.default}` | {o.allowed} | {o.text} |" for o in options()]
    return "\n".join(lines) + "\n"


def _allowed(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "`true`, `false`"
    if isinstance(value, tuple):
        return "any strings"
    if isinstance(value, str):
        return ", ".join(f"`{word}`" for word in CHOICES[key]) if key in CHOICES else "any string"
    low, high = LIMITS.get(key, (0.0, 0.0))
    return f"{low:,g} to {high:,.0f}"


def _texts() -> dict[str, str]:
    """Key to the sentence under the field in ``settings.py``."""
    classes = {node.name: node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.ClassDef)}
    texts: dict[str, str] = {}
    for section in classes["Settings"].body:
        if not (isinstance(section, ast.AnnAssign) and isinstance(section.target, ast.Name)):
            continue
        body = classes[ast.unparse(section.annotation)].body
        for field, words in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(words, ast.Expr):
                texts[f"{section.target.id}.{field.target.id}"] = " ".join(str(ast.literal_eval(words.value)).split())
    return texts


if __name__ == "__main__":
    sys.stdout.write(render_reference())
