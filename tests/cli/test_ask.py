"""Asking a version that converses: the answer, its sources, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runs import Ran, spawn, write

from twinkeel import Project
from twinkeel.errors import UsageError
from twinkeel.records import Message

Cli = Callable[..., Ran]


@pytest.fixture
def shop(tmp_path: Path, cli: Cli) -> Path:
    """A project whose component `sold` converses, built and in production."""
    folder = write(tmp_path / "shop", gate=">= 0.6")
    toml = folder / "twinkeel.toml"
    toml.write_text(toml.read_text().replace('"lookup"', '"clerk"'))
    cli("build", "sold", project=folder)
    cli("release", "sold", project=folder)
    return folder


def test_an_answer_comes_with_numbered_sources(cli: Cli, shop: Path) -> None:
    ran = cli("ask", "sold", "What", "about", "red?", project=shop)

    lines = ran.out.splitlines()
    assert (ran.code, lines[0][:10]) == (0, "Red shirts")
    assert "  1  The [i]rules[/i] (rules.md, page 3): Shirts › Colours" in lines
    assert '     "Red shirts �[31msell�[0m best."' in lines
    assert lines[-2:] == ["sold@1", "  note: Said loudly."]


def test_a_document_cannot_drive_the_terminal(cli: Cli, shop: Path) -> None:
    assert "\x1b" not in cli("ask", "sold", "red", project=shop).out


def test_the_json_is_the_whole_output(cli: Cli, shop: Path) -> None:
    data = cli("ask", "sold@1", "red", "--json", project=shop).data

    assert (data["version"], data["values"]["abstained"]) == ("sold@1", False)
    (citation,) = data["values"]["citations"]
    assert (citation["document"], citation["page"], citation["start"]) == ("rules.md", 3, 32)


def test_no_answer_is_said_and_is_no_failure(cli: Cli, shop: Path) -> None:
    ran = cli("ask", "sold", "What about blue?", project=shop)

    assert ran.code == 0
    assert ran.out.splitlines() == [
        "The rules do not say.",
        "",
        "sold@1  did not find an answer",
    ]


def test_a_question_comes_on_standard_input(shop: Path) -> None:
    assert spawn("ask", "sold", stdin="And red?\n", cwd=shop).out.startswith("Red shirts")
    silent = spawn("ask", "sold", stdin=" \n", cwd=shop)
    assert (silent.code, silent.err.count("\n")) == (2, 1)
    assert "Give a question" in silent.err


def test_what_does_not_converse_says_how_to_ask_it(cli: Cli, folder: Path) -> None:
    cli("build", "sold")
    cli("release", "sold")

    ran = cli("ask", "sold", "What about red?")

    assert (ran.code, ran.err) == (
        2,
        "sold@1 does not converse: call it with its inputs.\n",
    )


def test_in_python_earlier_messages_go_along(shop: Path) -> None:
    project = Project.open(shop)
    before = [Message(role="user", text="Red?"), Message(role="assistant", text="Best.")]

    assert project.ask("sold", "Why?").values["abstained"]
    assert not project.ask("sold", "Why?", history=before).values["abstained"]
    with pytest.raises(UsageError, match="empty"):
        project.ask("sold", "  ")
    project.close()
