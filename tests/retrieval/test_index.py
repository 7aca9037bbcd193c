"""A question finds its passage, by words and by meaning; segments survive being written."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from twinkeel.errors import BundleError
from twinkeel.retrieval import documents, lexical, segments
from twinkeel.retrieval.dense import Embedder
from twinkeel.retrieval.index import Index, best, join
from twinkeel.retrieval.languages import STEMMERS
from twinkeel.retrieval.lexical import Lexical
from twinkeel.retrieval.segments import Segment
from twinkeel.store import arrays

HELP = {
    "bill.md": "# Your bill\n\n## Late payment\n\nA late fee of $6 is added after ten days.",
    "tv.md": "# Television\n\nStreaming films costs ten dollars a month.",
    "move.md": "# Moving house\n\nTell us your new address two weeks before you relocate.",
}


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.open()


@pytest.fixture(scope="module")
def index(embedder: Embedder) -> Index:
    made = [
        segments.make(documents.parse(text.encode(), name), embedder) for name, text in HELP.items()
    ]
    return Index.open([Segment.read(*segment.written()) for segment in made], embedder)


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("When is the late fee added?", "bill.md"),
        ("What do movies cost?", "tv.md"),
        ("I am going to live in a different flat", "move.md"),
    ],
)
def test_the_right_passage_is_first(index: Index, question: str, document: str) -> None:
    first = index.search(question, 2)[0]
    assert first.passage.document == document
    assert HELP[document][first.passage.start : first.passage.end] == first.passage.text
    assert 0 <= first.score <= 1


@pytest.mark.parametrize("question", ["?", "x", "Wie hoch ist die Gebühr?", "fee " * 25_000, "\0"])
def test_odd_questions_get_an_answer_all_the_same(index: Index, question: str) -> None:
    assert len(index.search(question, 2)) == 2


def test_nothing_is_found_for_nothing(index: Index, embedder: Embedder) -> None:
    assert index.search("  ", 5) == []
    assert Index.open([], embedder).search("fee", 5) == []


def test_bm25_is_what_the_paper_says() -> None:
    texts = [["fee", "fee", "late"], ["film"], ["fee", "film", "film", "film"]]
    found = Lexical([Counter(text) for text in texts]).scores(["fee", "absent"])
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    mean = 8 / 3
    expected = [
        idf * text.count("fee") / (text.count("fee") + 1.5 * (0.25 + 0.75 * len(text) / mean))
        for text in texts
    ]
    assert found == pytest.approx(expected, rel=1e-5)


def test_stems_and_stop_words_are_the_languages_own() -> None:
    assert lexical.terms("The charges were charged") == ["charg", "charg"]
    assert lexical.terms("die Häuser", "de") == ["haus"]
    assert lexical.terms("the charges", "xx") == ["the", "charges"]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Kündigung der Verträge", "die Kündigungen eines Vertrages"),
        ("fr", "Où sont les contrats ?", "votre contrat"),
        ("es", "las facturas", "la factura"),
        ("it", "come pagare le fatture", "pago la fattura"),
        ("pt", "os contratos", "o contrato"),
        ("nl", "de rekeningen", "een rekening"),
        ("hi", "लड़कियाँ", "लड़की"),
    ],
)
def test_forms_of_a_word_meet_in_their_language(language: str, one: str, other: str) -> None:
    assert lexical.terms(one, language) == lexical.terms(other, language)


@pytest.mark.parametrize("language", STEMMERS)
def test_every_language_has_its_stemmer(language: str) -> None:
    assert len(lexical.terms("Internet 5G", language)) == 2


def test_vectors_hardly_depend_on_their_neighbours(embedder: Embedder) -> None:
    texts = ["A late fee.", "word " * 200, "", "Films and series, every month."]
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert together.shape == (4, embedder.dimensions)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.sum(together * alone, axis=1).min() > 0.999
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_the_same_bytes_have_the_same_key(embedder: Embedder) -> None:
    assert segments.key(b"a", embedder, "en") == segments.key(b"a", embedder, "en")
    assert (
        len({segments.key(b, embedder, lang) for b in (b"a", b"b") for lang in ("en", "de")}) == 4
    )


def test_a_damaged_segment_is_one_sentence(embedder: Embedder) -> None:
    text, vectors = segments.make(documents.parse(b"A fee.", "a.txt"), embedder).written()
    for damaged in ((text[:-5], vectors), (text, vectors[:-5]), (text, vectors[:60])):
        with pytest.raises(BundleError, match="segment of the index is damaged"):
            Segment.read(*damaged)


def test_the_best_are_in_order_and_ties_by_position() -> None:
    scores = np.array([0.1, 0.5, 0.5, 0.9, 0.5], dtype=np.float32)
    assert best(scores, 3) == [3, 1, 2]
    assert best(scores, 99) == [3, 1, 2, 4, 0]
    assert best(scores, 0) == []


def test_vectors_that_stay_on_the_disk_give_the_same_answers(
    embedder: Embedder, tmp_path: Path
) -> None:
    made = [segments.make(documents.parse(text.encode(), n), embedder) for n, text in HELP.items()]
    np.save(tmp_path / "vectors.npy", join(made, embedder))
    held = Index.open(made, embedder)

    joined = arrays.mapped(tmp_path / "vectors.npy")
    left = Index.open(made, embedder, joined=joined)

    assert not joined.flags.writeable
    assert not joined.flags.owndata
    for question in ("What is the late fee?", "films", "???"):
        assert left.search(question, 5) == held.search(question, 5)
