"""What methods assign to ``self``, and how functions are decorated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from magray_indexers.grammars import compiled
from magray_orchestration.refactoring.python.scopes import Binding, FileModel, Scope, parameter_name

if TYPE_CHECKING:
    from tree_sitter import Node

_TARGETS = """
[(assignment left: (_) @left) (augmented_assignment left: (_) @left) (for_statement left: (_) @left)
 (as_pattern_target) @left]
"""


def instance_attributes(model: FileModel) -> dict[tuple[int, str], list[Binding]]:
    """What the methods of a file assign to their first parameter, by (class scope's key, attribute)."""
    found: dict[tuple[int, str], list[Binding]] = {}
    for node in _assigned_attributes(model):
        receiver, attribute = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if receiver is None or attribute is None or receiver.type != "identifier" or node.parent is None:
            continue
        owner = receiver_class(model, receiver)
        if owner is None:
            continue
        simple = node.parent.type == "assignment"
        value = node.parent.child_by_field_name("right") if simple else None
        annotation = node.parent.child_by_field_name("type") if simple else None
        binding = Binding("assign" if simple else "other", attribute, value, annotation)
        found.setdefault((owner.key, model.text(attribute)), []).append(binding)
    return found


def receiver_class(model: FileModel, name: Node) -> Scope | None:
    """The class that ``self`` (or ``cls``) means where it stands, or None if the name is not a method's first one."""
    text = model.text(name)
    scope: Scope | None = model.scope_of(name)
    while scope is not None and (scope.kind == "class" or text not in scope.bindings):
        scope = scope.parent
    owner = scope.method_class() if scope is not None else None
    return owner if scope is not None and first_parameter(model, scope) == text else None


def first_parameter(model: FileModel, function: Scope) -> str:
    """The name of a method's own instance or class; "" for static methods and functions without parameters."""
    parameters = function.node.child_by_field_name("parameters")
    if parameters is None or not parameters.named_children or "staticmethod" in decorators(model, function.node):
        return ""
    return model.text(parameter_name(parameters.named_children[0]))


def decorators(model: FileModel, definition: Node) -> set[str]:
    """The last parts of the names of a definition's decorators."""
    around = definition.parent
    if around is None or around.type != "decorated_definition":
        return set()
    texts = (model.text(child) for child in around.children if child.type == "decorator")
    return {text.lstrip("@").partition("(")[0].strip().rpartition(".")[2] for text in texts}


def _assigned_attributes(model: FileModel) -> Iterator[Node]:
    from tree_sitter import QueryCursor

    waiting = list(QueryCursor(compiled("python", _TARGETS)).captures(model.root).get("left", ()))
    while waiting:
        node = waiting.pop()
        if node.type == "attribute":
            yield node
        elif node.type in ("pattern_list", "tuple_pattern", "list_pattern", "as_pattern_target", "tuple", "list"):
            waiting.extend(node.named_children)
