"""Every mention of a name in a Python file, and the part that it plays there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from magray_core.spans import Span
from magray_orchestration.refactoring.python.scopes import FileModel, same

if TYPE_CHECKING:
    from tree_sitter import Node


class Role(Enum):
    """What a mention is in the code."""

    NAME = "name"
    ATTRIBUTE = "attribute"
    KEYWORD = "keyword argument"
    IMPORTED = "imported name"
    MODULE = "module in an import"
    PATTERN = "keyword in a pattern"
    FORWARD = "forward reference"
    EXPORT = "entry of __all__"
    SLOT = "entry of __slots__"
    STRING = "string"
    COMMENT = "comment"


# What subscripts types wherever it stands: a string in it is a type, also in an alias at the top of a module.
_GENERICS = frozenset((
    b"Union", b"Optional", b"List", b"Dict", b"Tuple", b"Set", b"FrozenSet", b"Type", b"Sequence", b"MutableSequence",
    b"Mapping", b"MutableMapping", b"Iterable", b"Iterator", b"Generator", b"AsyncIterable", b"AsyncIterator",
    b"AsyncGenerator", b"Awaitable", b"Coroutine", b"Callable", b"ClassVar", b"Final", b"Generic", b"Protocol",
    b"ContextManager", b"AbstractContextManager",
))  # fmt: skip
_AROUND_STRINGS = ("list", "tuple", "set", "parenthesized_expression", "expression_list", "concatenated_string",
                   "binary_operator", "argument_list")  # fmt: skip
CODE_ROLES = frozenset(Role) - {Role.STRING, Role.COMMENT}


@dataclass(frozen=True, slots=True, eq=False)
class Mention:
    """A whole-word mention. ``start`` and ``end`` are bytes of the model's data; ``node`` is the node around them."""

    model: FileModel
    role: Role
    node: Node
    start: int
    end: int

    @property
    def path(self) -> str:
        """The file."""
        return self.model.path

    @property
    def span(self) -> Span:
        """Where it stands in the document."""
        return self.model.span(self.start, self.end)

    @property
    def line(self) -> int:
        """The line, from 1."""
        return self.model.line(self.start)


def mentions_of(model: FileModel, name: str) -> Iterator[Mention]:
    """Whole-word mentions of the name in the file, in order."""
    word = re.compile(rb"(?<![\w\x80-\xff])" + re.escape(name.encode()) + rb"(?![\w\x80-\xff])")
    for match in word.finditer(model.data):
        node = model.root.descendant_for_byte_range(match.start(), match.end())
        if node is not None:
            yield Mention(model, _role(model, node), node, match.start(), match.end())


def _role(model: FileModel, node: Node) -> Role:
    if node.type == "comment":
        return Role.COMMENT
    if node.type != "identifier":
        return _string_role(model, node)
    parent = node.parent
    if parent is None:
        return Role.NAME
    match parent.type:
        case "attribute" if same(node, parent.child_by_field_name("attribute")):
            return Role.ATTRIBUTE
        case "keyword_argument" if same(node, parent.child_by_field_name("name")):
            return Role.KEYWORD
        case "keyword_pattern" if same(node, parent.named_children[0]):
            return Role.PATTERN
        case "dotted_name":
            return _import_role(parent, node)
        case _:
            return Role.NAME


def _import_role(dotted: Node, node: Node) -> Role:
    statement = dotted.parent
    aliased = statement is not None and statement.type == "aliased_import"
    if aliased and statement is not None:
        statement = statement.parent
    if statement is None:
        return Role.NAME
    if statement.type == "import_from_statement" and not same(dotted, statement.child_by_field_name("module_name")):
        return Role.IMPORTED
    if statement.type in ("import_from_statement", "import_statement", "relative_import"):
        return Role.MODULE
    # A dotted name in a pattern: its first part is a name, the others are attributes of what is before them.
    return Role.NAME if same(node, dotted.named_children[0]) else Role.ATTRIBUTE


def _string_role(model: FileModel, node: Node) -> Role:
    string: Node | None = node
    while string is not None and string.type != "string":
        string = string.parent
    if string is None:
        return Role.COMMENT  # a line continuation, a broken piece of code: never touched as code
    around = string.parent
    while around is not None and around.type in _AROUND_STRINGS:
        if around.type == "argument_list" and _is_typing_call(model, string, around):
            return Role.FORWARD
        around = around.parent
    if around is None:
        return Role.STRING
    if around.type in ("assignment", "augmented_assignment", "call"):
        target = model.text(around.child_by_field_name("left") or around.child_by_field_name("function"))
        if target in ("__all__", "__all__.append", "__all__.extend", "__all__.remove"):
            return Role.EXPORT
        if target in ("__slots__", "__match_args__"):
            return Role.SLOT
    return Role.FORWARD if _in_annotation(string) else Role.STRING


def _is_typing_call(model: FileModel, string: Node, arguments: Node) -> bool:
    call = arguments.parent
    if call is None or call.type != "call" or not same(string.parent, arguments):
        return False
    function = model.text(call.child_by_field_name("function")).rpartition(".")[2]
    return function == "cast" and same(arguments.named_children[0], string)


def _in_annotation(string: Node) -> bool:
    """Whether a string is a type: in an annotation, or the bound of a type variable; not inside ``Literal[...]``."""
    node: Node | None = string
    while node is not None:
        parent = node.parent
        if node.type in ("subscript", "generic_type") and node.named_children:
            head = node.named_children[0].text or b""
            if head.rpartition(b".")[2] == b"Literal":
                return False
            if head.rpartition(b".")[2] in _GENERICS:
                return True
        if node.type == "type":
            return parent is not None and parent.type != "type_alias_statement"
        if node.type in ("block", "module", "call", "lambda"):
            return False
        if node.type == "keyword_argument":
            name = node.child_by_field_name("name")
            return name is not None and name.text == b"bound"
        node = parent
    return False
