"""An assistant in German: its own stems and stop words, and plain words to another language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from fees import TOML
from twinkeel.project import Project

PRICES = {
    "Papierrechnungen": 2, "Rufumleitungen": 3, "Zweitrouter": 4, "Filmverleih": 5,
    "Geräteversicherungen": 6, "Festadressen": 7, "Anrufbeantworter": 8, "Rufnummern": 9,
    "Kündigungen": 10, "Mahnungen": 11, "Kinderschutz": 12, "Eilversand": 13,
}  # fmt: skip
ASKED = ("Was kosten {}?", "Wie hoch ist die Gebühr für {}?", "Welchen Preis haben {} im Monat?")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("german")
    (folder / "help").mkdir()
    lines = []
    for name, euros in PRICES.items():
        text = f"# {name}\n\nDie Gebühr für {name} beträgt {euros} € im Monat.\n"
        (folder / "help" / f"{name}.md").write_text(text)
        lines += [
            {"question": one.format(name), "documents": [f"{name}.md"], "answers": [f"{euros} €"]}
            for one in ASKED
        ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    toml = TOML.replace("risk = 0.4", 'risk = 0.4\nlanguage = "de"')
    (folder / "twinkeel.toml").write_text(toml.partition("[components.support.gates]")[0])
    with closing(Project.open(folder)) as project:
        project.build("support")
        project.release("support")
        yield project


def test_another_form_of_the_word_is_found(project: Project) -> None:
    answer = project.ask("support", "Wie hoch ist die Gebühr für eine Kündigung?").values

    assert answer["citations"][0]["document"] == "Kündigungen.md"
    assert "10 €" in answer["answer"]


def test_it_says_in_the_language_of_the_documents_that_it_found_nothing(project: Project) -> None:
    answer = project.ask("support", "Wer hat die Meisterschaft im Sommer gewonnen?").values

    assert answer["abstained"]
    assert answer["answer"] == "Ich habe in den Dokumenten keine Antwort darauf gefunden."


def test_a_question_in_another_language_is_told_plainly(project: Project) -> None:
    answer = project.ask("support", "How much do I have to pay for the cancellation?").values

    assert answer["abstained"]
    assert answer["answer"] == (
        "I can only answer questions in German, the language of the documents."
    )
