"""The list of sources: what an entry holds, how it is made from a downloaded archive, and which licences may be in it.

``python -m static.training.sources --texts DIR --out sources.toml`` lists every archive whose licence is permissive.
"""

from __future__ import annotations

import argparse
import email
import hashlib
import json
import logging
import re
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

_ARCHIVES = (".whl", ".tgz", ".zip", ".gz", ".xz", ".bz2")
PERMISSIVE = re.compile(
    r"\b(?:MIT|Expat|BSD|0BSD|Apache|ISC|PSF|Python-2\.0|Python Software Foundation|CC0|Unlicense|BSL-1\.0|Boost"
    r"|Zlib|zlib|HPND|Public Domain|public-domain|PostgreSQL|NCSA|ZPL|W3C|CNRI|BlueOak|WTFPL|MIT-0|X11|curl"
    r"|Artistic-2)\b"
)
_OTHER = re.compile(
    r"GPL|MPL|EPL|CDDL|EUPL|CC-BY|CC BY|OFL|Proprietary|Commercial|SSPL|BUSL|Elastic|NonCommercial|Mozilla|Eclipse"
    r"|GNU|Free To Use But|Other/",
    re.I,
)
_GRANTS = (
    ("MIT", re.compile(r"Permission is hereby granted, free of charge")),
    ("Apache-2.0", re.compile(r"Apache License")),
    ("BSD", re.compile(r"Redistribution and use in source and binary forms")),
    ("ISC", re.compile(r"Permission to use, copy, modify, and(?:/or)? distribute")),
    ("CC0-1.0", re.compile(r"CC0 1\.0")),
    ("BSL-1.0", re.compile(r"Boost Software License")),
)


@dataclass(frozen=True, slots=True)
class Source:
    """One archive: where it comes from, its licence in its own words, and the sha256 of its bytes.

    ``kind`` is pypi (a wheel), npm, debian (an upstream source archive) or git, whose version is the commit.
    """

    kind: str
    name: str
    version: str
    licence: str
    file: str
    sha256: str

    def entry(self) -> str:
        """The source as a TOML table."""
        fields = ("kind", "name", "version", "licence", "file", "sha256")
        return "[[source]]\n" + "".join(f"{field} = {json.dumps(getattr(self, field))}\n" for field in fields)


def load(path: Path) -> list[Source]:
    """The sources in a list, in its order."""
    return [Source(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["source"]]


def source_of(archive: Path) -> Source:
    """The entry of a downloaded archive, by the folder that it lies in: pypi, npm, debian or git."""
    kind, file = archive.parent.name, archive.name
    if kind == "pypi":
        name, version = file.split("-")[:2]
    elif kind == "npm":
        manifest = _npm_manifest(archive)
        name, version = str(manifest["name"]), str(manifest["version"])
    elif kind == "debian":
        name, version = re.fullmatch(r"([^_]+)_(.+)\.orig.*", file).groups()  # type: ignore[union-attr]
    else:
        name, version = archive.stem.replace("+", "/", 1), archive.with_suffix(".commit").read_text().strip()
    digest = "" if kind == "git" else hashlib.sha256(archive.read_bytes()).hexdigest()
    return Source(kind, name, version, licence_of(archive), file, digest)


def licence_of(archive: Path) -> str:
    """What the archive says its licence is, in its own words, cut to one line; empty where it does not say."""
    if archive.suffix == ".whl":
        return _wheel_licence(archive)
    if archive.suffix == ".tgz":
        stated = _npm_manifest(archive).get("license", "")
        return str(stated.get("type", "") if isinstance(stated, dict) else stated)[:80]
    beside = (
        next(iter(archive.parent.glob(archive.name.split("_")[0] + "_*.debian.tar.xz")), None)
        if "_" in archive.name
        else None
    )
    return _debian_licence(beside) if beside else _granted(archive)


def _npm_manifest(archive: Path) -> dict[str, object]:
    with tarfile.open(archive) as packed:
        member = next(m for m in packed if m.name.count("/") == 1 and m.name.endswith("/package.json"))
        manifest: dict[str, object] = json.loads(_read(packed, member))
        return manifest


def _wheel_licence(archive: Path) -> str:
    with zipfile.ZipFile(archive) as zipped:
        name = next((n for n in zipped.namelist() if n.endswith(".dist-info/METADATA")), None)
        if name is None:
            return ""
        fields = email.message_from_bytes(zipped.read(name))
        classifiers = [
            c.split("::")[-1].strip() for c in fields.get_all("Classifier", []) if c.startswith("License ::")
        ]
        stated = (
            fields.get("License-Expression")
            or "; ".join(c for c in classifiers if c != "OSI Approved")
            or fields.get("License")
            or ""
        )
        stated = " ".join(str(stated).split())[:80]
        if stated:
            return stated
        texts = [
            n
            for n in zipped.namelist()
            if re.search(r"licen[sc]e|copying", n.rsplit("/", 1)[-1], re.I) and ".dist-info/" in n
        ]
        return _named(zipped.read(texts[0]).decode("utf-8", "replace")) if texts else ""


def _debian_licence(packaging: Path) -> str:
    with tarfile.open(packaging) as packed:
        text = _read(packed, packed.getmember("debian/copyright"))
    for block in re.split(r"\n\s*\n", text):
        if re.search(r"^Files:\s*\*\s*$", block, re.M):
            found = re.search(r"^License:\s*(.+)$", block, re.M)
            return found[1].strip()[:80] if found else ""
    return _named(text)


def _granted(archive: Path) -> str:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as zipped:
            names = sorted(
                (n for n in zipped.namelist() if re.search(r"^(?:[^/]+/)?(?:LICEN[SC]E|COPYING)[^/]*$", n, re.I)),
                key=len,
            )
            return _named(zipped.read(names[0]).decode("utf-8", "replace")) if names else ""
    with tarfile.open(archive) as packed:
        for member in packed:
            if (
                member.isfile()
                and re.search(r"(?:^|/)(?:LICEN[SC]E|COPYING)[^/]*$", member.name, re.I)
                and member.name.count("/") <= 1
            ):
                return _named(_read(packed, member))
    return ""


def _read(packed: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    stream = packed.extractfile(member)
    return stream.read().decode("utf-8", "replace") if stream else ""


def _named(text: str) -> str:
    if re.search(r"GNU (?:AFFERO |LESSER |LIBRARY )?GENERAL PUBLIC", text, re.I):
        return "GNU"
    return next((name for name, grant in _GRANTS if grant.search(" ".join(text.split()))), "")


def is_permissive(licence: str) -> bool:
    """Whether the words name a permissive licence and no other kind."""
    return bool(PERMISSIVE.search(licence)) and not _OTHER.search(licence)


def main() -> None:
    """Reads the command line and writes the list; logs what is left out and why."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    listed = []
    for archive in sorted(arguments.texts.glob("*/*")):
        if archive.suffix not in _ARCHIVES or (archive.parent.name == "debian" and ".orig" not in archive.name):
            continue
        source = source_of(archive)
        if is_permissive(source.licence):
            listed.append(source.entry())
        else:
            log.info("left out: %s (%s)", archive.name, source.licence or "says no licence")
    arguments.out.write_text("\n".join(listed), encoding="utf-8")


if __name__ == "__main__":
    main()
