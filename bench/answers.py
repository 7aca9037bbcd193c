"""XQuAD-en from end to end: is the right paragraph first, and does the sentence hold the answer?

Every paragraph is a document of its own, every question is asked of one assistant. Nothing is
learned from the questions and nothing is calibrated on them: the answer is measured whether or not
it would be given. The peers see the same paragraphs in the same run.

    python bench/answers.py PATH/TO/xquad.en.json
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from twinkeel.kinds.assistant.judging import contains, plain
from twinkeel.lifecycle.versions import load
from twinkeel.project import Project
from twinkeel.stats.intervals import wilson

TOML = """
[project]
name = "xquad"
[sources.paragraphs]
path = "paragraphs/*.txt"
[components.answers]
kind = "assistant"
source = "paragraphs"
cases = "questions.jsonl"
"""


def write(folder: Path, source: Path) -> list[dict]:
    """A project of all paragraphs; returns the questions with their paragraph and answers."""
    questions = []
    (folder / "paragraphs").mkdir()
    paragraphs = [
        p for article in json.loads(source.read_text())["data"] for p in article["paragraphs"]
    ]
    for i, paragraph in enumerate(paragraphs):
        name = f"{i:04d}.txt"
        (folder / "paragraphs" / name).write_text(paragraph["context"], encoding="utf-8")
        questions += [
            {
                "question": one["question"],
                "documents": [name],
                "answers": sorted({answer["text"] for answer in one["answers"]}),
            }
            for one in paragraph["qas"]
        ]
    # a build needs cases; two that no question is taken from
    lines = [{"question": f"Is this case {i}?", "answerable": False} for i in range(20)]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (folder / "twinkeel.toml").write_text(TOML)
    return questions


def share(hits: list[bool]) -> str:
    value = sum(hits) / len(hits)
    low, high = wilson(value, len(hits))
    return f"{value:.1%} ({low:.1%} to {high:.1%}, n {len(hits):,})"


def peer(folder: Path, questions: list[dict]) -> list[bool]:
    """bm25s with Snowball stems and stop words, as its own documentation has it."""
    import bm25s
    import snowballstemmer

    paths = sorted((folder / "paragraphs").glob("*.txt"))
    stemmer = snowballstemmer.stemmer("english").stemWords
    index = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    texts = [path.read_text(encoding="utf-8") for path in paths]
    index.index(
        bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False),
        show_progress=False,
    )
    asked = bm25s.tokenize(
        [q["question"] for q in questions], stopwords="en", stemmer=stemmer, show_progress=False
    )
    found, _ = index.retrieve(asked, k=1, show_progress=False)
    return [paths[row[0]].name in q["documents"] for row, q in zip(found, questions, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--every", type=int, default=1, help="ask only every so many-th question")
    parser.add_argument("--wrong", action="store_true", help="show what went wrong")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        questions = write(folder, chosen.source)[:: chosen.every]
        with closing(Project.open(folder)) as project:
            began = time.perf_counter()
            version = project.build("answers").version
            built = time.perf_counter() - began
            answerer = load(project.store, version)
            first, fifth, sentence, answer, times = [], [], [], [], []
            for one in questions:
                began = time.perf_counter()
                found = answerer.find(one["question"])
                times.append((time.perf_counter() - began) * 1e3)
                ranked = [hit.passage.document for hit in found.hits]
                first.append(ranked[:1] == one["documents"])
                fifth.append(one["documents"][0] in ranked[:5])
                text = "" if found.best is None else found.best.text
                sentence.append(first[-1] and contains(text, one["answers"]))
                answer.append(contains(found.text, one["answers"]))
                if chosen.wrong and not sentence[-1]:
                    print(f"{first[-1]!s:5} {one['question']} | {one['answers']} | {plain(text)}")
        print(f"build, paragraphs to version         {built:.1f} s")
        print(f"right paragraph first                {share(first)}")
        print(f"right paragraph among five           {share(fifth)}")
        print(f"its best sentence holds the answer   {share(sentence)}")
        print(f"the whole answer holds the answer    {share(answer)}")
        print(f"milliseconds a question, median      {median(times):.1f}")
        try:
            print(f"right paragraph first, bm25s         {share(peer(folder, questions))}")
        except ImportError as error:
            print(f"bm25s was not measured: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
