"""The model's package: its files belong together, its vectors are the published model's."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import twinkeel_minilm

from twinkeel.retrieval.dense import Embedder


def test_the_files_are_those_that_were_made_together() -> None:
    folder = twinkeel_minilm.folder()
    about = json.loads((folder / "model.json").read_text())
    for name, key in (("model.onnx", "graph"), ("tokenizer.json", "tokenizer")):
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == about[key]
    assert about["weights"].startswith("53aa51172d14")


def test_vectors_begin_as_the_models_own_documentation_says() -> None:
    found = Embedder.open().embed(["This is an example sentence", "Each sentence is converted"])
    published = [[0.0677, 0.0635, 0.0487], [0.0864, 0.1028, 0.0054]]
    assert np.abs(found[:, :3] - published).max() < 0.01


def test_near_meanings_have_the_cosines_of_the_exact_weights() -> None:
    texts = [
        "How do I change my payment method?",
        "Switching from credit card to bank transfer",
        "The wing was tested in a wind tunnel.",
        "Films and series cost ten dollars a month.",
    ]
    exact = [
        [1.0, 0.4112, -0.1486, 0.0901],
        [0.4112, 1.0, -0.0294, 0.0423],
        [-0.1486, -0.0294, 1.0, -0.0648],
        [0.0901, 0.0423, -0.0648, 1.0],
    ]
    vectors = Embedder.open().embed(texts)
    assert np.abs(vectors @ vectors.T - exact).max() < 0.03


def test_searching_loads_nothing_that_only_training_needs() -> None:
    script = (
        "import sys; from twinkeel.retrieval import index, segments, dense\n"
        "dense.Embedder.open().embed(['a fee'])\n"
        "heavy = {'torch', 'pandas', 'sklearn', 'pyarrow', 'scipy', 'onnx', 'pypdfium2', 'docx'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    assert ran.stdout.strip() == "[]"
