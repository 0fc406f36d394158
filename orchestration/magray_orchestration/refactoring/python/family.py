"""What must change its name together: a definition, what overrides it, and every import that carries it."""

from __future__ import annotations

from dataclasses import dataclass, field

from magray_core.cancel import CancelToken
from magray_orchestration.refactoring.python.hierarchy import related_classes
from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.program import Key, Kind, Program, Resolved
from magray_orchestration.refactoring.python.scopes import Binding, FileModel, Scope
from magray_orchestration.refactoring.python.target import Target


@dataclass(slots=True)
class Family:
    """The variables of one rename.

    ``classes`` own the member where a member is renamed. ``functions`` take the parameter where one is renamed.
    ``aliased`` are imports whose local name stays, because what it is bound to also comes from elsewhere.
    """

    target: Target
    keys: set[Key] = field(default_factory=set)
    classes: set[Kind] = field(default_factory=set)
    functions: set[Kind] = field(default_factory=set)
    function_names: set[str] = field(default_factory=set)
    module: str = ""

    @property
    def is_member(self) -> bool:
        """Whether the name is looked up on classes and instances."""
        return bool(self.classes)


def find_family(inference: Inference, target: Target, cancel: CancelToken) -> Family:
    """The family of a target, over every file that mentions its name."""
    program = inference.program
    family = Family(target)
    if target.kind == "module":
        family.module = target.path
    else:
        family.keys.add(target.key)
    scope = program.scope(target.key.path, target.key.scope) if target.kind != "module" else None
    if scope is not None and scope.kind == "class":
        family.classes = related_classes(inference, Kind("class", target.path, scope.key), target.name, cancel)
        family.keys |= {Key(one.path, one.scope, target.name) for one in family.classes}
    if target.kind == "parameter" and scope is not None:
        _add_functions(inference, family, scope, cancel)
    if target.kind != "parameter":
        _follow_imports(program, family, cancel)
    return family


def _add_functions(inference: Inference, family: Family, scope: Scope, cancel: CancelToken) -> None:
    """A method's parameter is renamed in what overrides it too, as callers may name it on either."""
    program, target = inference.program, family.target
    family.functions.add(Kind("function", target.path, scope.key))
    owner = scope.method_class()
    name = scope.qualified.rpartition(".")[2]
    family.function_names.add(name)
    if owner is None or name in ("__init__", "__new__"):
        return
    for one in related_classes(inference, Kind("class", target.path, owner.key), name, cancel):
        class_scope = program.scope(one.path, one.scope)
        for binding in class_scope.bindings.get(name, ()) if class_scope else ():
            method = program.scope(one.path, binding.value.start_byte + 1) if binding.value is not None else None
            if method is not None and target.name in method.bindings:
                family.functions.add(Kind("function", one.path, method.key))
                family.keys.add(Key(one.path, method.key, target.name))


def _follow_imports(program: Program, family: Family, cancel: CancelToken) -> None:
    """Add every variable that an import without another alias binds to the family, until nothing is added."""
    name = family.target.name
    models = [model for path in program.sources.mentioning(name) if (model := program.model(path)) is not None]
    grown = True
    while grown:
        grown = False
        for model in models:
            cancel.check()
            for scope in model.scopes.values():
                key = Key(model.path, scope.key, name)
                if name in scope.bindings and key not in family.keys and _joins(program, family, model, scope):
                    family.keys.add(key)
                    grown = True
            twin = program.modules.twin(model.path)
            if twin and Key(model.path, 0, name) in family.keys and Key(twin, 0, name) not in family.keys:
                other = program.model(twin)
                if other is not None and name in other.module.bindings:
                    family.keys.add(Key(twin, 0, name))
                    grown = True


def _joins(program: Program, family: Family, model: FileModel, scope: Scope) -> bool:
    """Whether some binding of the name in the scope carries a member of the family in, under the same name."""
    resolved = Resolved(model, scope, family.target.name)
    return any(imports_family(program, family, model, binding) for binding in resolved.bindings)


def imports_family(program: Program, family: Family, model: FileModel, binding: Binding) -> bool:
    """Whether an import binding brings in a member of the family (or the module itself) by its own name."""
    name = family.target.name
    if binding.kind == "import" and family.module:
        bound = binding.module if binding.imported != "*" else binding.module.split(".")[0]
        return bound.rpartition(".")[2] == name and program.modules.find(model.path, bound) == family.module
    if binding.kind != "from" or binding.imported != name:
        return False
    source = program.import_target(model.path, binding)
    if source is None:
        return False
    exported = program.export(source, name)
    if family.module:
        # A package that imports its own submodule gives it under that name too.
        itself = exported is None or all(
            one.kind == "from" and one.imported == name and program.import_target(exported.model.path, one) == source
            for one in exported.bindings
        )
        return itself and program.modules.submodule(source, name) == family.module
    return exported is not None and exported.key in family.keys
