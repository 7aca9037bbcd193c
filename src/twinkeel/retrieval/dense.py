"""Meaning: texts to unit vectors with the installed embedding model, and exact search in them.

onnxruntime and tokenizers only, on the processor. Texts are embedded in batches of similar
length, so that little is computed for padding; a vector hardly depends on its batch (cosine 0.999).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from twinkeel.errors import BundleError, MissingExtra

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Tokenizer

Vectors = npt.NDArray[np.float32]

_TOKENS = 512
"""Tokens of a batch, padding included: larger ones are slower (by a third at 2,048)."""
_CHARACTERS = 4_000
"""Of a text: more than the model's 256 tokens ever hold of words."""


class Embedder:
    """An embedding model; safe to use from several threads."""

    def __init__(self, id: str, session: onnxruntime.InferenceSession, words: Tokenizer) -> None:  # noqa: A002
        self.id = id
        self._session = session
        self._words = words
        self.dimensions = int(session.get_outputs()[0].shape[1])

    @classmethod
    def open(cls, folder: Path | None = None) -> Embedder:
        """The model in a folder, by default the installed one; loaded once in a process.

        Raises MissingExtra where none is installed, BundleError for files that do not belong
        together.
        """
        return _open(folder or _installed())

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (n, d)."""
        encoded = self._words.encode_batch_fast([text[:_CHARACTERS] for text in texts])
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for batch in _batches([len(one) for one in encoded]):
            vectors[batch] = self._run([encoded[i].ids for i in batch])
        return vectors

    def _run(self, ids: Sequence[Sequence[int]]) -> Vectors:
        longest = max(len(one) for one in ids)
        given = np.zeros((len(ids), longest), dtype=np.int64)
        mask = np.zeros_like(given)
        for i, one in enumerate(ids):
            given[i, : len(one)] = one
            mask[i, : len(one)] = 1
        inputs = {"input_ids": given, "attention_mask": mask}
        vectors: Vectors = self._session.run(None, inputs)[0]
        return vectors


class Dense:
    """Exact search by cosine among unit vectors, shape (n, d)."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def scores(self, question: Vectors) -> Vectors:
        """The cosine of every vector with the question's, shape (n,)."""
        found: Vectors = self._vectors @ question
        return found


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Positions in groups of similar lengths, of at most `_TOKENS` with padding."""
    groups: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if groups and (len(groups[-1]) + 1) * lengths[i] <= _TOKENS:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _installed() -> Path:
    try:
        import twinkeel_minilm
    except ImportError:
        raise MissingExtra("twinkeel-minilm", "assistants", "Searching documents") from None
    return twinkeel_minilm.folder()


@lru_cache(maxsize=4)
def _open(folder: Path) -> Embedder:
    import onnxruntime

    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingExtra("tokenizers", "assistants", "Searching documents") from None
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    try:
        about: dict[str, Any] = msgspec.json.decode((folder / "model.json").read_bytes())
        words = Tokenizer.from_file(str(folder / "tokenizer.json"))
        session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        name = f"{about['name']} {about['graph'][:12]}"
    except Exception as error:
        raise BundleError(
            f"The embedding model in {folder.name} cannot be loaded "
            f"({type(error).__name__}); install it again."
        ) from error
    return Embedder(name, session, words)
