"""A small Python project, as a folder or open in an editor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from magray_testkit.editor import Editor, editing

UTIL = '''"""Words for people."""


def greet(name):
    """Say hello to somebody."""
    return "hello 😀 " + name
'''
MAIN = """from app.util import greet


def main():
    title = "😀"; print(greet("world"))
"""
TEST = """from app.util import greet


def test_greet():
    assert greet("x") == "hello 😀 x"
"""


FILES = {
    "app/__init__.py": "",
    "app/util.py": UTIL,
    "app/main.py": MAIN,
    "tests/test_util.py": TEST,
    "README.md": "# App\n",
    "pyproject.toml": '[project]\nname = "app"\n',
}


def write_project(root: Path) -> Path:
    """The project as it is at first; whatever else lies there goes."""
    for path in root.rglob("*"):
        if path.is_file() and ".magray" not in path.parts:
            path.unlink()
    for name, text in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project alone, for tests that start servers of their own."""
    return write_project(tmp_path / "project")


@pytest.fixture(scope="module")
def shared_editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """One server for a module: starting it and its engines is most of the time of a test."""
    with editing(write_project(tmp_path_factory.mktemp("shared") / "project")) as opened:
        yield opened


@pytest.fixture
def editor(shared_editor: Editor) -> Editor:
    """The project open in an editor, with nothing open and nothing changed."""
    shared_editor.reset()
    before = set(tree(shared_editor.root))
    write_project(shared_editor.root)
    shared_editor.changed_on_disk(before | set(FILES))
    return shared_editor


def tree(root: Path) -> dict[str, bytes]:
    """Every file of the person's own with its bytes."""
    files = (path for path in root.rglob("*") if path.is_file() and ".magray" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}
