"""Every block of every page runs, in order, and prints what the page shows."""

import shutil
from pathlib import Path

import pytest
from doc_blocks import DOCS, ROOT, blocks, pages, parse, same
from doc_environment import new_environment
from doc_runner import Runner

FROM_TABLE = [ROOT / "README.md", DOCS / "index.md", DOCS / "tutorial.md", DOCS / "add-a-kind.md"]
FROM_ARTICLES = DOCS / "tutorial-assistant.md"
FROM_BOTH = DOCS / "tutorial-together.md"
RUNS = [page for page in pages() if any(block.runs for block in blocks(page))]
GUIDES = [page for page in RUNS if page not in (*FROM_TABLE, FROM_ARTICLES, FROM_BOTH)]
SILENT = [page for page in pages() if page not in RUNS]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _run(page: Path, runner: Runner) -> None:
    found = blocks(page)
    if any("curl " in block.text for block in found) and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    with runner:
        for block in found:
            runner.run(block)


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in FROM_TABLE if p in RUNS], ids=_name)
def test_a_page_that_starts_from_a_table(page: Path, table_alone: Path, tmp_path: Path) -> None:
    binaries = new_environment(tmp_path / "environment")

    _run(page, Runner(tmp_path / "page", start=table_alone, binaries=binaries))


@pytest.mark.slow
def test_the_tutorial_that_starts_from_articles(articles_alone: Path, tmp_path: Path) -> None:
    _run(FROM_ARTICLES, Runner(tmp_path / "page", start=articles_alone))


@pytest.mark.slow
def test_the_tutorial_that_adds_articles_to_the_first(
    finished_tutorial: Path, articles_alone: Path, tmp_path: Path
) -> None:
    start = shutil.copytree(finished_tutorial, tmp_path / "start")
    shutil.copytree(articles_alone, start, dirs_exist_ok=True)

    _run(FROM_BOTH, Runner(tmp_path / "page", start=start))


@pytest.mark.slow
@pytest.mark.parametrize("page", GUIDES, ids=_name)
def test_a_page_that_goes_on_from_the_tutorial(
    page: Path, finished_tutorial: Path, tmp_path: Path
) -> None:
    _run(page, Runner(tmp_path / "page", start=finished_tutorial))


@pytest.mark.parametrize("page", SILENT, ids=_name)
def test_a_page_that_runs_nothing_has_valid_blocks(page: Path, tmp_path: Path) -> None:
    with Runner(tmp_path / "page") as runner:
        for block in blocks(page):
            runner.run(block)


def test_a_page_that_shows_other_output_fails(tmp_path: Path) -> None:
    (block,) = parse("a page", "```bash\necho one\n```\n\n```text\ntwo\n```\n")

    with Runner(tmp_path / "page") as runner, pytest.raises(AssertionError, match="but printed"):
        runner.run(block)


def test_what_a_page_shows_under_the_next_heading_is_no_output(tmp_path: Path) -> None:
    found = parse("a page", "```bash\necho one\n```\n\n## Next\n\n```text\ntwo\n```\n")

    with Runner(tmp_path / "page") as runner:
        for block in found:
            runner.run(block)

    assert [block.shows for block in found] == [None, None]


def test_a_command_that_fails_fails_the_page(tmp_path: Path) -> None:
    (block,) = parse("a page", "```bash\nfalse\n```\n")

    with Runner(tmp_path / "page") as runner, pytest.raises(AssertionError, match="ended with 1"):
        runner.run(block)


def test_a_wrong_twinkeel_toml_fails_the_page(tmp_path: Path) -> None:
    (block,) = parse("a page", '```toml title="twinkeel.toml"\n[projct]\n```\n')

    with Runner(tmp_path / "page") as runner, pytest.raises(Exception, match="projct"):
        runner.run(block)


@pytest.mark.parametrize(
    ("shown", "real", "agrees"),
    [
        ("roc_auc 0.84", "roc_auc   0.85\n", True),
        ("roc_auc 0.84", "roc_auc 0.70", False),
        ("7,043 rows", "7,043 rows", True),
        ("7,043 rows", "7,044 rows", False),
        ("in ... s", "in 3.1 s", True),
        ("churn@1", "churn@2", False),
    ],
)
def test_output_is_compared_by_words_and_numbers(shown: str, real: str, agrees: bool) -> None:
    assert same(shown, real) is agrees
