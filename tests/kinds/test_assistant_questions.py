"""Questions are read, refused and split; conversations and languages are told apart."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from twinkeel.errors import TwinkeelError
from twinkeel.kinds.assistant import dialogue, language
from twinkeel.kinds.assistant.judging import is_right
from twinkeel.kinds.assistant.questions import Expected
from twinkeel.lifecycle.build import task_for_cases
from twinkeel.lifecycle.components import component
from twinkeel.project import Project

TOML = """
[project]
name = "help"

[sources.help]
path = "help/*"

[components.support]
kind = "assistant"
source = "help"
cases = "questions.jsonl"
"""
LINE = '{"question": "What is %d?", "documents": ["a.md"]}'


def cases(folder: Path, questions: str, options: str = ""):
    (folder / "help").mkdir(exist_ok=True)
    (folder / "help" / "a.md").write_text("# A\n\nA text.\n")
    (folder / "questions.jsonl").write_text(questions)
    (folder / "twinkeel.toml").write_text(TOML + options)
    with closing(Project.open(folder)) as project, project.store.scratch() as scratch:
        what = component(project.config, "support")
        return what.kind.cases(task_for_cases(project.config, project.store, what, scratch))


def test_about_half_judges_and_added_questions_move_none(tmp_path):
    few = cases(tmp_path, "\n".join(LINE % i for i in range(100)))
    more = cases(tmp_path, "\n".join(LINE % i for i in range(200)))

    assert 30 <= len(few) <= 70
    first = {f"What is {i}?" for i in range(100)}
    assert [one for one in more.inputs["question"] if one in first] == few.inputs["question"]


def test_slices_are_by_answer_and_by_document(tmp_path):
    unanswerable = LINE.replace('"documents": ["a.md"]', '"answerable": false')
    asked = [line % i for i in range(40) for line in (LINE, unanswerable.replace("is", "was"))]

    found = cases(tmp_path, "\n".join(asked))

    pairs = set(zip(found.slices["answerable"], found.slices["document"], strict=True))
    assert pairs == {("yes", "a.md"), ("no", "none")}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "questions.jsonl line 1 is not a JSON object"),
        ("[]", "questions.jsonl line 1: Expected `object`, got `array`"),
        ('{"question": " "}', "line 1 has an empty question"),
        ('{"question": "a?"}', "line 1 expects nothing: add documents, passages or answers"),
        ('{"question": "a?", "answer": "b"}', "contains unknown field `answer`"),
        ('{"question": "a?", "answers": ["b"], "answerable": false}', "cannot be unanswerable and"),
        ("", "questions.jsonl holds no question"),
        (LINE % 1, "1 questions cannot be split"),
    ],
)
def test_a_wrong_file_of_questions_is_one_sentence(tmp_path, line, sentence):
    with pytest.raises(TwinkeelError) as caught:
        cases(tmp_path, line)

    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ('routes = ["openai:gpt"]', "routes: 'openai:gpt' cannot answer yet"),
        ("routes = []", "routes is empty"),
        ('tools = ["churn"]', "tools: tools cannot be called yet"),
        ("risk = 1.5", "risk must be more than 0 and less than 1, not 1.5"),
        ("top_k = 0", "top_k must be 1 to 100, not 0"),
        ('language = "tlh"', "language: 'tlh' is not known; expected one of ar, ca"),
    ],
)
def test_a_wrong_option_is_one_sentence(tmp_path, option, sentence):
    with pytest.raises(TwinkeelError) as caught:
        cases(tmp_path, "\n".join(LINE % i for i in range(9)), option)

    assert str(caught.value).startswith("[components.support] ")
    assert sentence in str(caught.value)


def test_a_missing_file_of_questions_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "TOML", TOML.replace("questions", "other"))

    with pytest.raises(TwinkeelError, match=r"there is no file other.jsonl; correct the path"):
        cases(tmp_path, LINE % 1)


@pytest.mark.parametrize(
    "question",
    ["And how much is it?", "What about fiber?", "Why?", "How do I cancel it?", "Who else?"],
)
def test_a_question_that_leans_is_looked_for_with_the_one_before(question):
    asked = dialogue.asked(question, ["How do I order online backup?"])

    assert asked.question == question
    assert asked.context == f"How do I order online backup? {question}"


def test_a_question_that_stands_by_itself_is_looked_for_by_itself():
    asked = dialogue.asked("How do I reset the router?", ["What does streaming cost?"])

    assert asked.context is None


def test_a_chain_of_leaning_questions_reaches_back_to_what_they_are_about():
    asked = dialogue.asked("And when?", ["What does online backup cost?", "And how do I order it?"])

    assert asked.context == "What does online backup cost? And how do I order it? And when?"


def test_a_long_question_is_cut():
    asked = dialogue.asked("a" * 100_000, [])

    assert len(asked.question) == dialogue.LONGEST
    assert asked.cut == 100_000 - dialogue.LONGEST


@pytest.mark.parametrize(
    "question",
    [
        "Wie kann ich meinen Vertrag kündigen und was kostet das?",
        "Comment puis-je payer ma facture avec une carte ?",
        "¿Cómo puedo cancelar el contrato de internet?",
        "Как мне оплатить счёт?",
        "請求書の支払い方法は何ですか",
        "كيف أدفع الفاتورة؟",
    ],
)
def test_other_languages_are_told(question):
    assert language.is_other(question, "en")


@pytest.mark.parametrize(
    "question",
    ["What is the fee?", "router", "?", "", "cancel contract", "DSL or fiber", "el router"],
)
def test_a_doubtful_text_is_taken_for_the_language(question):
    assert not language.is_other(question, "en")


def test_an_answer_is_right_where_it_says_and_cites_what_was_expected():
    expected = Expected(answerable=True, documents=("a.md",), answers=("the $6 fee",))

    assert is_right(expected, "It is The\n$6  fee.", [("a.md", "q")])
    assert not is_right(expected, "It is the $6 fee.", [("b.md", "q")])
    assert not is_right(expected, "It is $6.", [("a.md", "q")])
    assert not is_right(expected, "It is the $6 fee.", [])
    assert not is_right(Expected(answerable=False), "Anything.", [("a.md", "q")])
