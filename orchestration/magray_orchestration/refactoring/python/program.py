"""The workspace's Python as one program: names looked up by Python's rules, imports followed, types where they show.

Nothing here runs code. What cannot be known is ``UNKNOWN``; what is certainly not of the workspace is ``EXTERNAL``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from magray_orchestration.refactoring.python.modules import ModuleMap
from magray_orchestration.refactoring.python.scopes import Binding, FileModel, Scope
from magray_orchestration.refactoring.python.sources import PythonSources

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Key:
    """A variable: a name in one scope of one file. ``scope`` is ``Scope.key``; 0 is the module."""

    path: str
    scope: int
    name: str


@dataclass(frozen=True, slots=True)
class Kind:
    """What an expression is: a module, a class itself, an instance of one, a function, or not known.

    ``path`` and ``scope`` say which; ``super`` marks an instance that is looked up from its bases on.
    """

    of: Literal["module", "class", "instance", "function", "super", "external", "unknown"]
    path: str = ""
    scope: int = 0


UNKNOWN = Kind("unknown")
EXTERNAL = Kind("external")


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a plain name leads: the file and scope that bind it."""

    model: FileModel
    scope: Scope
    name: str

    @property
    def key(self) -> Key:
        """The variable."""
        return Key(self.model.path, self.scope.key, self.name)

    @property
    def bindings(self) -> list[Binding]:
        """Every place that binds it."""
        return self.scope.bindings.get(self.name, [])


class Program:
    """Models of files, made when first needed, and the lookups over them. One per request; not thread-safe."""

    def __init__(self, sources: PythonSources) -> None:
        self.sources = sources
        self.modules = ModuleMap(sources.paths)
        self.unreadable: list[str] = []
        self._models: dict[str, FileModel | None] = {}
        self._by_key: dict[str, dict[int, Scope]] = {}

    def model(self, path: str) -> FileModel | None:
        """The file's model, or None if it cannot be read or parsed in time."""
        if path not in self._models:
            source = self.sources.get(path)
            try:
                self._models[path] = None if source is None else FileModel(source)
            except ValueError:
                self._models[path] = None
                self.unreadable.append(path)
        return self._models[path]

    def scope(self, path: str, key: int) -> Scope | None:
        """The scope with that key in a file."""
        model = self.model(path)
        if model is None:
            return None
        if path not in self._by_key:
            self._by_key[path] = {scope.key: scope for scope in model.scopes.values()}
        return self._by_key[path].get(key)

    def lookup(self, model: FileModel, scope: Scope, name: str) -> Resolved | None:
        """Where a name that stands in a scope is bound: by Python's rules, star imports included."""
        at: Scope | None = scope
        while at is not None:
            if name in at.global_names:
                break
            skipped = at.kind == "class" and at is not scope
            if not skipped and name in at.bindings and name not in at.nonlocal_names:
                return Resolved(model, at, name)
            at = at.parent
        return self.export(model.path, name)

    def export(self, path: str, name: str, seen: frozenset[str] = frozenset()) -> Resolved | None:
        """What a module gives under a name: bound there, or there by a star import (then where it is bound)."""
        model = self.model(path)
        if model is None or path in seen:
            return None
        if name in model.module.bindings:
            return Resolved(model, model.module, name)
        for star in reversed(model.stars):
            source = self.modules.find(path, star.module, star.level)
            found = self.export(source, name, seen | {path}) if source else None
            if found is not None and not name.startswith("_"):
                return found
        return None

    def import_target(self, path: str, binding: Binding) -> str | None:
        """The workspace file that an import names, or None if it is outside."""
        return self.modules.find(path, binding.module, binding.level)

    def origin(self, resolved: Resolved, seen: frozenset[Key] = frozenset()) -> Iterator[Resolved]:
        """The variables that a variable stands for, by way of ``from`` imports; itself where it is defined."""
        if resolved.key in seen:
            return
        defined = False
        for binding in resolved.bindings:
            source = self.import_target(resolved.model.path, binding) if binding.kind == "from" else None
            exported = self.export(source, binding.imported) if source else None
            if exported is None:
                defined = defined or not (source and self.modules.submodule(source, binding.imported))
            else:
                yield from self.origin(exported, seen | {resolved.key})
        if defined:
            yield resolved

    def is_open_ended(self, model: FileModel) -> bool:
        """Whether the module may have names that no text shows: a star import from outside, ``__getattr__``."""
        outside = any(self.modules.find(model.path, star.module, star.level) is None for star in model.stars)
        return outside or "__getattr__" in model.module.bindings


def argument_nodes(call: Node) -> list[Node]:
    """A call's positional arguments."""
    arguments = call.child_by_field_name("arguments")
    if arguments is None:
        return []
    return [child for child in arguments.named_children if child.type not in ("keyword_argument", "comment")]
