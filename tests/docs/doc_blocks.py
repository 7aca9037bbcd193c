"""The fenced blocks of a Markdown page, and what each one is.

Owns the few rules that make a page executable, so that the pages need no hidden marks:

- `bash` and `python` blocks run in the order of the page, `toml` and `json` blocks are parsed;
- a `text` block right below one that ran, under the same heading, shows its output, where `...`
  stands for anything;
- a title that is a path, as title="twinkeel.toml", makes the block a file that is written;
- a title that begins with "not run in the tests" is the one way not to run;
- blocks under a tab named Python run in a copy of the project of their own.

Refuses a fence without a language or with one that no rule covers: nothing goes unchecked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LANGUAGES = ("bash", "python", "toml", "json", "text", "mermaid")
NOT_RUN = "not run in the tests"

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)(?P<info>[^`]*)$")
_TITLE = re.compile(r'title="([^"]*)"')
_TAB = re.compile(r'^=== "([^"]*)"$')
_HEADING = re.compile(r"^#+ ")
_ANYTHING = "\0"
_DECIMAL = re.compile(r"[-+]?\d+\.\d+")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str
    line: int
    language: str
    text: str
    title: str = ""
    tab: str = ""
    section: str = ""
    """The heading above it."""
    shows: str | None = None
    """The output that the page shows below it."""

    @property
    def runs(self) -> bool:
        """Whether it is a command or a program, and not a file or an exception."""
        return self.language in ("bash", "python") and not self.title

    @property
    def file(self) -> str | None:
        """The path that the block is the contents of."""
        return self.title if self.title and not self.title.startswith(NOT_RUN) else None

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page that is checked: those of the site, and the Markdown at the repository's root."""
    return sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def blocks(page: Path) -> list[Block]:
    """The blocks of a page in order, outputs joined to what they are the output of."""
    return parse(page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8"))


def parse(page: str, text: str) -> list[Block]:
    """The blocks of the text of a page; raises AssertionError naming a block without a rule."""
    joined: list[Block] = []
    for block in _fenced(page, text):
        if block.language not in LANGUAGES:
            raise AssertionError(f"{block.place}: no rule for a {block.language!r} block.")
        before = joined[-1] if joined else None
        if block.language == "text" and before is not None and _may_show(before, block):
            joined[-1] = Block(**{**before.__dict__, "shows": block.text})
        else:
            joined.append(block)
    return joined


def same(shown: str, real: str) -> bool:
    """Whether real output is what a page shows.

    `...` stands for any text. A number with a decimal point may differ by a tenth or by 0.05:
    scores agree between machines within their intervals, not to the digit.
    """
    shown, real = re.sub(r" ?\.\.\. ?", _ANYTHING, _words(shown)), _words(real)
    pattern = "".join(
        ".*?" if part == _ANYTHING else r"([-+]?\d+\.\d+)" if number else re.escape(part)
        for part, number in _parts(shown)
    )
    match = re.fullmatch(pattern, real, re.DOTALL)
    if match is None:
        return False
    numbers = [float(part) for part, number in _parts(shown) if number]
    return all(
        math.isclose(ours, float(theirs), rel_tol=0.1, abs_tol=0.05)
        for ours, theirs in zip(numbers, match.groups(), strict=True)
    )


def _may_show(ran: Block, output: Block) -> bool:
    return ran.runs and ran.shows is None and ran.section == output.section


def _fenced(page: str, text: str) -> Iterator[Block]:
    tab, section, opened, start, lines = "", "", None, 0, []
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is not None:
            if line.strip() == "```":
                title = _TITLE.search(opened["info"])
                yield Block(
                    page=page,
                    line=start,
                    language=opened["language"],
                    text="".join(f"{row[len(opened['indent']) :]}\n" for row in lines),
                    title=title[1] if title else "",
                    tab=tab if opened["indent"] else "",
                    section=section,
                )
                opened, lines = None, []
            else:
                lines.append(line)
        elif fence:
            opened, start = fence, number
        elif _HEADING.match(line):
            section = line
        elif _TAB.match(line):
            tab = _TAB.match(line)[1]  # type: ignore[index]  # matched on the line above
    if opened is not None:
        raise AssertionError(f"{page}:{start}: the block is never closed.")


def _words(text: str) -> str:
    """Text with every run of spaces, line ends and rules as one: columns may move."""
    return re.sub("─+", "─", " ".join(text.split()))


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of shown output, and whether each is a decimal number."""
    for piece in re.split(f"({_ANYTHING})", text):
        at = 0
        for match in _DECIMAL.finditer(piece):
            yield piece[at : match.start()], False
            yield match[0], True
            at = match.end()
        yield piece[at:], False
