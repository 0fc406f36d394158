"""The rules of the house as tests: layout, sizes, names, layers, side effects, and what the wheel holds."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE_ROOTS = ("core", "server", "orchestration", "indexers", "models", "configs")
PACKAGES = tuple(f"magray_{name}" for name in SOURCE_ROOTS)

TOP_LEVEL = {
    *SOURCE_ROOTS, "editors", "tests", "docs", "benchmarks", "pyproject.toml", "README.md", "ARCHITECTURE.md",
    "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE", "Makefile", ".ci", ".gitignore",
}  # fmt: skip

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 5
FORBIDDEN_NOUNS = re.compile(r"(Manager|Helper|Utils?|Service|Data|Info)$")
FORBIDDEN_MODULES = {"common.py", "misc.py", "utils.py", "util.py", "helpers.py"}

# Who may do what has effects outside the process; every other module is given values.
MAY_START_PROCESSES = {
    "orchestration/magray_orchestration/processes.py",  # tools and engines
    "indexers/magray_indexers/workers.py",  # parsing processes
    "indexers/magray_indexers/process.py",  # the server's index process
    "models/static/training/fetch.py",  # package clients bring the sources that the static model is trained on
}
MAY_WRITE_USER_FILES = {"orchestration/magray_orchestration/plans/writer.py"}
MAY_OPEN_SOCKETS = {
    "indexers/magray_indexers/postgres/connection.py",  # a team's shared index, where the person named one
}
MAY_PRINT = "server/magray_server/cli/"


def sources() -> list[Path]:
    return sorted(path for name in SOURCE_ROOTS for path in (ROOT / name).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_the_top_level_is_the_agreed_one() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {line.split("/")[0] for line in tracked.splitlines()} <= TOP_LEVEL


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES
    assert path.name not in FORBIDDEN_MODULES
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "every module says what it owns"
    for function in functions(tree):
        where = f"{relative(path)}:{function.lineno} {function.name}"
        assert function.end_lineno - function.lineno < MAX_FUNCTION_LINES, where  # type: ignore[operator]
        arguments = function.args
        names = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        assert len([name for name in names if name not in ("self", "cls")]) <= MAX_PARAMETERS, where
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            assert not FORBIDDEN_NOUNS.search(node.name), f"{relative(path)}:{node.lineno} {node.name}"


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_public_names_have_docstrings(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{relative(path)}:{node.lineno} {node.name}"


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_effects_stand_in_their_one_module(path: Path) -> None:
    name, imports = relative(path), imported_modules(path)
    if imports & {"subprocess", "multiprocessing", "concurrent.futures.process"}:
        assert name in MAY_START_PROCESSES
    if imports & {"socket", "http.client", "urllib.request", "httpx", "requests", "aiohttp"}:
        assert name in MAY_OPEN_SOCKETS
    if not name.startswith(MAY_PRINT):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        assert not any(isinstance(call, ast.Name) and call.id == "print" for call in calls)


def test_layers_hold() -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in SOURCE_ROOTS)}
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def test_importing_any_module_starts_no_thread_and_writes_nothing() -> None:
    dotted = (".".join(Path(*Path(relative(path)).parts[1:]).with_suffix("").parts) for path in sources())
    ours = (name for name in dotted if name.startswith(PACKAGES) and not name.endswith("__main__"))
    modules = [name.removesuffix(".__init__") for name in ours]
    script = """
import importlib, json, sys, threading
opened = []
def watch(event, args):
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        opened.append(str(args[0]))
    if event in ("socket.connect", "subprocess.Popen", "os.system"):
        opened.append(event)
sys.addaudithook(watch)
sys.dont_write_bytecode = True
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps({"threads": threading.active_count(), "opened": opened}))
"""
    result = subprocess.run(
        [sys.executable, "-c", script, json.dumps(modules)], cwd=ROOT / "docs",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(result.stdout.splitlines()[-1]) == {"threads": 1, "opened": []}


def test_help_loads_no_engine_and_no_model() -> None:
    heavy = {
        "tantivy",
        "rope",
        "jedi",
        "pygit2",
        "tree_sitter",
        "ast_grep_py",
        "pygls",
        "git",
        "onnxruntime",
        "pydantic",
    }
    script = f"""
import sys
from magray_server.__main__ import main
try:
    main(["--help"])
except SystemExit:
    pass
print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for requirement in tomllib.loads(text)["project"]["dependencies"]:
        line = next(line for line in text.splitlines() if f'"{requirement}"' in line)
        assert "#" in line, requirement


def test_the_wheel_holds_only_our_packages(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert not [name for name in names if name.endswith((".pyc", ".db", ".vsix"))]


def test_the_readme_stays_short() -> None:
    assert (ROOT / "README.md").read_text(encoding="utf-8").count("\n") <= 150
    assert (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").count("\n") <= 400
