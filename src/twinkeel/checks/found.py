"""How a finding is said: its columns, its sentence, what was done, the key that does otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from twinkeel.records import Done, Finding, Json, Severity


def found(  # noqa: PLR0913  # the parts of one record, each named
    check: str,
    columns: Sequence[str],
    sentence: str,
    *,
    done: Done = "kept",
    severity: Severity = "warning",
    key: str | None = None,
    numbers: Mapping[str, Json] | None = None,
) -> Finding:
    """A finding; without `key`, what was left out can be allowed and what was kept excluded."""
    made = Finding(
        check=check,
        columns=tuple(columns),
        found=sentence,
        done=done,
        severity=severity,
        key=key or "",
        numbers=dict(numbers or {}),
    )
    if key is not None:
        return made
    leaves_out = done == "kept" and bool(columns)
    otherwise = line("exclude", columns) if leaves_out else line("allow", [made.label])
    return msgspec.structs.replace(made, key=otherwise)


def line(key: str, names: Sequence[str]) -> str:
    """A line of `twinkeel.toml`: `exclude = ["casual", "registered"]`."""
    return f"{key} = {json.dumps(list(names), ensure_ascii=False)}"


def named(names: Sequence[str], most: int = 4) -> str:
    """Column names for a sentence."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
