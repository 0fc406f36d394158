"""The golden values are what transformers computes today, and what torch exports is computed alike. Long tier.

torch's wheels bring gigabytes of CUDA, so they live in an environment of their own, kept in ``.cache/reference``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import venv
from pathlib import Path

import numpy as np
import pytest
from magray_testkit.tiny_qwen3 import TinyQwen3

from magray_models.qwen.embedding import load_qwen3_embedder
from magray_models.qwen.reranking import load_qwen3_reranker

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = json.loads(Path(__file__).with_name("qwen3_golden.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def reference_python() -> Path:
    """Python with the dependency group ``reference``; installed once."""
    home = ROOT / ".cache" / "reference"
    python = home / "bin" / "python"
    ready = home / ".ready"
    if not ready.exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--group", "reference"], check=True, cwd=ROOT)
        ready.touch()
    return python


@pytest.mark.soak
def test_transformers_still_computes_the_golden_values_and_its_exports_run(
    reference_python: Path, tmp_path: Path
) -> None:
    checkpoint = TinyQwen3().write_checkpoint(tmp_path / "checkpoint")
    cases, result = tmp_path / "cases.json", tmp_path / "result.json"
    cases.write_text(json.dumps(GOLDEN["cases"]))
    script = ROOT / "tests" / "magray_testkit" / "qwen3_reference.py"
    subprocess.run([reference_python, script, checkpoint, cases, result, tmp_path / "exports"], check=True)
    computed = json.loads(result.read_text())
    assert np.abs(np.array(computed["embeddings"]) - GOLDEN["embeddings"]).max() < 5e-6
    assert np.abs(np.array(computed["judgments"]) - GOLDEN["judgments"]).max() < 5e-6

    for name in ("embedding", "reranking"):
        shutil.copyfile(checkpoint / "tokenizer.json", tmp_path / "exports" / name / "tokenizer.json")
    texts = GOLDEN["cases"]["texts"]
    vectors = load_qwen3_embedder(tmp_path / "exports" / "embedding").embed(texts)
    filled = [idx for idx, text in enumerate(texts) if text.strip()]
    assert np.abs(vectors[filled] - np.array(GOLDEN["embeddings"])[filled]).max() < 1e-5
    for (task, query, passage), score in zip(GOLDEN["cases"]["pairs"], GOLDEN["judgments"], strict=True):
        reranker = load_qwen3_reranker(tmp_path / "exports" / "reranking", task=task, max_passage_tokens=2000)
        assert abs(reranker.score(query, [passage])[0] - score) < 1e-5
