"""What the person means: a cursor or a name as they wrote it, as one definition, or the candidates to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from magray_core.cancel import CancelToken
from magray_core.errors import RefactoringRefused
from magray_core.plans import Intent, Place
from magray_core.spans import Span
from magray_orchestration.proving.syntax import python_error
from magray_orchestration.refactoring.python.hierarchy import related_classes
from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.mentions import Mention, Role, mentions_of
from magray_orchestration.refactoring.python.program import Key, Kind, Program, Resolved
from magray_orchestration.refactoring.python.scopes import FileModel, Scope
from magray_orchestration.refactoring.python.sources import PYTHON_SUFFIXES

if TYPE_CHECKING:
    from tree_sitter import Node

TargetKind = Literal["function", "class", "method", "attribute", "parameter", "variable", "module"]
_LISTED = 6
_KINDS_SAID: dict[str, tuple[TargetKind, ...]] = {
    "function": ("function", "method"),
    "method": ("method",),
    "class": ("class",),
    "module": ("module",),
    "file": ("module",),
    "variable": ("variable", "attribute"),
    "constant": ("variable", "attribute"),
    "field": ("attribute", "method"),
    "attribute": ("attribute", "method"),
    "property": ("attribute", "method"),
    "parameter": ("parameter",),
}


@dataclass(frozen=True, slots=True)
class Target:
    """One definition. ``key`` is its variable; for a module ``path`` is its file (a package's ``__init__``).

    ``span`` is the name where it is defined (in the document), ``label`` its dotted name for titles.
    """

    kind: TargetKind
    name: str
    key: Key
    path: str
    span: Span
    line: int
    label: str

    @property
    def where(self) -> str:
        """``path:line``."""
        return f"{self.path}:{self.line}"


def find_target(inference: Inference, intent: Intent, place: Place | None) -> Target:
    """What an intent is about: its slots ``old``, ``target`` (a kind) and ``path``, else the cursor."""
    old = intent.slots.get("old", "")
    if place is not None and (not old or intent.slots.get("at") == "cursor"):
        if intent.slots.get("target") in ("module", "file"):
            return _module_file(inference.program, old or place.path)
        return target_at(inference, place)
    if not old:
        raise RefactoringRefused("which name is meant is not said", hint="name it, or point at it with --at PATH:LINE")
    return target_named(inference, Wanted(old, intent.slots.get("target", ""), intent.slots.get("path", ""), place))


def target_at(inference: Inference, place: Place) -> Target:
    """The definition of the name at the place. Raises RefactoringRefused with the reason where there is none."""
    program = inference.program
    model = program.model(place.path)
    if model is None:
        raise RefactoringRefused(f"{place.path} cannot be read as Python")
    mention = _mention_at(model, place.span.start)
    if mention is None:
        _refuse_broken(model)
        raise RefactoringRefused(f"there is no name at {place.path}:{model.line(model.byte(place.span.start))}")
    _refuse_broken(model)
    found = _of_mention(program, inference, mention)
    if found is None:
        name = model.text(mention.node)
        raise RefactoringRefused(
            f"{name} at {model.path}:{mention.line} is not defined in this workspace, or nothing shows where",
            hint="put the cursor on its definition",
        )
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person asked for in words: a name, perhaps its kind (``class``), file or folder, and where they were."""

    name: str
    kind: str = ""
    path: str = ""
    near: Place | None = None


def target_named(inference: Inference, wanted: Wanted) -> Target:
    """The definition with this name: plain, qualified by classes (``Context.invoke``) or modules, or a module's path.

    Raises RefactoringRefused where nothing fits, or several do and neither a place nor prominence decides.
    """
    program = inference.program
    written = wanted.name.strip().strip("`'\"").removesuffix("()")
    if "/" in written or written.endswith(PYTHON_SUFFIXES):
        return _module_file(program, written)
    path, _, dotted = written.replace("::", ":").rpartition(":")
    candidates = _candidates(program, inference, dotted)
    for place in (path, wanted.path):
        candidates = [one for one in candidates if not place or f"/{one.path}".find(f"/{place.strip('/')}") >= 0]
    if wanted.near is not None and len(candidates) > 1:
        candidates = _nearest(program, candidates, wanted.near) or candidates
    kinds = _KINDS_SAID.get(wanted.kind, ())
    candidates = [one for one in candidates if one.kind in kinds] or candidates
    prominent = [one for one in candidates if one.kind not in ("variable", "parameter") or one.key.scope == 0]
    candidates = [one for one in prominent if not _is_nested(program, one)] or candidates
    candidates = _one_family(inference, candidates)
    if not candidates:
        raise RefactoringRefused(
            f"no Python definition in this workspace is called {written}",
            hint="check the spelling, or point at it with --at PATH:LINE",
        )
    if len(candidates) > 1:
        shown = ", ".join(f"{one.label} ({one.kind}, {one.where})" for one in candidates[:_LISTED])
        more = f" and {len(candidates) - _LISTED} more" if len(candidates) > _LISTED else ""
        raise RefactoringRefused(
            f"{written} may be any of: {shown}{more}",
            hint=f"say which with --at {candidates[0].where}, or by its qualified name",
        )
    return candidates[0]


def _module_file(program: Program, written: str) -> Target:
    path = written.strip("/")
    package = f"{path}/__init__.py"
    found = next((one for one in (path, package, f"{path}.py") if one in program.sources.paths), None)
    if found is None:
        raise RefactoringRefused(f"{written} is no Python module of this workspace")
    return module_target(program, found)


def describe(program: Program, resolved: Resolved) -> Target:
    """The target that a variable is."""
    model, scope = resolved.model, resolved.scope
    binding = next((one for one in resolved.bindings if one.kind in ("def", "class")), resolved.bindings[0])
    in_class = scope.kind == "class"
    kinds: dict[str, TargetKind] = {"def": "method" if in_class else "function", "class": "class", "param": "parameter"}
    kind = kinds.get(binding.kind, "attribute" if in_class else "variable")
    return _target(program, model, scope, binding.node, kind)


def _target(program: Program, model: FileModel, scope: Scope, node: Node, kind: TargetKind) -> Target:
    name = model.text(node)
    inner = f"{scope.qualified}.{name}" if scope.qualified else name
    module = program.modules.name_of(model.path)
    label = f"{module}.{inner}" if module else inner
    key = Key(model.path, scope.key, name)
    return Target(
        kind, name, key, model.path, model.span(node.start_byte, node.end_byte), model.line(node.start_byte), label
    )


def module_target(program: Program, path: str) -> Target:
    """A module or package as a target; its span is empty at the start of its file."""
    label = program.modules.name_of(path)
    return Target("module", label.rpartition(".")[2], Key(path, 0, ""), path, Span(0, 0), 1, label)


def _mention_at(model: FileModel, offset: int) -> Mention | None:
    byte = model.byte(offset)
    for at in (byte, byte - 1):  # a cursor may stand right behind a name
        if at < 0:
            continue
        node = model.root.descendant_for_byte_range(at, at + 1)
        if node is not None and node.type == "identifier":
            name = model.text(node)
            return next((one for one in mentions_of(model, name) if one.start == node.start_byte), None)
    return None


def _refuse_broken(model: FileModel) -> None:
    error = python_error(model.source.document.text) if model.root.has_error else None
    if error is not None:
        raise RefactoringRefused(
            f"{model.path} has a syntax error in line {error[0]}: {error[1]}", hint="correct it, then ask again"
        )


def _of_mention(program: Program, inference: Inference, mention: Mention) -> Target | None:
    model, node = mention.model, mention.node
    name = model.text(node)
    match mention.role:
        case Role.NAME:
            resolved = program.lookup(model, model.scope_of(node), name)
            return _defined(program, resolved) if resolved else None
        case Role.IMPORTED:
            statement = node.parent
            while statement is not None and statement.type != "import_from_statement":
                statement = statement.parent
            module = model.text(statement.child_by_field_name("module_name")) if statement else ""
            bare = module.lstrip(".")
            source = program.modules.find(model.path, bare, len(module) - len(bare))
            exported = program.export(source, name) if source else None
            if exported is not None:
                return _defined(program, exported)
            inner = program.modules.submodule(source, name) if source else None
            return module_target(program, inner) if inner else None
        case Role.MODULE:
            return _module_at(program, mention)
        case Role.ATTRIBUTE:
            around = node.parent
            receiver = inference.kinds(model, around.child_by_field_name("object") if around else None)
            return _member(program, inference, receiver, name)
        case Role.KEYWORD:
            return _keyword(program, inference, mention)
        case _:
            return None


def _module_at(program: Program, mention: Mention) -> Target | None:
    dotted = mention.node.parent
    if dotted is None:
        return None
    prefix = mention.model.data[dotted.start_byte : mention.end].decode()
    level = 0
    if dotted.parent is not None and dotted.parent.type == "relative_import":
        level = mention.model.text(dotted.parent).count(".") - mention.model.text(dotted).count(".")
    path = program.modules.find(mention.model.path, prefix, level)
    return module_target(program, path) if path else None


def _defined(program: Program, resolved: Resolved) -> Target | None:
    """The definition behind a variable, by way of imports; a module where the import names one."""
    origins = list(program.origin(resolved))
    if origins:
        first = next((one for one in origins if any(b.kind in ("def", "class") for b in one.bindings)), origins[0])
        if all(binding.kind in ("from", "import") for binding in first.bindings):
            return _imported_module(program, first)
        return describe(program, first)
    return _imported_module(program, resolved)


def _imported_module(program: Program, resolved: Resolved) -> Target | None:
    for binding in resolved.bindings:
        if binding.kind == "from":
            source = program.import_target(resolved.model.path, binding)
            path = program.modules.submodule(source, binding.imported) if source else None
        else:
            path = program.modules.find(resolved.model.path, binding.module)
        if path is not None:
            return module_target(program, path)
    return None


def _member(program: Program, inference: Inference, receiver: frozenset[Kind], name: str) -> Target | None:
    for kind in receiver:
        if kind.of == "module":
            exported = program.export(kind.path, name)
            inner = program.modules.submodule(kind.path, name)
            if exported is not None:
                return _defined(program, exported)
            if inner is not None:
                return module_target(program, inner)
        if kind.of not in ("class", "instance", "super"):
            continue
        for owner in inference.ancestry(kind):
            found = class_member(program, inference, owner, name)
            if found is not None:
                return found
    return None


def class_member(program: Program, inference: Inference, owner: Kind, name: str) -> Target | None:
    """The member that a class itself defines."""
    scope, model = program.scope(owner.path, owner.scope), program.model(owner.path)
    if scope is None or model is None:
        return None
    bindings = inference.own_member(owner.path, scope, name)
    if not bindings:
        return None
    kinds: dict[str, TargetKind] = {"def": "method", "class": "class"}
    node = bindings[0].node
    kind = kinds.get(bindings[0].kind, "attribute")
    return _target(program, model, scope, node, kind)


def _keyword(program: Program, inference: Inference, mention: Mention) -> Target | None:
    call = mention.node.parent
    while call is not None and call.type != "call":
        call = call.parent
    if call is None:
        return None
    name = mention.model.text(mention.node)
    for kind in inference.kinds(mention.model, call.child_by_field_name("function")):
        functions = [kind]
        if kind.of == "class":
            functions = [one for one in inference.member(kind, "__init__") if one.of == "function"]
            field = _member(program, inference, frozenset((kind,)), name)
            if field is not None and not functions:
                return field
        for function in functions:
            scope, model = program.scope(function.path, function.scope), program.model(function.path)
            if function.of == "function" and scope is not None and model is not None and name in scope.bindings:
                return describe(program, Resolved(model, scope, name))
    return None


def _candidates(program: Program, inference: Inference, dotted: str) -> list[Target]:
    name = dotted.rpartition(".")[2]
    found: dict[Key, Target] = {}
    for path in program.sources.mentioning(name):
        model = program.model(path)
        if model is None or path.endswith(".pyi"):
            continue
        for scope in model.scopes.values():
            bindings = scope.bindings.get(name, [])
            if scope.kind == "class":
                member = class_member(program, inference, Kind("class", path, scope.key), name)
                if member is not None:
                    found[member.key] = member
            elif any(binding.kind not in ("from", "import") for binding in bindings):
                one = describe(program, Resolved(model, scope, name))
                found[one.key] = one
    for path in program.sources.paths:
        module = program.modules.name_of(path)
        if module.rpartition(".")[2] == name and path.endswith(".py"):
            found[Key(path, 0, "")] = module_target(program, path)
    fitting = [one for one in found.values() if f".{one.label}".endswith(f".{dotted}")]
    return fitting or _re_exported(program, dotted)


def _re_exported(program: Program, dotted: str) -> list[Target]:
    """``click.echo`` for what is defined in ``click.utils``: the module gives the name without defining it."""
    module, _, name = dotted.rpartition(".")
    path = program.modules.find("", module) if module else None
    exported = program.export(path, name) if path else None
    found = _defined(program, exported) if exported else None
    return [found] if found else []


def _one_family(inference: Inference, candidates: list[Target]) -> list[Target]:
    """The outermost definition alone, where all candidates are one member that classes override."""
    owners = [Kind("class", one.key.path, one.key.scope) for one in candidates]
    scopes = [inference.program.scope(one.path, one.scope) for one in owners]
    if len(candidates) < 2 or any(scope is None or scope.kind != "class" for scope in scopes):
        return candidates
    related = related_classes(inference, owners[0], candidates[0].name, CancelToken())
    if not related.issuperset(owners):
        return candidates
    outermost = min(range(len(owners)), key=lambda i: len(inference.ancestry(owners[i])))
    return [candidates[outermost]]


def _is_nested(program: Program, target: Target) -> bool:
    """Whether it is local to a function, so that nobody outside can mean it."""
    scope = program.scope(target.key.path, target.key.scope)
    while scope is not None:
        if scope.kind in ("function", "comprehension"):
            return True
        scope = scope.parent
    return False


def _nearest(program: Program, candidates: list[Target], near: Place) -> list[Target]:
    """Those whose name stands in the line of the cursor, else those that the cursor's scope sees, else of the file."""
    model = program.model(near.path)
    if model is None:
        return []
    line = model.line(model.byte(near.span.start))
    of_file = [one for one in candidates if one.path == near.path]
    on_line = [one for one in of_file if one.line == line]
    byte = model.byte(near.span.start)
    node = model.root.descendant_for_byte_range(byte, byte)
    seen = program.lookup(model, model.scope_of(node), candidates[0].name) if node is not None else None
    visible = [one for one in candidates if seen is not None and one.key in {o.key for o in program.origin(seen)}]
    return on_line or visible or of_file
