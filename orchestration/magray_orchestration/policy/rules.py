"""The built-in policy. Pure and total: it reads nothing, never raises, and what it cannot judge it denies.

Order of precedence, for each path and for the call; the strictest verdict of all wins:
1. a path that cannot be inside the workspace is denied;
2. Magray's own folder and version control's are denied for writing;
3. files that run or configure programs are asked about, whatever else allows them (``PROTECTED_RULE``);
4. calls that write, run or reach the network are asked about;
5. calls that only read are allowed.

Headless callers treat ask as deny.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from magray_core.tools import Capability, Decision, ToolInput, ToolSpec, Verdict

PROTECTED_RULE = "protected-path"
"""The rule of decisions that no blanket approval covers: show the path and ask for it by name."""

SOURCE = "built-in policy"

_FORBIDDEN_FOLDERS = frozenset({".git", ".magray", ".hg", ".svn", ".jj", ".bzr"})
_PROTECTED_FOLDERS = frozenset(
    {
        ".vscode", ".vscode-server", ".idea", ".fleet", ".zed", ".nvim", ".devcontainer", ".github", ".gitlab",
        ".circleci", ".husky", ".githooks", ".claude", ".cursor", ".gemini", ".codex", ".continue", ".ssh", ".gnupg",
        ".aws", ".config", ".kube", ".docker",
    }
)  # fmt: skip
_PROTECTED_FILES = frozenset(
    {
        ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".profile", ".zshrc", ".zshenv", ".zprofile",
        ".zlogin", ".zlogout", ".kshrc", ".cshrc", ".tcshrc", ".login", ".inputrc", ".envrc", ".env", ".gitconfig",
        ".gitmodules", ".gitattributes", ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".pypirc", ".netrc",
        ".exrc", ".vimrc", ".nvimrc", ".nvim.lua", ".emacs", ".dir-locals.el", ".mcp.json", "mcp.json",
        ".pre-commit-config.yaml", ".gitlab-ci.yml", "azure-pipelines.yml", "jenkinsfile", ".travis.yml",
        "sitecustomize.py", "usercustomize.py", "magray.toml",
    }
)  # fmt: skip
_PROTECTED_SUFFIXES = (".code-workspace", ".pth")
_STRICTNESS = {Verdict.ALLOW: 0, Verdict.ASK: 1, Verdict.DENY: 2}
_WRITING = frozenset({"writes", "runs", "network"})
_READS_ONLY = frozenset({Capability.FS_READ, Capability.UI})


def decide(call: ToolInput, spec: ToolSpec, paths: Sequence[str]) -> Decision:
    """The verdict on a call that touches these paths, relative to the root: the strictest of all that apply."""
    try:
        writes = spec.effects != "reads" or not set(spec.permissions) <= _READS_ONLY
        # Of equals the first counts: a protected path says more than that the call writes.
        decisions = [_of_path(path, writes=writes and not call.context.dry_run) for path in (*paths, call.context.cwd)]
        decisions.append(_of_call(call, spec, writes=writes))
        return max(decisions, key=lambda decision: _STRICTNESS[decision.verdict])
    except Exception as error:  # noqa: BLE001 - a guard that breaks must deny
        return _decision(Verdict.DENY, f"policy could not judge the call ({type(error).__name__})", "failure")


def is_forbidden(path: str) -> bool:
    """Whether no plan may ever write the path."""
    try:
        return _of_path(path, writes=True).verdict is Verdict.DENY
    except Exception:  # noqa: BLE001 - a guard that breaks must deny
        return True


def _of_call(call: ToolInput, spec: ToolSpec, *, writes: bool) -> Decision:
    if call.command != spec.name:
        return _decision(Verdict.DENY, f"the call names {call.command!r}, the tool is {spec.name!r}", "mismatch")
    if not writes:
        return _decision(Verdict.ALLOW, "it only reads", "reads")
    if spec.effects not in _WRITING and spec.effects != "reads":
        return _decision(Verdict.DENY, f"unknown effect {spec.effects!r}", "failure")
    if call.context.dry_run and spec.supports_dry_run:
        return _decision(Verdict.ALLOW, "a dry run changes nothing", "dry-run")
    verb = {"runs": "runs programs", "network": "reaches the network"}.get(spec.effects, "changes files")
    return _decision(Verdict.ASK, f"it {verb}", spec.effects)


def _of_path(path: str, *, writes: bool) -> Decision:
    shown = path[:200].encode("ascii", "backslashreplace").decode()
    escape = _escape(path)
    if escape:
        return _decision(Verdict.DENY, f"{shown!r} {escape}", "outside")
    parts = _parts(path)
    if not writes:
        return _decision(Verdict.ALLOW, "it only reads", "reads")
    forbidden = next((part for part in parts if part in _FORBIDDEN_FOLDERS), None)
    if forbidden:
        return _decision(Verdict.DENY, f"{shown} is inside {forbidden}, which no plan may change", PROTECTED_RULE)
    name = parts[-1] if parts else ""
    if name in _PROTECTED_FILES or name.endswith(_PROTECTED_SUFFIXES) or _PROTECTED_FOLDERS.intersection(parts):
        return _decision(Verdict.ASK, f"{shown} can run or configure programs", PROTECTED_RULE)
    return _decision(Verdict.ALLOW, "an ordinary path", "path")


def _escape(path: str) -> str:
    """Why the path may be outside the workspace, or ""."""
    if not path or len(path) > 4096:
        return "is not a path"
    if any(ord(char) < 0x20 or char == "\x7f" for char in path):
        return "has a control character"
    if "\\" in path or path.startswith(("/", "~")):
        return "is not relative to the workspace"
    if len(path) > 1 and path[1] == ":" and path[0].isalpha():
        return "names a drive"
    if ".." in (_folded(part) for part in path.split("/")):
        return "leaves the workspace"
    return ""


def _parts(path: str) -> list[str]:
    return [part for part in map(_folded, path.split("/")) if part not in ("", ".")]


def _folded(part: str) -> str:
    """The name as the most forgiving file system would understand it.

    Case and Unicode forms are folded (full-width letters, long s, ligatures), characters that file systems ignore
    are dropped, and so are trailing dots and spaces, an NTFS stream and a short name's number.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFC", part).casefold()).casefold()
    kept = "".join(char for char in folded if unicodedata.category(char) not in ("Cf", "Mn", "Cc"))
    if kept in (".", ".."):
        return kept
    name = kept.split(":")[0].rstrip(". ") or kept
    short = {"git~1": ".git", "magray~1": ".magray", "vscode~1": ".vscode", "github~1": ".github"}
    return short.get(name, name)


def _decision(verdict: Verdict, reason: str, rule: str) -> Decision:
    return Decision(verdict, reason, rule, SOURCE)
