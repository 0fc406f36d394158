"""PDFs by page, notebooks by cell and what images say of themselves are in the memory like everything else."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from magray_testkit.indexed import indexed

from magray_configs.settings import IndexSettings
from magray_core.memory import SkipReason
from magray_indexers.building import build
from magray_indexers.media.notebooks import cells, readable
from magray_indexers.reader import IndexReader


def pdf(*pages: str, title: str = "") -> bytes:
    """A PDF with one line of text for each page."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    font = DictionaryObject(
        {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
         NameObject("/BaseFont"): NameObject("/Helvetica")}
    )  # fmt: skip
    for text in pages:
        page = writer.add_blank_page(300, 200)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
    if title:
        writer.add_metadata({"/Title": title})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def png(**said: str) -> bytes:
    from PIL import Image, PngImagePlugin

    about = PngImagePlugin.PngInfo()
    for key, value in said.items():
        about.add_text(key, value)
    out = io.BytesIO()
    Image.new("RGB", (32, 20)).save(out, "PNG", pnginfo=about)
    return out.getvalue()


def notebook(*sources: tuple[str, list[str]], output: str = "") -> str:
    outputs = [{"output_type": "stream", "text": [output]}, {"data": {"image/png": "iVBORw0KGgo" * 4000}}]
    return json.dumps(
        {
            "cells": [
                {"cell_type": kind, "metadata": {}, "source": lines, **({"outputs": outputs} if output else {})}
                for kind, lines in sources
            ],
            "metadata": {},
            "nbformat": 4,
        },
        indent=1,
    )


def test_a_page_of_a_pdf_is_found_by_what_it_says(tmp_path: Path) -> None:
    files = {"docs/manual.pdf": pdf("Nothing of interest", "The flux capacitor needs cooling", title="Owner manual")}
    reader = indexed(tmp_path, files).index
    hit = reader.search("flux capacitor cooling", 3).hits[0]
    assert (hit.path, hit.symbol) == ("docs/manual.pdf", "page 2")
    assert "needs cooling" in hit.snippet
    assert reader.search("owner manual", 3).hits[0].path == "docs/manual.pdf"


def test_a_cell_of_a_notebook_is_found_and_shown_without_its_json(tmp_path: Path) -> None:
    text = notebook(
        ("markdown", ["# Churn of customers\n", "\n", "We look at cohorts."]),
        ("code", ["def churn_rate(left, all):\n", "    return left / all\n"]),
        ("code", ["print(\"done\\n\")"]),
        output="cohort 7 lost 3 %",
    )  # fmt: skip
    reader = indexed(tmp_path, {"a.ipynb": text}).index
    hit = reader.search("churn rate of those who left", 5).hits[0]
    assert hit.path == "a.ipynb"
    lines = text.splitlines()[hit.start_line - 1 : hit.end_line]
    assert any("churn_rate" in line for line in lines), "lines are those of the file"
    assert "return left / all" in "".join(h.snippet for h in reader.search("churn_rate", 5).hits)
    assert not any('\\n",' in h.snippet or "iVBOR" in h.snippet for h in reader.search("churn cohort lost", 5).hits)
    parsed = reader.file("a.ipynb")
    assert parsed is not None
    assert "".join(chunk.text for chunk in parsed.chunks) == text
    assert [s.name for s in parsed.symbols][:2] == ["Churn of customers", "def churn_rate(left, all):"]


def test_what_an_image_says_of_itself_is_found(tmp_path: Path) -> None:
    reader = indexed(tmp_path, {"img/x.png": png(Description="Deployment diagram of the billing cluster")}).index
    hit = reader.search("deployment diagram billing", 3).hits[0]
    assert hit.path == "img/x.png" and "32×20" in "".join(h.snippet for h in reader.search("image", 9).hits)


def test_files_that_are_not_what_their_names_say_are_left_out_with_a_reason(tmp_path: Path) -> None:
    whole = pdf("hello")
    files = {"cut.pdf": whole[: len(whole) // 3], "text.pdf": b"hello", "a.png": b"\x89PNG", "zero.jpg": b""}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "ok.py").write_text("x = 1\n")
    report = build(tmp_path, IndexSettings(workers=1))
    assert report.files + report.skipped.get(SkipReason.BINARY, 0) == 5
    assert report.skipped[SkipReason.BINARY] >= 3
    assert IndexReader.open(tmp_path).search("x", 2).hits


@pytest.mark.parametrize("text", ["", "{}", '{"cells": 3}', '{"cells": [{"source": "a', '{"cells": [{}, 4, {}]}'])
def test_broken_notebooks_are_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "n.ipynb").write_text(text)
    build(tmp_path, IndexSettings(workers=1))
    reader = IndexReader.open(tmp_path)
    assert reader.text("n.ipynb") == text
    assert list(cells(text)) is not None


def test_a_piece_of_a_cell_is_readable() -> None:
    assert readable('    "x = \\"1\\"\\n",\n    "y = 2"\n   ]\n') == 'x = "1"\ny = 2'
    assert readable("no json at all") == "no json at all"


def test_a_renamed_name_in_a_pdf_is_no_place_to_edit(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, {"a.py": "def frobnicate(): pass\n", "a.pdf": pdf("call frobnicate now")})
    assert {one.path for one in workspace.index.occurrences("frobnicate")} == {"a.py"}
