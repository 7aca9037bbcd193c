"""Times and sizes as people write them."""

from __future__ import annotations

import math
import re

from twinkeel.errors import ConfigError

_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_STEP = 10**7


def seconds(text: str, where: str) -> float:
    """`40s`, `2 min`, `1.5h` or `90d` in seconds; raises ConfigError."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*(s|m|min|h|d)\s*", text)
    value = _product(match[1], _UNITS[match[2]]) if match else 0.0
    if not 0 < value < math.inf:
        raise ConfigError(f"{where} must be a time such as 40s, 5m, 2h or 90d, not {text!r}.")
    return value


def size(text: str, where: str) -> int:
    """`4 GB` or `512 MiB` in bytes; raises ConfigError."""
    match = re.fullmatch(rf"\s*([0-9.]+)\s*({'|'.join(_BYTES)})\s*", text)
    value = _product(match[1], _BYTES[match[2]]) if match else 0.0
    if not 1 <= value < math.inf:
        raise ConfigError(f"{where} must be a size such as 512 MB or 4 GB, not {text!r}.")
    return int(value)


def unit(text: str) -> str:
    """The unit in which a size, that `size` can read, was written."""
    return text.strip().lstrip("0123456789. ")


def shown(count: int, unit: str, *, up: bool = False) -> str:
    """So many bytes in a unit; rounded `up`, to 0.1 of large units and tens of the others."""
    value = count / _BYTES[unit]
    if unit == "B":
        value = math.ceil(value / _STEP) * _STEP if up else value
        return f"{value:,.0f} bytes"
    if up:
        value = math.ceil(value * 10) / 10 if _BYTES[unit] >= 10**9 else math.ceil(value / 10) * 10
    return f"{value:.10g} {unit}" if up else f"{value:.4g} {unit}"


def _product(text: str, unit: float) -> float:
    """0 for what is no number, such as `1.2.3`."""
    try:
        return float(text) * unit
    except ValueError:
        return 0.0
