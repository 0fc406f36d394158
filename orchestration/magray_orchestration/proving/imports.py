"""Do the touched modules still find in each other what they import?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from magray_orchestration.proving.checks import Checks
from magray_orchestration.proving.trial import Trial


def lost_imports(trial: Trial, checks: Checks) -> list[str]:
    """``from m import name`` between touched files, where ``name`` was there before the step and no longer is."""
    before = set(_unresolved(trial.before, checks))
    # What a file under its new name imports, it imported under the old one.
    left = {(name, target) for path, name, target in before if path not in trial.after}
    return [
        f"{path} imports {name} from {target}, which has no such name"
        for path, name, target in _unresolved(trial.after, checks)
        if (path, name, target) not in before and (path in trial.before or (name, target) not in left)
    ]


def _unresolved(texts: Mapping[str, str], checks: Checks) -> Iterator[tuple[str, str, str]]:
    """(path, name, the file that should have the name) of each import that finds nothing, in a fixed order."""
    python = {path: text for path, text in texts.items() if path.endswith(".py")}
    exports = {path: checks.facts(text).exports for path, text in python.items()}
    for path, text in python.items():
        for module, level, name in sorted(checks.facts(text).imports):
            target = _module_path(path, module, level, python)
            if target is None or "*" in exports[target] or name in exports[target]:
                continue
            if not _is_module(target, name, texts):
                yield path, name, target


def _module_path(path: str, module: str, level: int, known: Collection[str]) -> str | None:
    """The touched file that the import names, where exactly one fits."""
    parts = module.split(".") if module else []
    if level:
        folder = path.split("/")[:-1]
        stem = "/".join((*folder[: len(folder) - level + 1], *parts))
        found = [name for name in (f"{stem}.py", f"{stem}/__init__.py".lstrip("/")) if name in known]
    else:
        stem = "/".join(parts)
        ends = (f"{stem}.py", f"{stem}/__init__.py")
        found = [name for name in known if name in ends or name.endswith((f"/{ends[0]}", f"/{ends[1]}"))]
    return found[0] if len(found) == 1 else None


def _is_module(target: str, name: str, texts: Mapping[str, str]) -> bool:
    """Whether a package hands out a touched module of its own. Untouched ones were there before, so nobody asks."""
    folder = target.removesuffix("__init__.py")
    return folder != target and (f"{folder}{name}.py" in texts or f"{folder}{name}/__init__.py" in texts)
