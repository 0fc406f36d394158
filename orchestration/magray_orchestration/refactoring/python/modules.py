"""Module names and files: which file an import means, and what a file is called when it is imported."""

from __future__ import annotations

from collections.abc import Sequence

from magray_orchestration.refactoring.python.sources import module_roots


class ModuleMap:
    """The workspace's modules. Stubs (``.pyi``) stand beside their module and have the same name."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.roots = module_roots(tuple(path for path in paths if path.endswith(".py")))
        self._paths = frozenset(paths)
        self._folders = {folder for path in paths for folder in _folders(path)}

    def name_of(self, path: str) -> str:
        """The dotted name that imports use: of the innermost root that holds the file."""
        root = max((root for root in self.roots if _under(path, root)), key=len, default="")
        inner = path[len(root) + 1 :] if root else path
        parts = inner.rpartition(".")[0].split("/")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def package_of(self, path: str) -> str:
        """The folder whose modules a ``from .`` in the file means."""
        return path.rpartition("/")[0]

    def find(self, importer: str, module: str, level: int = 0) -> str | None:
        """The file of a module as the importer names it, or None if it is not in the workspace.

        A package is its ``__init__.py``. The importer's own root goes first, then the others, shortest first.
        """
        parts = module.split(".") if module else []
        if level:
            folder = self.package_of(importer).split("/") if "/" in importer else []
            if level - 1 > len(folder):
                return None
            return self._file("/".join((*folder[: len(folder) - level + 1], *parts)))
        if not parts:
            return None
        own = [root for root in self.roots if _under(importer, root)]
        others = [root for root in self.roots if root not in own]
        for root in (*sorted(own, key=len, reverse=True), *others):
            found = self._file("/".join(([root] if root else []) + parts))
            if found is not None:
                return found
        return None

    def is_package_folder(self, importer: str, module: str) -> bool:
        """Whether the name is a folder without ``__init__.py`` (a namespace package) of the workspace."""
        stem = module.replace(".", "/")
        return any((f"{root}/{stem}" if root else stem) in self._folders for root in self.roots)

    def submodule(self, package: str, name: str) -> str | None:
        """The file of a package's submodule, given the package's ``__init__`` file."""
        if package.rpartition("/")[2] not in ("__init__.py", "__init__.pyi"):
            return None
        folder = package.rpartition("/")[0]
        return self._file(f"{folder}/{name}" if folder else name)

    def twin(self, path: str) -> str | None:
        """The stub of a module, or the module of a stub."""
        other = path[:-1] if path.endswith(".pyi") else f"{path}i"
        return other if other in self._paths else None

    def _file(self, stem: str) -> str | None:
        init = f"{stem}/__init__.py".lstrip("/")
        candidates = (init, f"{stem}.py", f"{init}i", f"{stem}.pyi") if stem else (init,)
        return next((path for path in candidates if path in self._paths), None)


def _under(path: str, root: str) -> bool:
    return not root or path.startswith(f"{root}/")


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
