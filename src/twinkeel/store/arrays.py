"""Arrays in `.npy` files: never an object that would be unpickled, never two headers at once.

numpy parses a header with `ast.literal_eval`, and CPython 3.11's parser counts its recursion per
interpreter, not per thread: two threads that read at the same moment can get a SystemError.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_T = TypeVar("_T", bound="DataclassInstance")
_one_at_a_time = threading.Lock()


def array(file: Path | bytes) -> NDArray[Any]:
    """The array in a `.npy` file, given by its path or its bytes."""
    data = file if isinstance(file, bytes) else file.read_bytes()
    with _one_at_a_time:
        found: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return found


def mapped(path: Path) -> NDArray[Any]:
    """The array in a `.npy` file, left on the disk and read as it is used; not to be written."""
    with _one_at_a_time:
        found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return found.view(np.ndarray)


def save(record: DataclassInstance, folder: Path) -> None:
    """Write a dataclass of arrays, one `.npy` file per field, into `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for field in fields(record):
        np.save(folder / f"{field.name}.npy", getattr(record, field.name), allow_pickle=False)


def load(kind: type[_T], read: Callable[[str], bytes], folder: str) -> _T:
    """What `save` wrote, from `read`, which gives the bytes of a file by its name."""
    return kind(*(array(read(f"{folder}/{field.name}.npy")) for field in fields(kind)))
