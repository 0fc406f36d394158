"""The project that the demonstration works on, and how its own tests are run. Everything is in one temporary folder."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from magray_core.errors import ToolFailed
from magray_orchestration.processes import Completed, run

_SDIST = "click==8.3.1"
_SHA256 = "12ff4785d337a1bb490bb7e9c2b1ee5da3112e94a8622f26a6c77f5d2fc6842a"
_PYTEST = "pytest==8.4.2"  # newer ones refuse to collect a test of this release
_OWN_PACKAGES = (
    "magray_core",
    "magray_configs",
    "magray_indexers",
    "magray_models",
    "magray_orchestration",
    "magray_server",
)
_LEFT_OUT = {".magray", "__pycache__"}
_DOWNLOAD_S, _INSTALL_S, _TESTS_S = 60.0, 90.0, 150.0
_PYTEST_SUMMARY = re.compile(r"^=*\s*((?:\d+ \w+(?:, )?)+) in [\d.]+s")
_IMPORT_ALL = """
import importlib, pathlib, sys
sys.path.insert(0, sys.argv[1])
names = [".".join(p.relative_to(sys.argv[1]).with_suffix("").parts) for p in pathlib.Path(sys.argv[1]).rglob("*.py")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name.removesuffix(".__init__"))
print(len(names), "modules imported")
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A project to demonstrate on. ``test`` is the command for its own tests, or empty with the reason in ``note``."""

    title: str
    root: Path
    query: str
    symbol: str
    new_name: str
    test: tuple[str, ...]
    note: str = ""
    test_title: str = "its own tests"


@dataclass(frozen=True, slots=True)
class Tested:
    """How a run of the project's tests ended; ``summary`` is the runner's own, without its time."""

    ok: bool
    summary: str
    seconds: float


def fetch_click(folder: Path) -> Project:
    """click's source distribution, checked against its hash, with an environment for its tests.

    Raises ToolFailed if the registry cannot be reached or gives something else.
    """
    python = _environment(folder)
    requirement = folder / "requirements.txt"
    requirement.write_text(f"{_SDIST} --hash=sha256:{_SHA256}\n", encoding="utf-8")
    _pip(python, "download", "--no-deps", "--no-binary", ":all:", "-r", str(requirement), "-d", str(folder / "dist"))
    (archive,) = (folder / "dist").glob("*.tar.gz")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != _SHA256:
        raise ToolFailed("the registry gave another archive than the pinned one")
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    (root,) = (folder / "unpacked").iterdir()
    test: tuple[str, ...] = ()
    note = ""
    try:
        _pip(python, "install", _PYTEST)
        (packages,) = (folder / "env").glob("lib/python*/site-packages")
        (packages / "project.pth").write_text(f"{root / 'src'}\n", encoding="utf-8")
        test = (str(python), "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    except ToolFailed as error:
        note = f"its tests cannot be run here: {error.message}"
    return Project("click 8.3.1", root, "parse command line options", "echo", "say_text", test, note)


def copy_own_sources(folder: Path) -> Project:
    """Magray's own packages as they are installed. They carry no tests: every module is imported instead."""
    root = folder / "magray"
    for name in _OWN_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise ToolFailed(f"the package {name} is not installed", hint="install magray again")
        ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(spec.submodule_search_locations[0], root / name, ignore=ignore)
    test = (sys.executable, "-B", "-P", "-c", _IMPORT_ALL, str(root))
    note = "the installed package carries no tests, so every module is imported instead"
    return Project(
        "Magray's own sources",
        root,
        "write a file atomically",
        "MagrayError",
        "KnownError",
        test,
        note,
        "import all of it",
    )


def run_tests(project: Project) -> Tested:
    """Run the project's own tests once. Raises ToolFailed if they cannot be started."""
    done = run(project.test, cwd=project.root, timeout_s=_TESTS_S)
    text = done.stdout.decode("utf-8", "replace")
    for line in reversed(text.splitlines()):
        match = _PYTEST_SUMMARY.match(line)
        if match is not None:
            return Tested(done.code == 0, match.group(1), done.seconds)
    last = (text + done.stderr.decode("utf-8", "replace")).strip().splitlines()[-1:]
    summary = "stopped for time" if done.timed_out else "".join(last) or "no result"
    return Tested(done.code == 0, summary, done.seconds)


def tree_hash(root: Path) -> str:
    """One sha256 over every path, mode and byte below the root, without ``.magray`` and Python's own caches."""
    digest = hashlib.sha256()
    for path in sorted(_files(root)):
        relative = path.relative_to(root).as_posix()
        digest.update(f"{relative}\0{path.stat().st_mode:o}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def count_lines(root: Path) -> tuple[int, int]:
    """How many Python files there are and how many lines they have."""
    files = [path for path in _files(root) if path.suffix == ".py"]
    return len(files), sum(path.read_bytes().count(b"\n") for path in files)


def definition_line(root: Path, symbol: str) -> str:
    """``path:line`` where the symbol is defined, found by reading, as a person would."""
    pattern = re.compile(rf"^(?:def|class) {re.escape(symbol)}\b", re.MULTILINE)
    for path in sorted(_files(root)):
        if path.suffix == ".py":
            text = path.read_text(encoding="utf-8")
            match = pattern.search(text)
            if match is not None:
                return f"{path.relative_to(root).as_posix()}:{text.count(chr(10), 0, match.start()) + 1}"
    raise ToolFailed(f"{symbol} is not defined in the project")


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file() and not _LEFT_OUT & set(path.relative_to(root).parts))


def _environment(folder: Path) -> Path:
    """A fresh virtual environment with pip, beside the project."""
    done = run((sys.executable, "-m", "venv", str(folder / "env")), timeout_s=_INSTALL_S)
    if done.code != 0:
        raise ToolFailed("no virtual environment can be made here", hint="install Python's venv module")
    return folder / "env" / "bin" / "python"


def _pip(python: Path, command: str, *arguments: str) -> Completed:
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1", "--timeout", "10"]
    # Programs start with a small environment, so what says where the registry is goes along as options.
    for variable, option in (
        ("PIP_INDEX_URL", "--index-url"), ("PIP_CERT", "--cert"), ("PIP_TRUSTED_HOST", "--trusted-host"),
        ("HTTPS_PROXY", "--proxy"), ("https_proxy", "--proxy"),
    ):  # fmt: skip
        if os.environ.get(variable) and option not in options:
            options += [option, os.environ[variable]]
    limit = _DOWNLOAD_S if command == "download" else _INSTALL_S
    done = run((str(python), "-m", "pip", command, *options, *arguments), timeout_s=limit)
    if done.code != 0:
        raise ToolFailed("the package registry cannot be reached" if done.timed_out else f"pip {command} failed")
    return done
