"""Scopes and bindings of one Python file, from its tree-sitter tree: tolerant of broken code and of newer syntax.

Offsets are bytes of the engine text's UTF-8 inside this module and its readers; ``FileModel.span`` turns them into
code points of the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from magray_core.spans import Span
from magray_indexers.grammars import compiled, syntax_tree
from magray_indexers.offsets import CodePoints, utf8
from magray_orchestration.refactoring.python.sources import Source

if TYPE_CHECKING:
    from tree_sitter import Node

BindingKind = Literal["def", "class", "param", "assign", "import", "from", "for", "with", "except", "other"]
ScopeKind = Literal["module", "class", "function", "comprehension"]

COMPREHENSIONS = ("list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression")
_SCOPES = ("function_definition", "lambda", "class_definition", *COMPREHENSIONS)
_NESTING = ("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list", "as_pattern_target", "list_splat_pattern",
            "parenthesized_expression", "expression_list", "splat_pattern", "list_splat")  # fmt: skip

_BINDERS = """
[(function_definition) (lambda) (class_definition) (list_comprehension) (set_comprehension) (dictionary_comprehension)
 (generator_expression)] @scope
[(assignment) (augmented_assignment) (named_expression) (for_statement) (for_in_clause) (as_pattern)
 (import_statement) (import_from_statement) (global_statement) (nonlocal_statement) (type_alias_statement)
 (delete_statement) (case_pattern)] @binder
"""


@dataclass(slots=True)
class Binding:
    """One place that binds a name. ``node`` is the identifier that stands there.

    ``value`` is what is bound where that is an expression or definition, ``annotation`` its type. Imports carry the
    module as written (``level`` leading dots) and, for ``from`` imports, the name there.
    """

    kind: BindingKind
    node: Node
    value: Node | None = None
    annotation: Node | None = None
    module: str = ""
    level: int = 0
    imported: str = ""


@dataclass(slots=True, eq=False)
class Scope:
    """A scope with what it binds. ``qualified`` is the dotted name inside the module, "" for the module."""

    kind: ScopeKind
    node: Node
    parent: Scope | None
    qualified: str
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    global_names: set[str] = field(default_factory=set)
    nonlocal_names: set[str] = field(default_factory=set)

    @property
    def key(self) -> int:
        """A number that is the scope's own within its file: where it starts, 0 for the module."""
        return 0 if self.kind == "module" else self.node.start_byte + 1

    def method_class(self) -> Scope | None:
        """The class whose method this function scope is, or None."""
        return self.parent if self.kind == "function" and self.parent and self.parent.kind == "class" else None


class FileModel:
    """A file's tree, scopes and bindings. Built once; the tree lives as long as the model."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.path = source.path
        self.data = utf8(source.engine_text)
        tree = syntax_tree("python", self.data)
        if tree is None:
            raise ValueError(f"{source.path} took too long to parse")
        self.root = tree.root_node
        self.module = Scope("module", self.root, None, "")
        self.scopes: dict[int, Scope] = {self.root.id: self.module}
        self.stars: list[Binding] = []
        self._points = CodePoints(self.data)
        self._collect()

    def text(self, node: Node | None) -> str:
        """The node's source text, "" for None."""
        return "" if node is None else self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def engine_offset(self, byte: int) -> int:
        """A byte offset as code points of the engine text."""
        return self._points.at(byte)

    def span(self, start: int, end: int) -> Span:
        """Bytes as a span of the document."""
        return self.source.span(self._points.at(start), self._points.at(end))

    def byte(self, offset: int) -> int:
        """An offset of the document in bytes."""
        return len(utf8(self.source.engine_text[: self.source.engine_offset(offset)]))

    def line(self, byte: int) -> int:
        """The line, from 1, of a byte offset."""
        return self.data.count(b"\n", 0, byte) + 1

    def scope_of(self, node: Node) -> Scope:
        """The scope in which a name standing at the node is looked up or bound."""
        child, parent = node, node.parent
        while parent is not None:
            if parent.type in _SCOPES and parent.id in self.scopes and _inside(parent, child, node):
                return self.scopes[parent.id]
            child, parent = parent, parent.parent
        return self.module

    def class_scopes(self) -> Iterator[Scope]:
        """The classes of the file, in order."""
        return (scope for scope in self.scopes.values() if scope.kind == "class")

    def _collect(self) -> None:
        from tree_sitter import QueryCursor

        captures = QueryCursor(compiled("python", _BINDERS)).captures(self.root)
        for node in sorted(captures.get("scope", ()), key=lambda found: (found.start_byte, -found.end_byte)):
            self._add_scope(node)
        for node in sorted(captures.get("binder", ()), key=lambda found: found.start_byte):
            self._add_binder(node)
        self._hoist_declared()

    def _add_scope(self, node: Node) -> None:
        parent = self.scope_of(node)
        name = node.child_by_field_name("name")
        label = self.text(name) or f"<{node.type}>"
        qualified = f"{parent.qualified}.{label}" if parent.qualified else label
        kind: ScopeKind = "function"
        if node.type == "class_definition":
            kind = "class"
        elif node.type in COMPREHENSIONS:
            kind = "comprehension"
        scope = self.scopes[node.id] = Scope(kind, node, parent, qualified)
        if name is not None:
            self._bind(parent, Binding("class" if kind == "class" else "def", name, node))
        parameters = node.child_by_field_name("parameters")
        for parameter in parameters.named_children if parameters is not None and kind == "function" else ():
            identifier = parameter_name(parameter)
            if identifier is not None:
                annotation = parameter.child_by_field_name("type")
                value = parameter.child_by_field_name("value")
                self._bind(scope, Binding("param", identifier, value, annotation))

    def _add_binder(self, node: Node) -> None:
        match node.type:
            case "import_statement" | "import_from_statement":
                self._add_import(node)
            case "global_statement" | "nonlocal_statement":
                scope = self.scope_of(node)
                names = {self.text(child) for child in node.named_children}
                (scope.global_names if node.type == "global_statement" else scope.nonlocal_names).update(names)
            case "assignment" | "augmented_assignment" | "type_alias_statement":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                self._bind_targets(node, left, Binding("assign", node, right, node.child_by_field_name("type")))
            case "named_expression":
                self._bind_walrus(node)
            case "for_statement" | "for_in_clause":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                self._bind_targets(node, left, Binding("for", node, right))
            case "as_pattern":
                alias = node.child_by_field_name("alias") or node.named_children[-1]
                around = node.parent.type if node.parent is not None else ""
                kinds: dict[str, BindingKind] = {"with_item": "with", "except_clause": "except"}
                kind = kinds.get(around, "other")
                self._bind_targets(node, alias, Binding(kind, node, node.named_children[0]))
            case "case_pattern":
                self._bind_capture(node)
            case _:
                pass

    def _bind_walrus(self, node: Node) -> None:
        scope = self.scope_of(node)
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        name = node.child_by_field_name("name")
        if name is not None:
            self._bind(scope, Binding("assign", name, node.child_by_field_name("value")))

    def _bind_capture(self, node: Node) -> None:
        """``case name:`` binds; ``case a.b:`` and ``case Class():`` compare."""
        for child in node.named_children:
            plain = child.named_children[0] if child.type in ("dotted_name", "splat_pattern") else None
            if plain is not None and child.named_child_count == 1 and self.text(plain) != "_":
                self._bind(self.scope_of(node), Binding("other", plain))

    def _bind_targets(self, statement: Node, target: Node | None, template: Binding) -> None:
        if target is None:
            return
        if target.type in ("identifier", "type") or (target.type == "generic_type"):
            node = target if target.type == "identifier" else _first_identifier(target)
            if node is not None:
                whole = template.value if template.kind != "other" else None
                scope = self._target_scope(statement)
                self._bind(scope, Binding(template.kind, node, whole, template.annotation))
        elif target.type in _NESTING:
            for child in target.named_children:
                # One of several targets: what it is bound to is a part of the value, which nothing here knows.
                kind: BindingKind = "other" if target.type != "as_pattern_target" else template.kind
                self._bind_targets(statement, child, Binding(kind, template.node, template.value))

    def _target_scope(self, statement: Node) -> Scope:
        if statement.type == "for_in_clause" and statement.parent is not None:
            return self.scopes.get(statement.parent.id) or self.scope_of(statement)
        return self.scope_of(statement)

    def _add_import(self, node: Node) -> None:
        scope = self.scope_of(node)
        source = node.child_by_field_name("module_name")
        level, module = 0, self.text(source)
        if source is not None:
            level = len(module) - len(module.lstrip("."))
            module = module.lstrip(".")
        for name in node.children_by_field_name("name"):
            alias = name.child_by_field_name("alias")
            written = name.child_by_field_name("name") if alias is not None else name
            if written is None:
                continue
            dotted = self.text(written)
            if source is not None:
                bound = alias or written.named_children[0]
                self._bind(scope, Binding("from", bound, written, None, module, level, dotted))
            else:
                bound = alias or written.named_children[0]
                self._bind(scope, Binding("import", bound, written, None, dotted, 0, "" if alias else "*"))
        if any(child.type == "wildcard_import" for child in node.named_children):
            self.stars.append(Binding("from", node, None, None, module, level, "*"))

    def _bind(self, scope: Scope, binding: Binding) -> None:
        scope.bindings.setdefault(self.text(binding.node), []).append(binding)

    def _hoist_declared(self) -> None:
        """What a function binds under ``global`` or ``nonlocal`` belongs to the scope that owns the name."""
        for scope in list(self.scopes.values()):
            for name in scope.global_names & scope.bindings.keys():
                self.module.bindings.setdefault(name, []).extend(scope.bindings.pop(name))
            for name in scope.nonlocal_names & scope.bindings.keys():
                owner = scope.parent
                while owner is not None and (owner.kind == "class" or name not in owner.bindings):
                    owner = owner.parent
                if owner is not None:
                    owner.bindings[name].extend(scope.bindings.pop(name))


def parameter_name(parameter: Node) -> Node | None:
    """The identifier that a parameter binds, or None for ``*`` and ``/``."""
    if parameter.type == "identifier":
        return parameter
    name = parameter.child_by_field_name("name")
    if name is not None and name.type == "identifier":
        return name
    if parameter.type in ("typed_parameter", "list_splat_pattern", "dictionary_splat_pattern"):
        first = parameter.named_children[0] if parameter.named_children else None
        return None if first is None else parameter_name(first)
    return None


def same(one: Node | None, other: Node | None) -> bool:
    """Whether both are one node of one tree."""
    return one is not None and other is not None and one.id == other.id


def _inside(scope: Node, child: Node, leaf: Node) -> bool:
    """Whether code in ``child`` of a scope node belongs to that scope rather than to the one around it."""
    if scope.type not in COMPREHENSIONS:
        if same(child, scope.child_by_field_name("body")):
            return True
        if scope.type == "class_definition" or not same(child, scope.child_by_field_name("parameters")):
            return False
        return _is_parameter_name(child, leaf)
    # A comprehension's first iterable is evaluated outside of it.
    first = next((part for part in scope.named_children if part.type == "for_in_clause"), None)
    if not same(child, first):
        return True
    right = child.child_by_field_name("right")
    return not (right is not None and right.start_byte <= leaf.start_byte and leaf.end_byte <= right.end_byte)


def _is_parameter_name(parameters: Node, leaf: Node) -> bool:
    for parameter in parameters.named_children:
        if parameter.start_byte <= leaf.start_byte and leaf.end_byte <= parameter.end_byte:
            return same(parameter_name(parameter), leaf)
    return False


def _first_identifier(node: Node) -> Node | None:
    while node.type != "identifier":
        if not node.named_children:
            return None
        node = node.named_children[0]
    return node
