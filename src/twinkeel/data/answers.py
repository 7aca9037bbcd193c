"""What a version says of a table: its outputs as columns, and what was unusual, by row.

Owns the record that goes from those who answer by column to those who write it down. Needs numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twinkeel.data.table import Array


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """The answers to n rows, all arrays of shape (n,) and as in a `Table`."""

    values: dict[str, Array]
    """One column per output, by its name in the signature; a list is its JSON."""
    warnings: Mapping[int, list[str]]
    """Row position to sentences about what was unusual in it."""

    def columns(self, n: int) -> dict[str, Array]:
        """The columns of a table of `n` rows: a record's part is NAME_PART, and `warnings` last."""
        warned = np.full(n, "", dtype=object)
        for row, sentences in self.warnings.items():
            warned[row] = " ".join(sentences)
        return {column_name(name): cells for name, cells in self.values.items()} | {
            "warnings": warned
        }


def column_name(output: str) -> str:
    """An output of a signature as the name of a column."""
    return output.replace(".", "_", 1)
