"""The console script ``magray``. Imports nothing heavy, so that help is instant."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 0 done, 1 failed, 2 wrong usage, 3 refused, 130 interrupted."""
    try:
        from magray_server.cli.running import run

        return run(sys.argv[1:] if argv is None else list(argv))
    except KeyboardInterrupt:  # before the runner could take it
        return 130


if __name__ == "__main__":
    sys.exit(main())
