"""Brings every listed source into one folder: ``python -m static.training.fetch --sources sources.toml --texts DIR``.

Wheels come by pip, npm packages by npm, upstream archives by apt-get (needs source lists), histories by git. What is
there already is kept; a file with another sha256 is refused. The texts are never made part of the project.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from static.training.sources import Source, load
from static.training.texts import wanted

log = logging.getLogger(__name__)

MAX_LOG_BYTES = 40_000_000
_LOG = ("log", "--no-merges", "--no-renames", "-n", "2500", "-p", "-U1", "--format=%x01%s", "--")
_LOGGED = (
    "*.py",
    "*.kt",
    "*.swift",
    "*.cs",
    "*.scala",
    "*.ex",
    "*.exs",
    "*.lua",
    "*.zig",
    "*.sh",
    "*.ts",
    "*.js",
    "*.php",
    "*.java",
)


def fetch(source: Source, texts: Path) -> Path:
    """The source's file, downloaded unless it is there. Raises ValueError where its sha256 is not the listed one."""
    folder = texts / source.kind
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.file
    if not target.exists():
        match source.kind:
            case "pypi":
                pip = [
                    sys.executable,
                    "-m",
                    "pip",
                    "download",
                    "-q",
                    "--no-deps",
                    "--only-binary",
                    ":all:",
                    "-d",
                    str(folder),
                ]
                subprocess.run([*pip, f"{source.name}=={source.version}"], check=True)
            case "npm":
                subprocess.run(["npm", "pack", "--silent", f"{source.name}@{source.version}"], cwd=folder, check=True)
            case "debian":
                subprocess.run(["apt-get", "source", "-qq", "--download-only", source.name], cwd=folder, check=True)
            case _:
                _fetch_git(source, target)
    if source.sha256 and hashlib.sha256(target.read_bytes()).hexdigest() != source.sha256:
        raise ValueError(f"{target} is not the listed file: its sha256 differs")
    return target


def _fetch_git(source: Source, target: Path) -> None:
    """A zip of the readable files at the listed commit, and beside it the history up to there."""
    clone = target.with_suffix(".clone")
    if not clone.exists():
        subprocess.run(["git", "clone", "-q", "--bare", f"https://github.com/{source.name}", str(clone)], check=True)
    git = ["git", "--git-dir", str(clone)]
    listing = subprocess.run(
        [*git, "ls-tree", "-r", "-l", "-z", source.version], check=True, capture_output=True, text=True
    ).stdout
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zipped:
        for line in listing.split("\0"):
            described, _, name = line.partition("\t")
            _, kind, blob, size = described.split() if name else ("", "", "", "")
            if (
                kind == "blob"
                and size.isdigit()
                and (wanted(name, int(size)) or re.search(r"(?:^|/)(?:LICEN[SC]E|COPYING)[^/]*$", name))
            ):
                zipped.writestr(
                    name, subprocess.run([*git, "cat-file", "blob", blob], check=True, capture_output=True).stdout
                )
    target.with_suffix(".commit").write_text(source.version + "\n")
    history = subprocess.run(
        [*git, *_LOG[:1], source.version, *_LOG[1:], *_LOGGED], check=False, capture_output=True
    ).stdout
    target.with_suffix(".log").write_bytes(history[:MAX_LOG_BYTES])


def main() -> None:
    """Reads the command line and fetches; one source that cannot be had is logged and passed over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for source in load(arguments.sources):
        try:
            log.info("%s", fetch(source, arguments.texts))
        except (subprocess.CalledProcessError, ValueError) as error:
            log.warning("%s %s: %s", source.kind, source.name, error)


if __name__ == "__main__":
    main()
