"""Facts as Markdown: short for a hover, whole for a document. Every fact carries the place that it comes from."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from magray_core.display import one_line
from magray_core.memory import Freshness, Marker, Occurrence
from magray_orchestration.explain.gathering import Facts, Mentions
from magray_orchestration.explain.markdown import code, escape, fence, link
from magray_orchestration.explain.resolving import Definition

_SHORT_SHOWN = 3
_OPENED = re.compile(r"([(\[{])\s+")
_CLOSED = re.compile(r",?\s+([)\]])")
_CANDIDATES_SHORT = 4
_LONG_DOC = 8
_FENCE_NAMES = {"csharp": "cs", "cpp": "cpp", "tsx": "tsx"}


class Links(Protocol):
    """Turns places into link targets; "" means that there is no link."""

    def place(self, path: str, line: int) -> str:
        """A target that opens the file at the line (from 1)."""

    def whole(self, path: str, line: int, column: int) -> str:
        """A target that opens the whole explanation of a place (from 1)."""


class RelativeLinks:
    """Links relative to the workspace root, as forges and Markdown viewers read them."""

    def place(self, path: str, line: int) -> str:
        """``path#L12``."""
        return f"{quote(path, errors='surrogatepass')}#L{line}"

    def whole(self, path: str, line: int, column: int) -> str:
        """Nothing: the whole explanation is what is being shown."""
        return ""


class NoLinks:
    """Places as text alone, for terminals."""

    def place(self, path: str, line: int) -> str:
        """Nothing."""
        return ""

    def whole(self, path: str, line: int, column: int) -> str:
        """Nothing."""
        return ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a fact comes from; lines from 1, inclusive."""

    path: str
    start_line: int
    end_line: int
    label: str


@dataclass
class Page:
    """Markdown being written, with the citations of what stands in it."""

    links: Links
    lines: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)

    def cite(self, citation: Citation, text: str = "") -> str:
        """A link to the place, labelled with it unless a text is given."""
        if citation not in self.citations:
            self.citations.append(citation)
        label = text or code(f"{citation.path}:{citation.start_line}", 200)
        return link(label, self.links.place(citation.path, citation.start_line))


def render_short(facts: Facts, page: Page, freshness: Freshness, *, max_lines: int, whole: str) -> str:
    """At most ``max_lines`` lines: signature, first words of the documentation, one line per kind of fact."""
    symbol = facts.definition.symbol
    head = fence(_signature(facts.definition), _language(facts.definition))
    doc = _first_paragraph(symbol.doc)
    body = [escape(doc, 240)] if doc else []
    body += [f"- {line}" for line in _fact_lines(facts, page, _SHORT_SHOWN)]
    end = " · ".join(part for part in (link("more", whole) if whole else "", _freshness_words(freshness)) if part)
    tail = ["", f"*{end}*"] if not whole else ["", end]
    room = max(0, max_lines - len(head) - len(tail))
    if doc and len(body) > 1 and room > len(body):
        body.insert(1, "")
    return "\n".join([*head, *body[:room], *tail])


def render_whole(facts: Facts, page: Page, freshness: Freshness) -> str:
    """Everything that is known, under headings."""
    symbol = facts.definition.symbol
    page.lines += [f"# {code(symbol.qualified_name)}", ""]
    page.lines += fence(_signature(facts.definition), _language(facts.definition))
    page.lines.append("")
    doc = symbol.doc.strip("\n")
    long = doc.count("\n") >= _LONG_DOC
    if doc.strip():
        page.lines += [escape(_first_paragraph(doc), 1000), ""] if long else [*fence(doc, "text"), ""]
    page.lines += [f"- {line}" for line in _defined_lines(facts, page, len(facts.resolution.definitions))]
    _section(page, f"Callers ({_count(facts.calls)})", _mention_lines(page, facts.calls), facts.calls.count)
    _section(
        page, f"Other uses ({_count(facts.references)})", _mention_lines(page, facts.references), facts.references.count
    )
    _section(page, f"Imported ({_count(facts.imports)})", _mention_lines(page, facts.imports), facts.imports.count)
    _section(page, f"Tests ({_count(facts.tests)})", _mention_lines(page, facts.tests), facts.tests.count)
    _section(page, "Beside it", _marker_lines(facts, page), len(facts.markers))
    _section(page, "Notes", _note_lines(facts), len(facts.notes))
    _section(page, "Last changes", _commit_lines(facts), len(facts.commits))
    if long:
        page.lines += ["", "## Documentation", "", *fence(doc, "text")]
    page.lines += ["", f"*{_freshness_words(freshness)}*", ""]
    return "\n".join(page.lines)


def _fact_lines(facts: Facts, page: Page, shown: int) -> list[str]:
    lines = _defined_lines(facts, page, _CANDIDATES_SHORT)
    lines += [f"note: {escape(note.text, 160)}" for note in facts.notes[:2]]
    some = "" if facts.counted else "at least "
    if facts.calls.count:
        only = "" if facts.calls.telling else ", all in tests" if facts.tests.count else ", all within itself"
        lines.append(f"called {some}{_places(facts.calls)}{only}{_examples(page, facts.calls.telling[:shown])}")
    if not facts.calls.telling and (facts.references.telling or facts.imports.telling):
        used = facts.references if facts.references.telling else facts.imports
        lines.append(f"named in code {some}{_places(used)}{_examples(page, used.telling[:shown])}")
    if not (facts.calls.count or facts.references.count or facts.imports.count):
        lines.append("no use of the name is known" if facts.counted else "its uses are still being counted")
    if facts.tests.count:
        lines.append(f"in tests {some}{_places(facts.tests)}{_examples(page, facts.tests.telling[:2])}")
    lines += _marker_lines(facts, page)[:2]
    return lines + [f"last change: {line}" for line in _commit_lines(facts)[:1]]


def _defined_lines(facts: Facts, page: Page, limit: int) -> list[str]:
    definitions = facts.resolution.definitions
    if facts.resolution.certain:
        text = f"defined in {_cited(page, definitions[0])}"
        others = facts.shared - 1
        if others > 0:
            bear = "definition bears" if others == 1 else "definitions bear"
            text += f"; {others} other {bear} the name, counts go by name"
        return [text]
    listed = ", ".join(_cited(page, definition, named=True) for definition in definitions[:limit])
    more = f" and {len(definitions) - limit} more" if len(definitions) > limit else ""
    return [f"which of {len(definitions)} definitions is meant is not certain: {listed}{more}"]


def _cited(page: Page, definition: Definition, *, named: bool = False) -> str:
    symbol = definition.symbol
    place = page.cite(Citation(definition.path, symbol.start_line, symbol.end_line, symbol.qualified_name))
    return f"{code(symbol.qualified_name)} {place}" if named else place


def _mention_lines(page: Page, mentions: Mentions) -> list[str]:
    lines = []
    for one in mentions.telling:
        inside = f"{code(one.inside)} " if one.inside else ""
        lines.append(f"{inside}{page.cite(_citation(one))}: {code(one.line_text.strip(), 100)}")
    return lines


def _examples(page: Page, telling: Sequence[Occurrence]) -> str:
    listed = ", ".join(page.cite(_citation(one), code(one.inside) if one.inside else "") for one in telling)
    return f": {listed}" if listed else ""


def _citation(one: Occurrence) -> Citation:
    return Citation(one.path, one.line, one.line, one.inside)


def _marker_lines(facts: Facts, page: Page) -> list[str]:
    path = facts.definition.path
    cited = [(marker, page.cite(Citation(path, marker.line, marker.line, marker.word))) for marker in facts.markers]
    return [f"{escape(_marker_text(marker), 160)} {place}" for marker, place in cited]


def _marker_text(marker: Marker) -> str:
    return marker.text if marker.text.startswith(marker.word) else f"{marker.word}: {marker.text}"


def _note_lines(facts: Facts) -> list[str]:
    return [f"{escape(note.text, 500)} ({escape(note.source, 80)})" for note in facts.notes]


def _commit_lines(facts: Facts) -> list[str]:
    return [
        f"{code(commit.sha[:9])} {escape(commit.summary, 100)} ({escape(commit.author, 60)}, {_day(commit.when)})"
        for commit in facts.commits
    ]


def _section(page: Page, title: str, lines: Sequence[str], count: int) -> None:
    if not count:
        return
    page.lines += ["", f"## {title}", ""]
    page.lines += [f"- {line}" for line in lines] or ["Only within the definition itself."]


def _count(mentions: Mentions) -> str:
    return f"{mentions.count} in {mentions.files} {'file' if mentions.files == 1 else 'files'}"


def _places(mentions: Mentions) -> str:
    times = "once" if mentions.count == 1 else f"{mentions.count} times"
    return f"{times} in {mentions.files} {'file' if mentions.files == 1 else 'files'}"


def _first_paragraph(doc: str) -> str:
    return one_line(doc.strip().split("\n\n", 1)[0], 1000)


def _signature(definition: Definition) -> str:
    symbol = definition.symbol
    joined = _OPENED.sub(r"\1", _CLOSED.sub(r"\1", symbol.signature))
    return joined or f"{symbol.kind.value} {symbol.qualified_name}"


def _language(definition: Definition) -> str:
    from magray_indexers.languages import language_of

    language = language_of(definition.path)
    return _FENCE_NAMES.get(language, language)


def _day(when: int) -> str:
    return datetime.datetime.fromtimestamp(when, tz=datetime.UTC).date().isoformat()


def _freshness_words(freshness: Freshness) -> str:
    words = [f"index generation {freshness.generation}"]
    if freshness.dirty:
        words.append(f"{freshness.dirty} files changed since")
    if freshness.head != freshness.head_now:
        words.append("another commit is checked out since")
    if not freshness.complete:
        words.append("indexing is under way")
    return ", ".join(words) if len(words) > 1 else f"{words[0]}, up to date"
