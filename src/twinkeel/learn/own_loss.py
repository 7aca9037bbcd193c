"""A loss that the user wrote, as `loss = "module:function"` names it.

It is known by its slopes alone, as boosters define one: `function(y_true, raw_score)` gives the
first and the second derivative of each row's loss by its raw score. How large the loss itself is,
less what it is at another score, is the integral of the first. Refuses what gives no two finite
numbers a row.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinkeel import plugins
from twinkeel.errors import ConfigError

Floats = NDArray[np.float64]

_NODES, _SHARES = np.polynomial.legendre.leggauss(8)
"""Where between two scores the slope is asked for, and what it counts (Gauss and Legendre)."""
_FLATTEST = 1e-6
"""A smaller second derivative is taken to be this: a step goes nowhere without one."""
_STEPS, _LONGEST = 30, 4.0
"""Newton's steps to the best same score for every row, and how far one goes."""
_found = cache(plugins.function)


class Slopes(NamedTuple):
    """The derivatives of n rows' losses by their scores, each (n,)."""

    first: Floats
    second: Floats


@dataclass(frozen=True)
class OwnLoss:
    """A function, or its import path from the project's folder `root` or installed.

    It can be sent to another process, which imports it anew.
    """

    named: Callable[..., Any] | str
    root: Path | None = None

    @property
    def where(self) -> str:
        """What errors call it."""
        name = self.named if isinstance(self.named, str) else self.name
        return f"loss {name!r}"

    @property
    def name(self) -> str:
        """The function's own name."""
        if isinstance(self.named, str):
            return self.named.rpartition(":")[2]
        return str(getattr(self.named, "__name__", self.named))

    @property
    def mark(self) -> str:
        """Tells what was learned with this function, as it is now, from what was not."""
        try:
            text = Path(inspect.getfile(self.function)).read_bytes()  # what it reads is there too
        except (OSError, TypeError):
            text = self.name.encode()
        return f"-{hashlib.sha256(text).hexdigest()[:8]}"

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself. Raises ConfigError."""
        if not isinstance(self.named, str):
            if not callable(self.named):
                raise ConfigError(f"loss must be a function, not {self.named!r}.")
            return self.named
        try:
            return _found(self.named, self.root)
        except ConfigError as error:
            raise ConfigError(f"loss {error}") from None

    def checked(self) -> OwnLoss:
        """The same, tried on three rows. Raises ConfigError."""
        self.slopes(np.array([0.0, 1.0, 1.0]), np.zeros(3))
        return self

    def slopes(self, truth: NDArray[Any], raw: Floats) -> Slopes:
        """Both derivatives for (n,) truths and scores. Raises ConfigError."""
        try:
            found = self.function(truth, raw)
        except ConfigError:
            raise
        except Exception as error:
            text = " ".join(str(error).split()).rstrip(".")
            raise ConfigError(
                f"{self.where} raised {type(error).__name__}: {text}, for {len(raw):,} rows."
            ) from error
        try:
            first, second = (np.asarray(one, dtype=np.float64) for one in found)
        except (TypeError, ValueError):
            raise ConfigError(
                f"{self.where} must give two arrays, the first and the second derivative of each "
                f"row's loss by its raw score; it gave a {type(found).__name__}."
            ) from None
        for one in (first, second):
            if one.shape != raw.shape or not np.isfinite(one).all():
                what = "not finite" if one.shape == raw.shape else f"of shape {one.shape}"
                raise ConfigError(
                    f"{self.where} must give two finite numbers for each of {len(raw):,} rows; "
                    f"what it gave is {what}."
                )
        return Slopes(first, np.maximum(second, _FLATTEST))

    def rise(self, truth: NDArray[Any], raw: Floats, base: Floats) -> Floats:
        """(n,) how much larger each row's loss is at `raw` than at `base`."""
        away = (raw - base) / 2
        total = np.zeros(len(raw))
        for node, share in zip(_NODES, _SHARES, strict=True):
            total += share * self.slopes(truth, base + (node + 1) * away).first
        return total * away

    def shifted(self, truth: NDArray[Any], weight: Floats, score: float, scale: float) -> float:
        """The one score that is best for all rows, from `score` on in steps of a few `scale`."""
        for _ in range(_STEPS):
            first, second = self.slopes(truth, np.full(len(truth), score))
            step = float(weight @ first) / float(weight @ second)
            score -= float(np.clip(step, -_LONGEST * scale, _LONGEST * scale))
            if abs(step) < 1e-4 * scale:
                break
        return score
