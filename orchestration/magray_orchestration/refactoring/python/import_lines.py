"""Import statements: how one module names another, where new imports go, how one name leaves a list of names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from magray_core.documents import line_ending
from magray_core.spans import TextEdit
from magray_orchestration.refactoring.python.program import Program
from magray_orchestration.refactoring.python.scopes import Binding, FileModel

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Carried:
    """An import that moved code needs: its line, whether only type checkers run it, and what it binds."""

    line: str
    typing_only: bool
    name: str


def module_reference(program: Program, importer: str, module: str, *, relative: bool) -> str:
    """How ``importer`` names the module's file: relative where asked and both are in one package, else absolute."""
    dotted = program.modules.name_of(module)
    if not relative:
        return dotted
    own = program.modules.name_of(importer).split(".")
    package = own if importer.endswith("__init__.py") else own[:-1]
    parts = dotted.split(".")
    shared = 0
    while shared < min(len(package), len(parts)) and package[shared] == parts[shared]:
        shared += 1
    if not shared:
        return dotted
    return "." * (len(package) - shared + 1) + ".".join(parts[shared:])


def from_line(module: str, name: str, alias: str = "") -> str:
    """A ``from`` import; importing a module out of its package when ``module`` is dots alone is the same form."""
    return f"from {module} import {name}" + (f" as {alias}" if alias else "")


def insertion_offset(model: FileModel) -> int:
    """The engine offset where an import goes: after the last import at the top, else after docstring and comments."""
    last = None
    for child in model.root.children:
        if child.type in ("import_statement", "import_from_statement", "future_import_statement"):
            last = child
        elif child.type not in ("comment", "expression_statement", "string", "if_statement", "try_statement"):
            break
        elif last is None and child.type in ("string", "expression_statement"):
            last = child
    if last is None:
        first = next((child for child in model.root.children if child.type != "comment"), None)
        return 0 if first is None else model.engine_offset(_line_start(model, first.start_byte))
    end = model.data.find(b"\n", last.end_byte)
    return model.engine_offset(end + 1 if end >= 0 else len(model.data))


def insert_lines(model: FileModel, lines: list[str]) -> TextEdit:
    """The edit that adds import lines."""
    offset = insertion_offset(model)
    text = "".join(f"{line}\n" for line in lines)
    if offset and not model.source.engine_text[:offset].endswith("\n"):
        text = f"\n{text}"
    return edit(model, offset, offset, text)


def edit(model: FileModel, start: int, end: int, text: str) -> TextEdit:
    """An edit from engine offsets, in the document's line ends."""
    span = model.source.span(start, end)
    return TextEdit(span, text.replace("\n", line_ending(model.source.document.text)))


def statement_of(binding: Binding) -> Node:
    """The whole import statement of a binding."""
    node: Node = binding.node
    while node.type not in ("import_statement", "import_from_statement") and node.parent is not None:
        node = node.parent
    return node


def without_name(model: FileModel, statement: Node, name: str, replacement: str) -> TextEdit:
    """The edit that takes one imported name out of a ``from`` statement and puts ``replacement`` lines after it."""
    entries = statement.children_by_field_name("name")
    kept = [model.text(one) for one in entries if _imported(model, one) != name]
    start, end = statement.start_byte, statement.end_byte
    indent = model.data[_line_start(model, start) : start].decode("utf-8", "replace")
    lines = [line for line in (replacement,) if line]
    if kept:
        module = model.text(statement.child_by_field_name("module_name"))
        lines.insert(0, _joined(module, kept, "(" in model.text(statement)))
    if lines:
        text = f"\n{indent if not indent.strip() else ''}".join(lines)
        return edit(model, model.engine_offset(start), model.engine_offset(end), text)
    if indent.strip() or _alone_in_block(statement):
        return edit(model, model.engine_offset(start), model.engine_offset(end), "pass")
    after = model.data.find(b"\n", end)
    end = after + 1 if after >= 0 else end
    return edit(model, model.engine_offset(_line_start(model, start)), model.engine_offset(end), "")


def typing_only(node: Node) -> bool:
    """Whether an import stands under ``if TYPE_CHECKING``."""
    around = node.parent
    while around is not None:
        if around.type == "if_statement":
            condition = around.child_by_field_name("condition")
            if condition is not None and b"TYPE_CHECKING" in (condition.text or b""):
                return True
        around = around.parent
    return False


def _imported(model: FileModel, entry: Node) -> str:
    return model.text(entry.child_by_field_name("name") or entry)


def _joined(module: str, entries: list[str], parenthesised: bool) -> str:
    line = f"from {module} import {', '.join(entries)}"
    if not parenthesised and len(line) <= 88:
        return line
    return f"from {module} import (\n" + "".join(f"    {entry},\n" for entry in entries) + ")"


def _line_start(model: FileModel, byte: int) -> int:
    return model.data.rfind(b"\n", 0, byte) + 1


def _alone_in_block(statement: Node) -> bool:
    block = statement.parent
    return block is not None and block.type == "block" and block.named_child_count == 1


def has_future_annotations(model: FileModel) -> bool:
    """Whether the file's annotations are never evaluated."""
    return bool(re.search(rb"^from __future__ import [^\n]*\bannotations\b", model.data, re.MULTILINE))
