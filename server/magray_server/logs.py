"""Where log lines go: stderr, which editors show, and a file that the ids in error messages lead to."""

from __future__ import annotations

import logging
import logging.handlers
import sys

from magray_configs.paths import user_folder
from magray_server.failures import redact

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MAX_FILE_BYTES = 2_000_000


class _Redacting(logging.Formatter):
    """Takes secrets out of every line, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, redacted."""
        return redact(super().format(record))


def start_logging() -> None:
    """Log to stderr and to ``~/.magray/logs/server.log``; without the file where it cannot be written."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.__stderr__)]
    folder = user_folder() / "logs"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                folder / "server.log", maxBytes=_MAX_FILE_BYTES, backupCount=2, encoding="utf-8", errors="replace"
            )
        )
    except OSError as error:
        sys.__stderr__.write(f"magray: no log file: {error.strerror}\n") if sys.__stderr__ else None
    for handler in handlers:
        handler.setFormatter(_Redacting(_FORMAT))
    logger = logging.getLogger()
    logger.handlers = handlers
    logger.setLevel(logging.WARNING)
    # What is wrong with a message is logged here in one line; pygls would log it whole, with its contents.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    # Its threads complain when they are stopped in the middle of an event.
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)
    for name in ("magray_core", "magray_configs", "magray_indexers", "magray_orchestration", "magray_server"):
        logging.getLogger(name).setLevel(logging.INFO)
