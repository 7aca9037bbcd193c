"""Times and sizes as people write them."""

from __future__ import annotations

import math
import re

from twinkeel.errors import ConfigError

_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


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


def _product(text: str, unit: float) -> float:
    """0 for what is no number, such as `1.2.3`."""
    try:
        return float(text) * unit
    except ValueError:
        return 0.0
