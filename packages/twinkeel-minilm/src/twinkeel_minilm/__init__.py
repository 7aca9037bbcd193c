"""Where the files of the embedding model are: `model.onnx`, `tokenizer.json`, `model.json`.

Owns nothing but that folder; loading and running the model is its user's business.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["folder"]


def folder() -> Path:
    """The folder with `model.onnx`, `tokenizer.json` and `model.json`."""
    return Path(__file__).parent / "model"
