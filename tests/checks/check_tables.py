"""Tables made for one trap each, and what the checks say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinkeel.checks.run import Checked, check
from twinkeel.checks.subject import subject
from twinkeel.data.table import Table
from twinkeel.records import Finding

ROWS = 600


def random(seed: int = 0) -> np.random.Generator:
    """Where all randomness of a table comes from."""
    return np.random.default_rng(seed)


def column(values: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    """Numbers as they are, anything else as texts."""
    array = np.asarray(values)
    return array if array.dtype.kind in "iufM" else np.asarray(values, dtype=object)


def checked(
    columns: Mapping[str, Any],
    target: Sequence[Any] | NDArray[Any],
    *,
    allow: Sequence[str] = (),
    held_out: NDArray[np.bool_] | None = None,
    roles: Sequence[str] = (),
) -> Checked:
    """What all checks find; a target of floats is a number, anything else a class."""
    labels = column(target)
    n = len(labels)
    held = np.arange(n) % 5 == 0 if held_out is None else held_out
    table = Table({name: column(values) for name, values in columns.items()})
    looked_at = subject(table, target="y", labels=labels, held_out=held, roles=roles)
    return check(looked_at, allow=allow)


def of(found: Checked, name: str) -> list[Finding]:
    """The findings of one check."""
    return [one for one in found.findings if one.check == name]


def only(found: Checked, name: str) -> Finding:
    """The one finding of a check."""
    (one,) = of(found, name)
    return one


def noise(rows: int = ROWS, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Three columns without any trap."""
    rng = random(seed)
    return {
        "a": rng.normal(size=rows),
        "b": rng.normal(size=rows),
        "c": np.asarray(rng.choice(["x", "y", "z"], rows), dtype=object),
    }


def classes(columns: Mapping[str, NDArray[Any]], seed: int = 1) -> list[str]:
    """A class that follows the column `a` with much noise."""
    values = columns["a"] + random(seed).normal(size=len(columns["a"]))
    return np.where(values > 0, "yes", "no").tolist()
