"""How a file writes its numbers: "1.234,56", "1,234.56" or "1'234.56" -> "1234.56", if consistent.

Owns the finding of the decimal mark in a sample of texts and the rewriting of whole columns. A
column is rewritten only if every value in the sample fits, and only where something in the file
leaves no other reading ("1.234" alone could be either). Other texts are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from twinkeel.data.types import MISSING

if TYPE_CHECKING:
    import pyarrow as pa

    from twinkeel.data.formats import Decimal

_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
_GROUPS = r"^[+-]?([1-9][0-9]{{0,2}}([{0}][0-9]{{3}})+|[0-9]+)(\{1}[0-9]+)?$"


class Marks(NamedTuple):
    """The marks between the digits of a number."""

    decimal: Decimal
    thousands: str
    """Each of these characters may be between thousands."""
    example: str

    @property
    def fits(self) -> str:
        """The pattern of a number that is written so."""
        return _GROUPS.format(self.thousands, self.decimal)

    @property
    def unusual(self) -> str:
        """The marks that plain 1234.56 does not have, or has another meaning for."""
        return self.thousands + self.decimal.replace(".", "")

    @property
    def proof(self) -> str:
        """The pattern of a number that cannot be read the other way."""
        point, group = rf"\{self.decimal}", f"[{self.thousands}]"
        if self.thousands == _APOSTROPHES:
            return group
        return rf"{group}.*({group}|{point})|{point}([0-9]{{1,2}}|[0-9]{{4,}})$|^[+-]?0{point}"


class Style(NamedTuple):
    """A way to write numbers, and the columns that have it."""

    marks: Marks
    columns: frozenset[int]
    """Positions of the columns to rewrite."""


_COMMA, _POINT = Marks(",", ".", "1.234,56"), Marks(".", ",", "1,234.56")
_SWISS = Marks(".", _APOSTROPHES, "1'234.56")


def style_of(rows: Sequence[Sequence[str]], decimal: Decimal | None = None) -> Style | None:
    """How a sample of rows writes numbers; None for plain 1234.56, which needs no rewriting.

    `decimal` says which mark it is, where it is known.
    """
    columns = [_present(column) for column in zip(*rows, strict=True)]
    if decimal is not None:
        known = [marks for marks in (_COMMA, _POINT, _SWISS) if marks.decimal == decimal]
        styles = (_style(marks, _fitting(columns, marks)) for marks in known)
        return next((style for style in styles if style is not None), None)
    for marks, other in ((_COMMA, _POINT), (_POINT, _COMMA), (_SWISS, _COMMA)):
        fitting = _fitting(columns, marks)
        if not _proved(columns, fitting, marks):
            continue
        against = _fitting(columns, other) - fitting
        return None if _proved(columns, against, other) else _style(marks, fitting)
    return None


def rewritten(column: pa.ChunkedArray, marks: Marks) -> pa.ChunkedArray:
    """A column of texts with the numbers among them written as 1234.56."""
    import pyarrow.compute as pc

    plain = pc.replace_substring_regex(column, f"[{marks.thousands}]", "")
    plain = pc.replace_substring(plain, marks.decimal, ".")
    return pc.if_else(pc.match_substring_regex(column, marks.fits), plain, column)


def _style(marks: Marks, columns: frozenset[int]) -> Style | None:
    return Style(marks, columns) if columns else None


def _present(cells: Iterable[Any]) -> list[str]:
    return [text for text in (str(cell).strip() for cell in cells) if text not in MISSING]


def _fitting(columns: Sequence[Sequence[str]], marks: Marks) -> frozenset[int]:
    """Columns whose every value is a number so written, one of them with a mark."""
    fits, unusual = re.compile(marks.fits), marks.unusual
    return frozenset(
        place
        for place, column in enumerate(columns)
        if any(mark in text for text in column for mark in unusual)
        and all(fits.search(text) for text in column)
    )


def _proved(columns: Sequence[Sequence[str]], places: Iterable[int], marks: Marks) -> bool:
    proof = re.compile(marks.proof)
    return any(proof.search(text) for place in places for text in columns[place])
