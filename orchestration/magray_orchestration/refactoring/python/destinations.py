"""Where something is moved to: a module as the person wrote it, as a file of the workspace, there or to be made."""

from __future__ import annotations

from dataclasses import dataclass

from magray_core.errors import RefactoringRefused
from magray_orchestration.refactoring.python.program import Program
from magray_orchestration.refactoring.python.target import Target


@dataclass(frozen=True, slots=True)
class Destination:
    """A module's file; ``exists`` is False where the move makes it."""

    path: str
    exists: bool


def module_destination(program: Program, target: Target, written: str) -> Destination:
    """The module that ``written`` means: a path, a dotted name, or a name beside the target's own module."""
    words = written.strip().strip("`'\"")
    if not words:
        raise RefactoringRefused("where to move it is missing", hint="say: move NAME to MODULE")
    if "/" in words or words.endswith(".py"):
        return _by_path(program, words.removeprefix("./"))
    if not all(part.isidentifier() for part in words.split(".")):
        raise RefactoringRefused(f"{words} is not the name of a module")
    found = program.modules.find(target.path, words)
    folder = target.path.rpartition("/")[0]
    if found is None and "." not in words:
        beside = f"{folder}/{words}.py" if folder else f"{words}.py"
        return Destination(beside, beside in program.sources.paths)
    if found is not None:
        return Destination(found, True)
    package, _, last = words.rpartition(".")
    init = program.modules.find(target.path, package)
    if init is None:
        raise RefactoringRefused(f"there is no package {package} in this workspace", hint="name an existing package")
    if not init.endswith("/__init__.py"):
        raise RefactoringRefused(f"{package} ({init}) is a module, not a package, so nothing can be put into it")
    return Destination(f"{init.rpartition('/')[0]}/{last}.py", False)


def package_folder(program: Program, target: Target, written: str) -> str:
    """The folder of the package that a module is moved into. Raises RefactoringRefused where it is no package."""
    words = written.strip().strip("`'\"").rstrip("/")
    paths = program.sources.paths
    if "/" in words or f"{words}/__init__.py" in paths:
        if f"{words}/__init__.py" in paths:
            return words
        raise RefactoringRefused(f"{words} is not a package of this workspace")
    init = program.modules.find(target.path, words)
    if init is None or not init.endswith("/__init__.py"):
        what = "a module, not a package" if init else "no package of this workspace"
        raise RefactoringRefused(f"{words} is {what}")
    return init.rpartition("/")[0]


def _by_path(program: Program, path: str) -> Destination:
    known = program.sources.paths
    if path in known:
        return Destination(path, True)
    if f"{path}/__init__.py" in known:
        return Destination(f"{path}/__init__.py", True)
    file = path if path.endswith(".py") else f"{path}.py"
    if file in known:
        return Destination(file, True)
    folder, _, name = file.rpartition("/")
    if not name.removesuffix(".py").isidentifier():
        raise RefactoringRefused(f"{name} is not the name of a module")
    if folder and not any(one.startswith(f"{folder}/") for one in known):
        raise RefactoringRefused(f"there is no folder {folder} with Python in this workspace")
    return Destination(file, False)
