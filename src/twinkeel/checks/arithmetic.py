"""Formulas of two numbers, for many pairs at once: their values, and how well they order a target.

Refuses nothing: what cannot be computed, such as a ratio to 0, is missing.
"""

from __future__ import annotations

import numpy as np

from twinkeel.checks.subject import Floats

SIGNS = ("+", "-", "*", "/", "\\")
"""The last is the ratio the other way round: the second over the first."""


def formula(first: str, second: str, sign: str) -> str:
    """The formula as text."""
    return f"{second} / {first}" if sign == "\\" else f"{first} {sign} {second}"


def put(a: Floats, b: Floats, sign: str) -> Floats:
    """Two arrays of one shape put together, NaN where that is no number."""
    with np.errstate(all="ignore"):
        if sign in "+-":
            value = a + b if sign == "+" else a - b
        elif sign == "*":
            value = a * b
        else:
            value = a / b if sign == "/" else b / a
    return np.asarray(np.where(np.isfinite(value), value, np.nan), dtype=np.float64)


def correlations(values: Floats, y: Floats) -> Floats:
    """(k,) absolute rank correlations of the columns of (m, k) with the ranks (m,)."""
    filled = np.where(np.isnan(values), np.nanmedian(np.nan_to_num(values), axis=0), values)
    order = np.argsort(filled, axis=0, kind="stable")
    place = np.empty_like(filled)
    np.put_along_axis(place, order, np.arange(len(y), dtype=np.float64)[:, None], axis=0)
    place -= place.mean(axis=0)
    centred = y - y.mean()
    size = np.sqrt((place**2).sum(axis=0) * (centred**2).sum())
    return np.asarray(np.abs(centred @ place) / np.maximum(size, 1e-12))
