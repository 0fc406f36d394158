"""Does a result still parse? Python by its own parser, compiled to nothing and never run; the rest by tree-sitter."""

from __future__ import annotations

import ast
import warnings

from magray_orchestration.proving.checks import PYTHON, Checks
from magray_orchestration.proving.trial import Trial


def broken_files(trial: Trial, checks: Checks) -> dict[str, str]:
    """Why a file no longer parses, by path; files that did not parse before are not blamed on the step."""
    broken: dict[str, str] = {}
    for path, text in trial.after.items():
        before = trial.before.get(path)
        if text == before:
            continue
        if path.endswith(PYTHON):
            # An error that was there before may come from newer syntax than the running Python knows.
            if checks.error(text) and not (before is not None and checks.error(before)):
                broken[path] = checks.error(text)
        elif _problems(path, text) > (_problems(path, before) if before is not None else 0):
            broken[path] = "more syntax errors than before"
    return broken


def python_error(text: str) -> tuple[int, str] | None:
    """The line (from 1) and message of the first syntax error, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return 1, str(error) or "nested too deeply"
    return None


def _problems(path: str, text: str) -> int:
    from magray_indexers.languages import LANGUAGES, language_of
    from magray_indexers.parsing import parse

    language = language_of(path, text.partition("\n")[0])
    known = LANGUAGES.get(language)
    return parse(path, text, language=language).problems if known is not None and known.is_code else 0
