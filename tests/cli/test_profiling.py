"""`twinkeel profile`, for people, for programs and as a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cli_runs import Ran

Cli = Callable[..., Ran]


def test_a_source_is_profiled_for_people_and_for_programs(cli: Cli) -> None:
    shown = cli("profile", "shirts", "--target", "sold")
    assert shown.code == 0
    row = next(line for line in shown.out.splitlines() if line.startswith("color "))
    assert row.split()[:5] == ["color", "category", "2", "██", "0.70"]
    assert "id looks like an identifier: left out." in shown.out
    data = cli("profile", "shirts", "--target", "sold", "--json").data
    color = next(column for column in data["columns"] if column["name"] == "color")
    assert (data["rows"], color["association"]["measure"]) == (400, "Cramer's V")


def test_a_sample_and_how_the_source_was_read_are_said(cli: Cli, folder: Path) -> None:
    settings = folder / "twinkeel.toml"
    settings.write_text(
        f'{settings.read_text()}\n[sources.few]\npath = "*.csv"\nsample_rows = 50\n'
    )
    page = folder / "few.html"
    shown = cli("profile", "few", "--html", str(page))
    assert shown.out.startswith("few: a sample of 50 of 400 rows, ")
    assert "few has 400 rows: a fixed sample of 50 was used" in shown.out
    assert "A sample of 50 of 400 rows." in page.read_text(encoding="utf-8")
    data = cli("profile", "few", "--json").data
    assert (data["rows"], data["source_rows"], len(data["notes"])) == (50, 400, 1)


def test_a_file_needs_no_project_and_the_page_works_alone(cli: Cli, tmp_path: Path) -> None:
    table, page = tmp_path / "few.csv", tmp_path / "few.html"
    days = [f"2024-01-{day:02}" for day in range(1, 31)]
    lines = [f"{day},{k},{'web' if k > 20 else 'shop'}" for k, day in enumerate(days)]
    table.write_text("\n".join(["day,count,place", *lines]))
    ran = cli("profile", str(table), "--time", "day", "--html", str(page))
    assert ran.code == 0
    assert "place changed (" in ran.out
    assert "from 100% to 0%" in ran.out or "from 0% to 100%" in ran.out
    text = page.read_text(encoding="utf-8")
    assert "vega.github.io/schema/vega-lite" in text
    assert "30 rows." in text


def test_long_cells_and_huge_numbers_take_one_short_line(cli: Cli, tmp_path: Path) -> None:
    table = tmp_path / "long.csv"
    poem = "\n".join(["a line of words"] * 300)
    rows = [f'"{poem if k % 3 else "short"}",{k}e300,{"x" if k % 2 else ""}' for k in range(60)]
    table.write_text("\n".join(["note,huge,mark", *rows]))
    out = cli("profile", str(table)).out
    assert "a line of words a line of words a lin... 67%" in out
    assert "0 to 5.9e+301" in out
    assert max(map(len, out.splitlines())) < 150
    table.write_text("a\n" + "\n".join(chr(65 + k % 26) + "\n" + "bc" for k in range(30)))
    assert "1 column.\n" in cli("profile", str(table)).out


def test_a_name_that_is_no_source_is_refused_with_the_nearest(cli: Cli) -> None:
    refused = cli("profile", "shirt")
    assert (refused.code, "did you mean 'shirts'" in refused.err) == (2, True)
    assert "the source of sold is 'shirts'" in cli("profile", "sold").err
    assert "no column 'sale'" in cli("profile", "shirts", "--target", "sale").err
