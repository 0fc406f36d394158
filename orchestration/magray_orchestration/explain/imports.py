"""What a document's imports say about its names, read without running or resolving anything outside the workspace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

_PYTHON_FROM = re.compile(r"^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)", re.MULTILINE)
_PYTHON_IMPORT = re.compile(r"^[ \t]*import[ \t]+([^\n#;]+)", re.MULTILINE)
_ALIAS = re.compile(r"^([\w.$*]+)(?:\s+as\s+([\w$]+))?$")
_SCRIPT_IMPORT = re.compile(r"""\b(?:import|export)\s+(?:type\s+)?([\w$\s{},*]+?)\s+from\s+["']([^"'\n]+)["']""")
_SCRIPT_REQUIRE = re.compile(r"""\b(?:const|let|var)\s+([\w$]+|\{[^}]*\})\s*=\s*require\(\s*["']([^"'\n]+)["']""")
_SCRIPT_ENDS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".d.ts")
_COMMENT = re.compile(r"#[^\n]*")
_IMPORT_WORDS = re.compile(
    r"^\s*(?:import|use|using|require|require_relative|include|#\s*include|from|mod|alias)\b.*$", re.M
)
_WORD = re.compile(r"[\w]+")

SCRIPTS = frozenset({"javascript", "typescript", "tsx", "jsx", "vue", "svelte"})


@dataclass(frozen=True, slots=True)
class Import:
    """A local name and where it comes from; ``name`` is "" when the local name is the module itself."""

    module: str
    name: str


@lru_cache(maxsize=128)
def imports_of(text: str, language: str) -> dict[str, Import]:
    """Local name to import, for Python and the JavaScript family; empty for other languages."""
    if language == "python":
        return dict(_python_imports(text))
    return dict(_script_imports(text)) if language in SCRIPTS else {}


@lru_cache(maxsize=128)
def imported_words(text: str) -> frozenset[str]:
    """Every word in lines that look like imports, in any language: a weak hint at where names come from."""
    return frozenset(word for match in _IMPORT_WORDS.finditer(text[:20_000]) for word in _WORD.findall(match.group()))


def module_files(module: str, path: str, language: str, exists: Callable[[str], bool]) -> list[str]:
    """The workspace's files that the module can be, best first, as seen from ``path``."""
    if language in SCRIPTS:
        return [file for file in _script_files(module, path) if exists(file)]
    folder = PurePosixPath(path).parent
    dots = len(module) - len(module.lstrip("."))
    tail = module.lstrip(".").replace(".", "/")
    if dots:
        for _ in range(dots - 1):
            folder = folder.parent
        bases = [folder]
    else:
        # An absolute import starts at some folder above the document, or at a source root beside it.
        bases = [*(PurePosixPath(parent) for parent in PurePosixPath(path).parents), PurePosixPath("src")]
        bases += [PurePosixPath("lib"), PurePosixPath("python")]
    found: list[str] = []
    for base in bases:
        stem = (base / tail) if tail else base
        found += [file for file in (f"{stem}.py", f"{stem}/__init__.py", f"{stem}.pyi") if exists(file)]
    return list(dict.fromkeys(file.removeprefix("./") for file in found))


def _python_imports(text: str) -> Iterator[tuple[str, Import]]:
    for match in _PYTHON_IMPORT.finditer(text):
        for part in match.group(1).split(","):
            alias = _ALIAS.match(part.strip())
            if alias is not None:
                module, local = alias.groups()
                yield (local, Import(module, "")) if local else (module, Import(module, ""))
                if not local and "." in module:
                    yield module.split(".")[0], Import(module.split(".")[0], "")
    for match in _PYTHON_FROM.finditer(text):
        names = _COMMENT.sub("", match.group(2)).strip("() \t\n\\")
        for part in names.split(","):
            alias = _ALIAS.match(part.strip())
            if alias is not None:
                yield alias.group(2) or alias.group(1), Import(match.group(1), alias.group(1))


def _script_imports(text: str) -> Iterator[tuple[str, Import]]:
    for match in (*_SCRIPT_IMPORT.finditer(text), *_SCRIPT_REQUIRE.finditer(text)):
        clause, module = match.groups()
        braced = clause[clause.find("{") + 1 : clause.rfind("}")] if "{" in clause else ""
        for part in braced.replace(":", " as ").split(","):
            alias = _ALIAS.match(part.strip().removeprefix("type "))
            if alias is not None:
                yield alias.group(2) or alias.group(1), Import(module, alias.group(1))
        for part in re.sub(r"\{.*\}", "", clause, flags=re.DOTALL).split(","):
            alias = _ALIAS.match(part.strip())
            if alias is not None:
                star = alias.group(1) == "*"
                yield alias.group(2) or alias.group(1), Import(module, "" if star else "default")


def _script_files(module: str, path: str) -> Iterator[str]:
    if not module.startswith("."):
        return
    parts: list[str] = list(PurePosixPath(path).parent.parts)
    for part in PurePosixPath(module).parts:
        if part == "..":
            if not parts:
                return
            parts.pop()
        elif part != ".":
            parts.append(part)
    stem = "/".join(parts)
    yield stem
    bare = stem.rsplit(".", 1)[0] if stem.endswith((".js", ".mjs", ".cjs")) else stem
    for end in _SCRIPT_ENDS:
        yield bare + end
    for end in _SCRIPT_ENDS:
        yield f"{stem}/index{end}"
