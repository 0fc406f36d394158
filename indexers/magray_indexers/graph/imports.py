"""What a file says it takes from other files: import lines of every language as paths to look for. Resolves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from magray_indexers.offsets import Lines

Style = Literal["module", "file", "folder"]
ABSOLUTE, FROM_SOURCES = -1, -2
_MAX_SPEC = 200
_MAX_IMPORTS = 400


@dataclass(frozen=True, slots=True)
class ImportSpec:
    """A path that an import names, with ``/``. ``up`` is how many folders above the file's own it starts, ABSOLUTE,
    or FROM_SOURCES for the ``src`` folder that the file lies in.

    A ``module`` is named without extension, a ``file`` with it, a ``folder`` stands for the files in it. A ``file``
    that is not found there is looked for by the end of its path. ``line`` starts at 1.
    """

    spec: str
    up: int
    style: Style
    line: int


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one language writes imports; group 1 is what is imported, group 2 perhaps a list of names in it."""

    pattern: re.Pattern[str]
    style: Style
    separator: str = "/"


def imports_in(text: str, language: str) -> list[ImportSpec]:
    """Every import that the text names, in order, each once. Reads lines that look like imports, also in comments."""
    rules = _RULES.get(language)
    if not rules:
        return []
    lines = Lines(text)
    found: dict[tuple[str, int], ImportSpec] = {}
    for rule in rules:
        for match in rule.pattern.finditer(text):
            line = lines.number(match.start(1))
            for spec, up, style in _specs(match, rule, language):
                if spec and len(spec) <= _MAX_SPEC:
                    found.setdefault((spec, up), ImportSpec(spec, up, style, line))
            if len(found) > _MAX_IMPORTS:
                return list(found.values())
    return list(found.values())


def _specs(match: re.Match[str], rule: _Rule, language: str) -> Iterator[tuple[str, int, Style]]:
    raw = match.group(1)
    names = match.group(2) if match.re.groups > 1 else None
    if language == "python":
        yield from _python(raw, names)
    elif language == "rust":
        yield from _rust(raw)
    elif rule.separator == "/":
        yield from _by_path(raw, rule.style)
    else:
        for one in _unbraced(raw):
            parts = [part.strip() for part in one.split(rule.separator) if part.strip()]
            if language == "elixir":
                parts = [_SNAKE.sub("_", part).lower() for part in parts]
            if language == "clojure":
                parts = [part.replace("-", "_") for part in parts]
            if parts and parts[-1] in ("*", "_"):
                yield "/".join(parts[:-1]), ABSOLUTE, "folder"
            elif parts:
                yield "/".join(parts), ABSOLUTE, rule.style


def _python(module: str, names: str | None) -> Iterator[tuple[str, int, Style]]:
    if names is None:
        for part in module.split(","):
            yield part.split(" as ")[0].strip().replace(".", "/"), ABSOLUTE, "module"
        return
    bare = module.lstrip(".")
    up = len(module) - len(bare) - 1
    base = bare.replace(".", "/")
    yield base or ".", up, "module"
    for name in _PYTHON_NAME.findall(_COMMENT.sub("", names)):
        yield f"{base}/{name}" if base else name, up, "module"


def _rust(path: str) -> Iterator[tuple[str, int, Style]]:
    for one in _unbraced(path):
        parts = [part.strip().split(" as ")[0].strip() for part in one.split("::")]
        parts = [part for part in parts if part and part not in ("*", "self")]
        if parts[:1] == ["super"]:
            while parts[:1] == ["super"]:
                parts.pop(0)
            for n in range(len(parts), 0, -1):
                yield "/".join(parts[:n]), 0, "module"
            continue
        start = ABSOLUTE
        if parts[:1] == ["crate"]:
            start, parts = FROM_SOURCES, parts[1:]
        elif len(parts) == 1:
            yield parts[0], 0, "module"  # ``mod name;``
            continue
        for n in range(min(len(parts), 4), 0, -1):
            yield "/".join(parts[:n]), start, "module"


def _by_path(raw: str, style: Style) -> Iterator[tuple[str, int, Style]]:
    """A path as scripts, C and documents write it: relative with dots, or to be found by its end."""
    path = raw.strip().split("?")[0].split("#")[0].replace("\\", "/")
    if "://" in path or path.startswith(("node:", "data:", "mailto:", "/")):
        return
    relative = path.startswith(".")
    parts: list[str] = []
    up = 0
    for part in path.removeprefix("package:").removeprefix("@/").removeprefix("~/").split("/"):
        if part == "..":
            if parts:
                parts.pop()
            else:
                up += 1
        elif part not in ("", "."):
            parts.append(part)
    if style == "module":
        yield "/".join(parts) or ".", up if relative else ABSOLUTE, "module"
    else:
        yield "/".join(parts), up, style


def _unbraced(path: str) -> list[str]:
    """``a::{b, c::d}`` as ``a::b`` and ``a::c::d``; braces inside braces are opened too."""
    if "{" not in path:
        return [path]
    head, _, rest = path.partition("{")
    body = rest.rpartition("}")[0] if "}" in rest else rest
    parts: list[str] = []
    depth, start = 0, 0
    for i, char in enumerate(body):
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            parts.append(body[start:i])
            start = i + 1
    parts.append(body[start:])
    return [one for part in parts[:60] if part.strip() for one in _unbraced(head + part.strip())]


_COMMENT = re.compile(r"#[^\n]*")
_PYTHON_NAME = re.compile(r"(?:^|[,(])\s*([A-Za-z_]\w*)")
_SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _line(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*(?:{pattern})", re.MULTILINE)


_PYTHON = (
    _Rule(_line(r"from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n;]+)"), "module"),
    _Rule(_line(r"import[ \t]+([\w., \t]+)"), "module"),
)
_SCRIPTS = (
    _Rule(re.compile(r"""\b(?:import|export)\b[^'"`;()=]{0,1200}?\bfrom\s*["']([^"'\n]+)["']"""), "module"),
    _Rule(re.compile(r"""\b(?:import|require)\s*\(\s*["']([^"'\n]+)["']"""), "module"),
    _Rule(_line(r"""import\s+["']([^"'\n]+)["']"""), "module"),
)
_JVM = (_Rule(_line(r"import[ \t]+(?:static[ \t]+)?([\w.]+(?:\.\*|\.\{[^}]*\})?)"), "module", "."),)
_C = (_Rule(_line(r"#[ \t]*(?:include|import)[ \t]*[\"<]([^\">\n]+)[\">]"), "file"),)
_STYLES = (_Rule(_line(r"""@(?:import|use|forward)\s+(?:url\()?["']([^"'\n]+)["']"""), "module"),)
_SHELL = (_Rule(_line(r"""(?:source|\.)[ \t]+["']?(?:\$\{?\w+\}?/|\$\([^)\n]*\)/)*([\w./-]+)"""), "file"),)
_RULES: dict[str, tuple[_Rule, ...]] = {
    "python": _PYTHON,
    **dict.fromkeys(("javascript", "typescript", "tsx", "vue", "svelte"), _SCRIPTS),
    **dict.fromkeys(("java", "kotlin", "scala", "groovy"), _JVM),
    **dict.fromkeys(("c", "cpp", "objc"), _C),
    **dict.fromkeys(("css", "scss"), _STYLES),
    **dict.fromkeys(("bash", "fish"), _SHELL),
    "go": (_Rule(_line(r"""(?:import[ \t]+)?(?:[\w.]+[ \t]+)?"([\w.~-]+(?:/[\w.~-]+)+)"\s*?(?://.*)?$"""), "folder"),),
    "rust": (
        _Rule(_line(r"(?:pub(?:\([^)]*\))?[ \t]+)?use[ \t]+([\w:]+(?:::)?(?:\{[^;]*\}|\*)?)"), "module", "::"),
        _Rule(_line(r"(?:pub(?:\([^)]*\))?[ \t]+)?mod[ \t]+(\w+)[ \t]*;"), "module", "::"),
    ),
    "php": (
        _Rule(_line(r"use[ \t]+(?:function[ \t]+|const[ \t]+)?([\w\\]+(?:\{[^}]*\})?)"), "module", "\\"),
        _Rule(re.compile(r"""\b(?:require|include)(?:_once)?\b[^;'"\n]{0,200}["']/?([^"'\n]+)["']"""), "file"),
    ),
    "csharp": (_Rule(_line(r"(?:global[ \t]+)?using[ \t]+(?:static[ \t]+)?([\w.]+)[ \t]*;"), "folder", "."),),
    "ruby": (
        _Rule(_line(r"""require[ \t(]+["']([^"'\n]+)["']"""), "module"),
        _Rule(_line(r"""(?:require_relative|load)[ \t(]+["']([^"'\n]+)["']"""), "file"),
    ),
    "lua": (_Rule(re.compile(r"""\brequire\s*\(?\s*["']([\w./-]+)["']"""), "module", "."),),
    "elixir": (_Rule(_line(r"(?:alias|import|use|require)[ \t]+([A-Z][\w.]*(?:\{[^}]*\})?)"), "module", "."),),
    "haskell": (_Rule(_line(r"import[ \t]+(?:safe[ \t]+)?(?:qualified[ \t]+)?([A-Z][\w.']*)"), "module", "."),),
    "ocaml": (_Rule(_line(r"open!?[ \t]+([A-Z][\w.]*)"), "module", "."),),
    "perl": (_Rule(_line(r"(?:use|require)[ \t]+([A-Z]\w*(?:::\w+)*)"), "module", "::"),),
    "zig": (_Rule(re.compile(r'@import\("([^"\n]+\.zig)"\)'), "file"),),
    "dart": (_Rule(_line(r"""(?:import|export|part)[ \t]+["']([^"'\n]+)["']"""), "file"),),
    "proto": (_Rule(_line(r'import[ \t]+(?:public[ \t]+)?"([^"\n]+)"'), "file"),),
    "julia": (_Rule(re.compile(r'\binclude\("([^"\n]+)"\)'), "file"),),
    "r": (_Rule(re.compile(r"""\bsource\(\s*["']([^"'\n]+)["']"""), "file"),),
    "erlang": (_Rule(_line(r'-include(?:_lib)?\("([^"\n]+)"\)'), "file"),),
    "clojure": (_Rule(re.compile(r"[\[(]([a-z][\w-]*(?:\.[\w-]+)+)(?=[\s\])])"), "module", "."),),
    "nix": (_Rule(re.compile(r"(?<![\w/])(\.{1,2}/[\w./-]+)"), "file"),),
    "cmake": (_Rule(re.compile(r"\binclude\(\s*([\w./-]+\.cmake)"), "file"),),
    "make": (_Rule(_line(r"-?include[ \t]+([\w./-]+)"), "file"),),
    "html": (_Rule(re.compile(r"""\b(?:src|href)=["']([^"'\s<>]+)["']"""), "file"),),
    "markdown": (_Rule(re.compile(r"\]\(<?([^)\s>]+)"), "file"),),
    "rst": (
        _Rule(_line(r"\.\.[ \t]+(?:include|literalinclude)::[ \t]+(\S+)"), "file"),
        _Rule(_line(r"\.\.[ \t]+(?:automodule|currentmodule|module)::[ \t]+([\w.]+)"), "module", "."),
    ),
}  # fmt: skip
