"""What an expression is, as far as the text shows it: annotations, constructors, ``self``, imports. Never a guess."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from magray_indexers.grammars import syntax_tree
from magray_indexers.offsets import utf8
from magray_orchestration.refactoring.python.attributes import decorators, instance_attributes
from magray_orchestration.refactoring.python.program import EXTERNAL, UNKNOWN, Kind, Program, Resolved, argument_nodes
from magray_orchestration.refactoring.python.scopes import Binding, FileModel, Scope, parameter_name, same

if TYPE_CHECKING:
    from tree_sitter import Node

_DEPTH = 14
_LITERALS = frozenset((
    "string", "concatenated_string", "integer", "float", "true", "false", "none", "list", "dictionary", "set", "tuple",
    "list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression", "lambda",
    "comparison_operator", "not_operator", "ellipsis",
))  # fmt: skip
_WRAPPERS = frozenset(("Optional", "Union", "Annotated", "Final", "ClassVar", "Required", "NotRequired", "InitVar"))
_SELF_TYPES = frozenset(("Self", "te.Self", "t.Self", "typing.Self"))
_NO_KINDS: frozenset[Kind] = frozenset()
_ONLY_UNKNOWN = frozenset((UNKNOWN,))
_ONLY_EXTERNAL = frozenset((EXTERNAL,))


class Inference:
    """Kinds of expressions over one program, remembered by node."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._memo: dict[tuple[str, int], frozenset[Kind]] = {}
        self._attributes: dict[str, dict[tuple[int, str], list[Binding]]] = {}

    def kinds(self, model: FileModel, node: Node | None, depth: int = 0) -> frozenset[Kind]:
        """What the expression may be; never empty."""
        if node is None or depth > _DEPTH:
            return _ONLY_UNKNOWN
        memo = (model.path, node.id)
        if memo not in self._memo:
            self._memo[memo] = _ONLY_UNKNOWN  # what refers to itself shows nothing
            self._memo[memo] = self._infer(model, node, depth) or _ONLY_UNKNOWN
        return self._memo[memo]

    def bases(self, path: str, scope: Scope) -> list[frozenset[Kind]]:
        """What each base of a class may be."""
        model = self.program.model(path)
        arguments = scope.node.child_by_field_name("superclasses")
        if model is None or arguments is None:
            return []
        bases = [child for child in arguments.named_children if child.type not in ("keyword_argument", "comment")]
        return [self.kinds(model, _without_subscript(base)) for base in bases]

    def annotated(self, model: FileModel, annotation: Node | None, depth: int = 0) -> frozenset[Kind]:
        """What a value with this annotation may be."""
        if annotation is None or depth > _DEPTH:
            return _ONLY_UNKNOWN
        node = annotation.named_children[0] if annotation.type == "type" and annotation.named_children else annotation
        match node.type:
            case "string":
                return self._annotated_string(model, node, depth)
            case "binary_operator" | "union_type":
                return frozenset().union(*(self.annotated(model, child, depth + 1) for child in node.named_children))
            case "subscript" | "generic_type":
                return self._annotated_generic(model, node, depth)
            case "none":
                return _ONLY_EXTERNAL
            case "identifier" | "attribute":
                return self._instances(model, node, depth)
            case _:
                return _ONLY_UNKNOWN

    def _instances(self, model: FileModel, node: Node, depth: int) -> frozenset[Kind]:
        if model.text(node) in _SELF_TYPES:
            scope: Scope | None = model.scope_of(node)
            while scope is not None and scope.kind != "class":
                scope = scope.parent
            return frozenset((Kind("instance", model.path, scope.key),)) if scope else _ONLY_UNKNOWN
        found = self.kinds(model, node, depth + 1)
        if model.text(node).rpartition(".")[2] in ("Any", "object"):
            return _ONLY_UNKNOWN
        # A type variable or alias is no class: its values are not known.
        return frozenset(
            Kind("instance", kind.path, kind.scope) if kind.of == "class" else EXTERNAL if kind == EXTERNAL else UNKNOWN
            for kind in found
        )

    def _annotated_generic(self, model: FileModel, node: Node, depth: int) -> frozenset[Kind]:
        head, *inner = node.named_children
        nested = (child.named_children if child.type == "type_parameter" else [child] for child in inner)
        parts = list(chain.from_iterable(nested))
        name = model.text(head).rpartition(".")[2]
        if name in _WRAPPERS:
            kept = parts[:1] if name == "Annotated" else parts
            return frozenset().union(*(self.annotated(model, part, depth + 1) for part in kept))
        if name in ("type", "Type") and parts:
            values = self.annotated(model, parts[0], depth + 1)
            return frozenset(Kind("class", kind.path, kind.scope) if kind.of == "instance" else kind for kind in values)
        return self._instances(model, head, depth)

    def _annotated_string(self, model: FileModel, node: Node, depth: int) -> frozenset[Kind]:
        """A forward reference: names in it mean what they mean in the scope around it."""
        text = "".join(model.text(child) for child in node.named_children if child.type == "string_content")
        tree = syntax_tree("python", utf8(f"_: {text}"))
        kinds: set[Kind] = set()
        for part in text.replace("Optional[", "").replace("]", "").split("|"):
            name = part.strip()
            if name == "None":
                kinds.add(EXTERNAL)
            elif tree is None or tree.root_node.has_error or not name.replace(".", "").isidentifier():
                kinds.add(UNKNOWN)
            else:
                found = self.dotted(model, model.scope_of(node), name, depth)
                kinds |= {Kind("instance", kind.path, kind.scope) if kind.of == "class" else kind for kind in found}
        return frozenset(kinds)

    def dotted(self, model: FileModel, scope: Scope, name: str, depth: int = 0) -> frozenset[Kind]:
        """What a dotted name as text means in a scope."""
        first, *rest = name.split(".")
        kinds = self._name_kinds(model, scope, first, depth + 1)
        for part in rest:
            kinds = frozenset().union(*(self.member(kind, part, depth + 1) for kind in kinds))
        return kinds

    def _infer(self, model: FileModel, node: Node, depth: int) -> frozenset[Kind]:
        match node.type:
            case "identifier":
                return self._name_kinds(model, model.scope_of(node), model.text(node), depth)
            case "attribute":
                receiver = self.kinds(model, node.child_by_field_name("object"), depth + 1)
                name = model.text(node.child_by_field_name("attribute"))
                return frozenset().union(*(self.member(kind, name, depth + 1) for kind in receiver))
            case "call":
                return self._called(model, node, depth)
            case "await" | "parenthesized_expression" | "expression_statement":
                return self.kinds(model, node.named_children[0], depth + 1) if node.named_children else _NO_KINDS
            case "named_expression":
                return self.kinds(model, node.child_by_field_name("value"), depth + 1)
            case "conditional_expression":
                values = (node.named_children[0], node.named_children[-1])
                return frozenset().union(*(self.kinds(model, value, depth + 1) for value in values))
            case "boolean_operator":
                return frozenset().union(*(self.kinds(model, child, depth + 1) for child in node.named_children))
            case kind if kind in _LITERALS:
                return _ONLY_EXTERNAL
            case _:
                return _ONLY_UNKNOWN

    def _name_kinds(self, model: FileModel, scope: Scope, name: str, depth: int) -> frozenset[Kind]:
        resolved = self.program.lookup(model, scope, name)
        if resolved is None:
            # A builtin, unless the module may have names that its text does not show.
            return _ONLY_UNKNOWN if self.program.is_open_ended(model) else _ONLY_EXTERNAL
        found = self.variable(resolved, depth)
        owner = resolved.scope
        while name == "self" and found == _ONLY_UNKNOWN and owner.parent is not None:
            owner = owner.parent
            if owner.kind == "class":  # whatever made it, ``self`` inside a class is one of the class
                return frozenset((Kind("instance", resolved.model.path, owner.key),))
        return found

    def variable(self, resolved: Resolved, depth: int = 0) -> frozenset[Kind]:
        """What a variable may hold, over everything that binds it."""
        if depth > _DEPTH:
            return _ONLY_UNKNOWN
        found = (self._bound(resolved.model, resolved.scope, binding, depth) for binding in resolved.bindings)
        return frozenset().union(*found) or _ONLY_UNKNOWN

    def _bound(self, model: FileModel, scope: Scope, binding: Binding, depth: int) -> frozenset[Kind]:
        match binding.kind:
            case "class" if binding.value is not None:
                return frozenset((Kind("class", model.path, binding.value.start_byte + 1),))
            case "def" if binding.value is not None:
                return frozenset((Kind("function", model.path, binding.value.start_byte + 1),))
            case "param":
                return self._parameter(model, scope, binding, depth)
            case "import":
                module = binding.module if binding.imported != "*" else binding.module.split(".")[0]
                return self._module(model.path, module, 0)
            case "from":
                return self._from_import(model, binding, depth)
            case "assign" if binding.annotation is not None:
                return self.annotated(model, binding.annotation, depth + 1)
            case "assign":
                return self.kinds(model, binding.value, depth + 1)
            case "except":
                caught = self.kinds(model, binding.value, depth + 1)
                return frozenset(Kind("instance", one.path, one.scope) if one.of == "class" else one for one in caught)
            case "with":
                return self._entered(model, binding, depth)
            case _:
                return _ONLY_UNKNOWN

    def _module(self, importer: str, module: str, level: int) -> frozenset[Kind]:
        path = self.program.modules.find(importer, module, level)
        if path is not None:
            return frozenset((Kind("module", path),))
        inside = level > 0 or self.program.modules.is_package_folder(importer, module)
        return _ONLY_UNKNOWN if inside else _ONLY_EXTERNAL

    def _from_import(self, model: FileModel, binding: Binding, depth: int) -> frozenset[Kind]:
        source = self.program.import_target(model.path, binding)
        if source is None:
            dotted = f"{binding.module}.{binding.imported}" if binding.module else binding.imported
            return self._module(model.path, dotted, binding.level)
        return self.member(Kind("module", source), binding.imported, depth + 1)

    def _parameter(self, model: FileModel, scope: Scope, binding: Binding, depth: int) -> frozenset[Kind]:
        owner = scope.method_class()
        parameters = scope.node.child_by_field_name("parameters")
        first = parameters.named_children[0] if parameters is not None and parameters.named_children else None
        if owner is not None and first is not None and same(parameter_name(first), binding.node):
            decorated = decorators(model, scope.node)
            if "staticmethod" not in decorated:
                of_class = "classmethod" in decorated or scope.qualified.endswith(".__new__")
                return frozenset((Kind("class" if of_class else "instance", model.path, owner.key),))
        around = binding.node.parent
        if around is not None and around.type in ("list_splat_pattern", "dictionary_splat_pattern"):
            return _ONLY_EXTERNAL  # a tuple or a dict
        return self.annotated(model, binding.annotation, depth + 1)

    def _entered(self, model: FileModel, binding: Binding, depth: int) -> frozenset[Kind]:
        entered: set[Kind] = set()
        for kind in self.kinds(model, binding.value, depth + 1):
            for method in ("__enter__", "__aenter__"):
                found = self.member(kind, method, depth + 1) if kind.of == "instance" else _ONLY_UNKNOWN
                for function in found:
                    entered |= self._returned(function, depth + 1) if function.of == "function" else {UNKNOWN}
        known = entered - {UNKNOWN}
        return frozenset(known) or _ONLY_UNKNOWN

    def _called(self, model: FileModel, node: Node, depth: int) -> frozenset[Kind]:
        function = node.child_by_field_name("function")
        if function is not None and model.text(function) == "super":
            scope: Scope | None = model.scope_of(node)
            while scope is not None and scope.method_class() is None:
                scope = scope.parent
            owner = scope.method_class() if scope else None
            return frozenset((Kind("super", model.path, owner.key),)) if owner else _ONLY_UNKNOWN
        name = model.text(function).rpartition(".")[2]
        if name == "cast":
            arguments = argument_nodes(node)
            return self.annotated(model, arguments[0] if arguments else None, depth + 1)
        results: set[Kind] = set()
        for kind in self.kinds(model, function, depth + 1):
            match kind.of:
                case "class":
                    results.add(Kind("instance", kind.path, kind.scope))
                case "function":
                    results |= self._returned(kind, depth + 1)
                case "external" if name[:1].isupper():
                    results.add(EXTERNAL)  # an instance of a class of another package
                case _:
                    results.add(UNKNOWN)
        return frozenset(results)

    def _returned(self, function: Kind, depth: int) -> frozenset[Kind]:
        scope, model = self.program.scope(function.path, function.scope), self.program.model(function.path)
        if scope is None or model is None:
            return _ONLY_UNKNOWN
        if decorators(model, scope.node) - {"staticmethod", "classmethod", "property", "overload", "abstractmethod"}:
            return _ONLY_UNKNOWN  # a decorator may return anything
        return self.annotated(model, scope.node.child_by_field_name("return_type"), depth + 1)

    def member(self, kind: Kind, name: str, depth: int = 0) -> frozenset[Kind]:
        """What ``kind.name`` may be."""
        if kind.of == "module":
            found = self.program.export(kind.path, name)
            if found is not None:
                return self.variable(found, depth + 1)
            inner = self.program.modules.submodule(kind.path, name)
            return frozenset((Kind("module", inner),)) if inner else _ONLY_UNKNOWN
        if kind == EXTERNAL:
            return _ONLY_EXTERNAL
        if kind.of not in ("class", "instance", "super") or depth > _DEPTH:
            return _ONLY_UNKNOWN
        for owner in self.ancestry(kind):
            scope, model = self.program.scope(owner.path, owner.scope), self.program.model(owner.path)
            if scope is None or model is None:
                continue
            bindings = self.own_member(owner.path, scope, name)
            if bindings:
                found_kinds: frozenset[Kind] = frozenset().union(
                    *(self._bound(model, scope, binding, depth + 1) for binding in bindings)
                )
                return self._through_property(found_kinds, depth)
        return _ONLY_UNKNOWN

    def _through_property(self, kinds: frozenset[Kind], depth: int) -> frozenset[Kind]:
        results: set[Kind] = set()
        for kind in kinds:
            scope, model = self.program.scope(kind.path, kind.scope), self.program.model(kind.path)
            is_function = kind.of == "function" and scope is not None and model is not None
            if is_function and decorators(model, scope.node) & {"property", "cached_property"}:  # type: ignore[arg-type, union-attr]
                results |= self.annotated(model, scope.node.child_by_field_name("return_type"), depth + 1)  # type: ignore[arg-type, union-attr]
            else:
                results.add(kind)
        return frozenset(results)

    def own_member(self, path: str, scope: Scope, name: str) -> list[Binding]:
        """What binds the member in the class itself: its body, and what its methods assign to ``self``."""
        model = self.program.model(path)
        if model is None:
            return []
        if path not in self._attributes:
            self._attributes[path] = instance_attributes(model)
        return [*scope.bindings.get(name, ()), *self._attributes[path].get((scope.key, name), ())]

    def ancestry(self, kind: Kind) -> list[Kind]:
        """The class and its bases of the workspace, nearest first; a ``super`` starts at the bases."""
        order: list[Kind] = []
        waiting = [Kind("class", kind.path, kind.scope)]
        while waiting:
            owner = waiting.pop(0)
            if owner in order:
                continue
            order.append(owner)
            scope = self.program.scope(owner.path, owner.scope)
            if scope is not None:
                waiting += [base for kinds in self.bases(owner.path, scope) for base in kinds if base.of == "class"]
        return order[1:] if kind.of == "super" else order

    def is_closed(self, kind: Kind) -> bool:
        """Whether every base of the class is in the workspace, so that its members are all in sight."""
        for owner in self.ancestry(Kind("class", kind.path, kind.scope)):
            scope = self.program.scope(owner.path, owner.scope)
            if scope is None or any(base.of != "class" for kinds in self.bases(owner.path, scope) for base in kinds):
                return False
        return True


def _without_subscript(node: Node) -> Node:
    while node.type == "subscript" and node.named_children:
        node = node.named_children[0]
    return node
