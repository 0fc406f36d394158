"""The rules of some hundred providers, kept by the Kingfisher project; loaded only for text that could match one.

Loading takes about 0.2 s and 45 MB once the compiled rules are in ``tools_cache``; compiling them there, once for each
machine and version, takes some seconds. Nothing is sent anywhere: asking a provider whether a secret is live is another
part of that library, which is never used here.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

from magray_configs.paths import user_folder

log = logging.getLogger(__name__)

_RUN, _DIGIT = re.compile(rb"[A-Za-z0-9_+/=-]{20,}"), re.compile(rb"[0-9]")
_lock = threading.Lock()


def could_match(data: bytes) -> bool:
    """Whether the text has a run of twenty token characters with a digit, as almost every provider's token is one."""
    return any(_DIGIT.search(run.group()) for run in _RUN.finditer(data))


def provider_findings(data: bytes) -> Iterator[tuple[int, int, str, str]]:
    """(start byte, end byte, rule id, confidence) of every secret in UTF-8 text. Thread-safe."""
    scanner = _scanner()
    if scanner is None:
        return
    for found in scanner.scan(data):
        place = found.location
        yield place["start_offset"], place["end_offset"], found.rule_id, found.confidence


def installed() -> bool:
    """Whether the rules are there to be loaded; loads nothing."""
    return find_spec("kingfisher_sdk") is not None


def _scanner() -> Any:
    with _lock:
        return _loaded()


@cache
def _loaded() -> Any:
    try:
        from kingfisher_sdk import Rules, Scanner

        folder = user_folder() / "tools_cache" / "secret_rules"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Scanner(Rules(confidence="medium", cache_dir=folder), base64=False)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        # The formats of ``secret_rules`` still hold; doctor says that these are missing.
        log.warning("the providers' secret rules cannot be loaded: %s", error)
        return None
