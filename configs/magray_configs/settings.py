"""Every setting, with its default and what it is for. Values only: reading them is ``magray_configs.layers``."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """What is indexed, and how hard the machine works for it."""

    max_file_bytes: int = 1_000_000
    """Larger files are skipped with a reason; they can still be edited."""
    max_media_bytes: int = 20_000_000
    """Larger PDFs and images are skipped with a reason."""
    workers: int = 0
    """Parsing processes; 0 means one per core, at most four."""
    secret_allowlist: tuple[str, ...] = ()
    """Values that are no secrets although they look like some: patterns with `*`, or the sha256 of a value."""


@dataclass(frozen=True, slots=True)
class HoverSettings:
    """What hovers show."""

    enabled: bool = True
    """Whether Magray adds to hovers at all."""
    max_lines: int = 15
    """Longer explanations end in a link to the whole document."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """How plans are computed."""

    editor_timeout_s: float = 5.0
    """How long the editor's other language servers may take to answer."""
    max_residue: int = 500
    """How many leftover mentions a step lists; the count is always whole."""


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """What is remembered, and by which model it is found."""

    model: str = "auto"
    """Which embedder gives vectors to code and questions; `auto` is the best that is installed and light enough."""
    rerank: bool = False
    """Whether a placed reranker reads the best hits again: seconds for every search without a GPU, no measured gain."""
    pii: str = "redact"
    """What becomes of payment cards, bank accounts and national ids in notes and sessions; code is only counted."""
    encryption: str = "off"
    """How a memory that begins from now on is encrypted: by a key in the system's `keyring`, or by a `passphrase`."""
    shared_dsn: str = ""
    """The PostgreSQL database of a team's shared index, as `host=… dbname=… user=…` without a password."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, resolved."""

    index: IndexSettings = field(default_factory=IndexSettings)
    hover: HoverSettings = field(default_factory=HoverSettings)
    plans: PlanSettings = field(default_factory=PlanSettings)
    memory: MemorySettings = field(default_factory=MemorySettings)
