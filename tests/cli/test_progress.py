"""Progress says where work stands, and once that its time is over."""

from __future__ import annotations

import io

from rich.console import Console

from twinkeel.cli.progress import display
from twinkeel.records import Tick


def test_work_beyond_its_limit_is_told_once_and_shows_no_time_left() -> None:
    out = io.StringIO()
    with display(Console(file=out, width=200), limit=1e-9) as progress:
        progress(Tick(stage="reading", detail="1 of 2 files, a.md"))
        progress(Tick(stage="calibrating"))
    text = out.getvalue()
    assert text.count("The time_limit of 0:00 is past: reading goes on.") == 1
    assert "reading: 1 of 2 files, a.md" in text
    assert "calibrating" in text
    assert "left" not in text


def test_work_within_its_limit_shows_the_time_left() -> None:
    out = io.StringIO()
    with display(Console(file=out, width=200), limit=3600) as progress:
        progress(Tick(stage="reading"))
    assert "left] reading" in out.getvalue()
    assert "is past" not in out.getvalue()
