"""The built-in policy: a table of verdicts, every spelling of protected paths, and that it never fails open."""

from __future__ import annotations

import itertools
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magray_core.tools import Capability, Decision, ToolContext, ToolInput, ToolSpec, Verdict
from magray_orchestration.policy import PROTECTED_RULE, decide, is_forbidden


def spec(effects: str, *permissions: Capability, dry_run: bool = True) -> ToolSpec:
    return ToolSpec("t", "T", "does", {}, permissions, cast(Any, effects), dry_run)


WRITE = spec("writes", Capability.FS_READ, Capability.FS_WRITE)
READ = spec("reads", Capability.FS_READ)


def verdict(tool: ToolSpec, *paths: str, dry_run: bool = False, cwd: str = ".") -> Decision:
    return decide(ToolInput("t", {}, ToolContext(cwd, dry_run)), tool, paths)


@pytest.mark.parametrize(
    ("tool", "paths", "expected"),
    [
        (READ, ["src/a.py"], Verdict.ALLOW),
        (READ, [], Verdict.ALLOW),
        (READ, [".git/config"], Verdict.ALLOW),
        (READ, ["../a.py"], Verdict.DENY),
        (WRITE, ["src/a.py"], Verdict.ASK),
        (WRITE, [], Verdict.ASK),
        (WRITE, ["src/a.py", ".github/workflows/ci.yml"], Verdict.ASK),
        (WRITE, ["src/a.py", ".git/hooks/pre-commit"], Verdict.DENY),
        (WRITE, ["sub/.magray/memory/state.db"], Verdict.DENY),
        (WRITE, ["src/gitconfig.py", "git/a.py", ".gitignore", "magray/a.py"], Verdict.ASK),
        (spec("runs", Capability.SHELL), [], Verdict.ASK),
        (spec("network", Capability.NET), [], Verdict.ASK),
        (spec("reads", Capability.SHELL), [], Verdict.ASK),
        (spec("reads", Capability.NET), [], Verdict.ASK),
        (spec("reads", Capability.FS_WRITE), [".git/config"], Verdict.DENY),
        (spec("anything"), [], Verdict.DENY),
    ],
)
def test_verdicts(tool: ToolSpec, paths: list[str], expected: Verdict) -> None:
    decision = verdict(tool, *paths)
    assert decision.verdict is expected, decision
    assert decision.reason
    assert decision.source == "built-in policy"


def test_a_dry_run_that_the_tool_supports_is_allowed() -> None:
    assert verdict(WRITE, "a.py", dry_run=True).verdict is Verdict.ALLOW
    assert verdict(spec("writes", dry_run=False), "a.py", dry_run=True).verdict is Verdict.ASK
    assert verdict(WRITE, "../a.py", dry_run=True).verdict is Verdict.DENY


def test_a_call_of_another_tool_is_denied() -> None:
    assert decide(ToolInput("other"), WRITE, ()).verdict is Verdict.DENY


SPELLINGS = [
    "{}", "{}/", "./{}", "sub/{}",
    "sub//{}", "sub/./{}", "{}/x", "{}//x", "{}/./x", "{} ", "{}.", "{}. .", "{}::$INDEX_ALLOCATION",
    "{}/x/y/z",
]  # fmt: skip


@pytest.mark.parametrize("name", [".git", ".magray", ".hg", ".svn"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_forbidden_folder_is_denied(name: str, spelling: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) if char.isalpha() else char for char in name)
    hidden = name[:2] + "\u200b" + name[2:]
    for variant in {name, name.upper(), name.title(), name.swapcase(), wide, hidden, name.replace("s", "ſ")}:
        path = spelling.format(variant)
        assert verdict(WRITE, path).verdict is Verdict.DENY, path
        assert is_forbidden(path)


PROTECTED = [
    ".vscode/settings.json", ".vscode/tasks.json", ".idea/workspace.xml", ".github/workflows/ci.yml", ".bashrc",
    ".zshrc", ".profile", ".envrc", ".env", ".gitmodules", ".gitattributes", ".mcp.json", ".cursor/mcp.json",
    ".devcontainer/devcontainer.json", ".husky/pre-commit", "x.code-workspace", ".npmrc", ".pre-commit-config.yaml",
    "sitecustomize.py", ".ssh/authorized_keys", ".claude/settings.json", ".dir-locals.el", ".exrc",
]  # fmt: skip


@pytest.mark.parametrize("path", PROTECTED)
def test_files_that_run_programs_are_asked_about_by_name(path: str) -> None:
    for variant in (path, path.upper(), f"sub/{path}", f"{path}.", f"{path} "):
        decision = verdict(WRITE, "a.py", variant)
        assert (decision.verdict, decision.rule) == (Verdict.ASK, PROTECTED_RULE), variant


ESCAPES = [
    "..", "../x", "a/../x", "a/../../x", "/etc/passwd", "//host/share", "~/x", "~root/x", "C:\\x", "C:/x", "c:x",
    "\\\\host\\share", "a\\..\\b", "a\0b", "a\nb", "", "\x1b[2J", "a/..", ".../../x", "a" * 5000, "․․/x", "．．/x",
    "..\u200b/x", "\\\\?\\C:\\x",
]  # fmt: skip


@pytest.mark.parametrize("path", ESCAPES)
@pytest.mark.parametrize("tool", [READ, WRITE], ids=["read", "write"])
def test_a_path_that_may_leave_the_workspace_is_denied(tool: ToolSpec, path: str) -> None:
    decision = verdict(tool, "a.py", path)
    assert decision.verdict is Verdict.DENY
    assert decision.reason.isprintable()
    assert verdict(tool, cwd=path).verdict is Verdict.DENY


def test_the_strictest_path_decides_in_every_order() -> None:
    paths = ["a.py", ".github/x", ".git/x"]
    for order in itertools.permutations(paths):
        assert verdict(WRITE, *order).verdict is Verdict.DENY
    for order in itertools.permutations(paths[:2]):
        assert verdict(WRITE, *order).rule == PROTECTED_RULE


class Broken(str):
    """A path whose use fails."""

    __slots__ = ()

    def split(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("broken")


def test_a_policy_that_breaks_denies() -> None:
    assert verdict(READ, Broken("a.py")).verdict is Verdict.DENY
    assert is_forbidden(Broken("a.py"))
    assert decide(cast(ToolInput, None), WRITE, ()).verdict is Verdict.DENY
    assert decide(ToolInput("t"), WRITE, cast(Any, [1])).verdict is Verdict.DENY


@settings(max_examples=400, deadline=None)
@given(st.lists(st.text() | st.sampled_from([*ESCAPES, *PROTECTED, ".git/x"]), max_size=5))
def test_no_write_is_ever_allowed_without_asking(paths: list[str]) -> None:
    decision = verdict(WRITE, *paths)
    assert decision.verdict in (Verdict.ASK, Verdict.DENY)
    read = verdict(READ, *paths)
    assert read.verdict is not Verdict.ASK
