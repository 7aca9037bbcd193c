"""The target of a classifier: which classes there are, in which order, and what mistakes cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twinkeel.errors import ConfigError, InputError
from twinkeel.plugins import suggestion

Costs = Mapping[str, Mapping[str, float]]
"""What a decision costs: true class to decided class to money; what is not given costs 0."""


def classes_of(labels: NDArray[np.object_], positive: str | None) -> tuple[str, ...]:
    """The classes in the order of a model's probabilities; of two, the positive one second.

    Without `positive` it is the rarer one. Raises InputError for fewer than two classes,
    ConfigError where `positive` is not one of two.
    """
    counts = Counter(labels.tolist())
    names = _sorted(counts)
    if len(names) < 2:
        found = f"only the class {names[0]!r}" if names else "no class at all"
        raise InputError(
            f"The target has {found}: expected two classes or more; give rows of another class."
        )
    if positive is not None and (positive not in names or len(names) > 2):
        end = suggestion(positive, names) if len(names) == 2 else f"; there are {len(names)}."
        raise ConfigError(f"positive must be one of two classes, not {positive!r}{end}")
    if len(names) > 2:
        return names
    second = positive or min(reversed(names), key=lambda name: counts[name])
    return tuple(sorted(names, key=lambda name: name == second))


def indices(labels: NDArray[np.object_], classes: Sequence[str]) -> NDArray[np.intp]:
    """(n,) position of each label among `classes`."""
    place = {name: k for k, name in enumerate(classes)}
    return np.array([place[label] for label in labels], dtype=np.intp)


def cost_matrix(costs: Costs, classes: Sequence[str]) -> NDArray[np.float64]:
    """(classes, classes) money, true class by row. Raises ConfigError for unknown classes."""
    for name in {*costs, *(decided for row in costs.values() for decided in row)}:
        if name not in classes:
            raise ConfigError(f"costs: there is no class {name!r}{suggestion(name, list(classes))}")
    matrix = np.array(
        [[float(costs.get(true, {}).get(decided, 0.0)) for decided in classes] for true in classes]
    )
    if not np.isfinite(matrix).all():
        raise ConfigError("costs must be finite numbers.")
    return matrix


def _sorted(names: Counter[str]) -> tuple[str, ...]:
    """Numbers by size, else texts by the alphabet."""
    try:
        return tuple(sorted(names, key=lambda name: (float(name), name)))
    except ValueError:
        return tuple(sorted(names))
