"""Two contracts compared, in sentences: what differs for those who send rows.

A difference breaks callers where a call that the old contract reads may be refused by the new one.
Everything else that differs is said too, and breaks nothing: such calls are answered, with a
warning at most. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twinkeel.data.columns import Column
from twinkeel.data.contract import Contract
from twinkeel.data.types import ISO, day_text, days
from twinkeel.records import ColumnExpectation, Record

_TEXTS = frozenset({"category", "text"})
_AMOUNTS = frozenset({"number", "integer"})
_SHOWN = 5


class Difference(Record, frozen=True):
    """One thing that differs between two contracts."""

    column: str
    sentence: str
    breaking: bool
    """A call that the old contract reads may be refused by the new one."""


def differences(old: Contract, new: Contract) -> tuple[Difference, ...]:
    """Everything that differs from `old` to `new`; what breaks callers comes first."""
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    found = [_gone(name, new) for name in before if name not in after]
    for name, column in after.items():
        known = before.get(name)
        found += [_added(column)] if known is None else _changed(known, column)
        found += _expected(name, _stopping(old, name), _stopping(new, name))
    return tuple(sorted(found, key=lambda one: not one.breaking))


def _gone(name: str, new: Contract) -> Difference:
    then = "it may still be sent" if name in new.known else "a call that sends it gets a warning"
    return _said(name, f"is not read any more: {then}")


def _added(column: Column) -> Difference:
    then = "a call without it is refused" if column.required else "it may be left out"
    return _said(column.name, f"({column.type}) is new: {then}", breaking=column.required)


def _changed(old: Column, new: Column) -> list[Difference]:
    found = []
    if new.required and not old.required:
        found.append(
            _said(new.name, "is required now: a call without it is refused", breaking=True)
        )
    if old.required and not new.required:
        found.append(_said(new.name, "may be left out now"))
    if old.type == new.type:
        return [*found, *_details(old, new)]
    refused = not _reads_all_of(old, new)
    then = "values that it took are refused" if refused else "its values are still read"
    what = f"was {old.type} and is {new.type} now: {then}"
    return [*found, _said(new.name, what, breaking=refused)]


def _reads_all_of(old: Column, new: Column) -> bool:
    """Whether a column of another type reads every cell that the old one does."""
    return new.type in _TEXTS or (old.type in _AMOUNTS and new.type in _AMOUNTS)


def _details(old: Column, new: Column) -> Iterator[Difference]:
    """What differs between two columns of one type."""
    if old.type == "date" and old.date_format not in (None, ISO, new.date_format):
        then = f"is read as {new.date_format} now: dates as before are refused"
        yield _said(new.name, f"was written as {old.date_format} and {then}", breaking=True)
    if old.type == "boolean" and _counts(old) and not _counts(new):
        yield _said(new.name, "is yes or no now: 2 and more are refused", breaking=True)
    if old.type == "category":
        yield from _categories(old, new)
    if (old.low, old.high) != (new.low, new.high):
        yield _said(new.name, f"had {_range(old)} while learning and has {_range(new)} now")
    if old.nullable and not new.nullable:
        yield _said(new.name, "had missing values while learning: now they get a warning")


def _counts(column: Column) -> bool:
    return bool(column.values) and set(column.values) <= {"0", "1"}


def _categories(old: Column, new: Column) -> Iterator[Difference]:
    if not (old.values and new.values):
        return  # too many to be listed
    gone, fresh = (
        sorted(set(one.values) - set(other.values)) for one, other in ((old, new), (new, old))
    )
    if gone:
        yield _said(new.name, f"was not seen any more as {_listed(gone)}: these get a warning")
    if fresh:
        yield _said(new.name, f"was also seen as {_listed(fresh)}")


def _stopping(contract: Contract, name: str) -> ColumnExpectation:
    """What is expected of a column on pain of refusal."""
    expected = contract.expectations
    found = expected.columns.get(name) if expected.on_violation == "stop" else None
    return found or ColumnExpectation()


def _expected(name: str, old: ColumnExpectation, new: ColumnExpectation) -> Iterator[Difference]:
    """What served rows are refused for; an expectation that is dropped breaks nothing."""
    for key, word in (("min", "at least"), ("max", "at most"), ("values", "one of")):
        was, now = getattr(old, key), getattr(new, key)
        if was == now:
            continue
        if now is None:
            yield _said(name, f"is not expected to be {word} {_bound(was)} any more")
        else:
            breaking = was is None or not _within(key, was, now)
            yield _said(name, f"is expected to be {word} {_bound(now)} now", breaking=breaking)
    if new.type != old.type and new.type is not None:
        yield _said(name, f"is expected to be of type {new.type} now", breaking=True)
    if new.missing == 0 and old.missing != 0:
        yield _said(name, "is expected to have a value always now", breaking=True)


def _within(key: str, old: object, new: object) -> bool:
    """Whether all that the old limit lets through, the new one does."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        return set(map(str, old)) <= set(map(str, new))
    if isinstance(old, int | float) and isinstance(new, int | float):
        return new <= old if key == "min" else new >= old
    if isinstance(old, str) and isinstance(new, str):
        return days(new) <= days(old) if key == "min" else days(new) >= days(old)
    return False


def _bound(limit: object) -> str:
    if isinstance(limit, tuple):
        return _listed(limit)
    return f"{limit:.15g}" if isinstance(limit, int | float) else str(limit)


def _range(column: Column) -> str:
    if column.low is None or column.high is None:
        return "no range"
    if column.type == "date":
        return f"{day_text(column.low)} to {day_text(column.high)}"
    return f"{column.low:.6g} to {column.high:.6g}"


def _listed(values: Sequence[object]) -> str:
    each = [str(value) for value in values]
    rest = f" and {len(each) - _SHOWN} more" if len(each) > _SHOWN else ""
    return f"{', '.join(each[:_SHOWN])}{rest}"


def _said(column: str, what: str, *, breaking: bool = False) -> Difference:
    return Difference(column=column, sentence=f"{column} {what}.", breaking=breaking)
