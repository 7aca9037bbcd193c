"""Reading `.npy` files: never an object that would be unpickled, never two headers at once.

numpy parses a header with `ast.literal_eval`, and CPython 3.11's parser counts its recursion per
interpreter, not per thread: two threads that read at the same moment can get a SystemError.
"""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_one_at_a_time = threading.Lock()


def array(file: Path | bytes) -> NDArray[Any]:
    """The array in a `.npy` file, given by its path or its bytes."""
    data = file if isinstance(file, bytes) else file.read_bytes()
    with _one_at_a_time:
        found: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return found
