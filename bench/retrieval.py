"""Retrieval: how well, beside bm25s and the embedding model alone, and how fast.

    python bench/retrieval.py --data FOLDER [--only scifact] [--choose]

FOLDER holds `scifact` and `cranfield` in BEIR's layout under `derived/` (with `scifact.zip`, whose
training claims `--choose` uses), `us_gov_pdfs` and `fastapi_docs`. `--choose` prints nDCG@10 on
SciFact's training claims for each share of the lexical score: how `fuse.LEXICAL` was chosen, since
none of those claims is among the 300 that are judged here. Gains are linear, as in trec_eval.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np
import snowballstemmer

from twinkeel.errors import SourceError
from twinkeel.retrieval import documents, fuse, lexical, segments
from twinkeel.retrieval.dense import Embedder
from twinkeel.retrieval.documents import Document
from twinkeel.retrieval.index import Index
from twinkeel.retrieval.lexical import Lexical
from twinkeel.retrieval.segments import Segment

Judged = dict[str, dict[str, int]]
Ranking = Callable[[str], Sequence[str]]
DEPTH = 100


@dataclass(frozen=True)
class Collection:
    name: str
    documents: list[Document]
    queries: dict[str, str]
    judged: Judged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", choices=["scifact", "cranfield", "us_gov_pdfs", "fastapi_docs"])
    parser.add_argument("--choose", action="store_true")
    given = parser.parse_args()
    embedder = Embedder.open()
    for name in ("scifact", "cranfield"):
        if given.only in {None, name}:
            rank(collection(given.data / name), embedder, given.choose and given.data / name)
    for name, pattern in (("us_gov_pdfs", "*.pdf"), ("fastapi_docs", "*.md")):
        if given.only in {None, name}:
            build(name, sorted((given.data / name).rglob(pattern)), embedder)


def rank(judged: Collection, embedder: Embedder, training: Path | bool) -> None:
    start = time.perf_counter()
    made = [segments.make(document, embedder) for document in judged.documents]
    took = time.perf_counter() - start
    index = Index.open(made, embedder)
    passages = len(index.passages)
    print(
        f"\n{judged.name}: {len(made):,} documents, {passages:,} passages, "
        f"{passages / took:.0f} passages/s"
    )
    legs = Legs.of(made, embedder)
    if training and (Path(training) / "scifact.zip").exists():
        choose(legs, Path(training) / "scifact.zip")
    print("| | nDCG@10 | recall@100 |\n|-|-|-|")
    show(
        "twinkeel",
        judged,
        lambda query: unique(hit.passage.document for hit in index.search(query, 4 * DEPTH)),
    )
    show("bm25s", judged, peer(judged))
    show("twinkeel, words alone", judged, legs.ranking(1.0))
    show("MiniLM alone", judged, legs.ranking(0.0))
    times = [
        timed(lambda query=query: index.search(query, 10)) for query in judged.queries.values()
    ]
    print(f"one question: median {np.median(times):.1f} ms, p99 {np.quantile(times, 0.99):.1f} ms")


@dataclass(frozen=True)
class Legs:
    """Both scores, to weigh them otherwise than `Index` does."""

    names: list[str]
    words: Lexical
    vectors: np.ndarray
    embedder: Embedder

    @classmethod
    def of(cls, made: list[Segment], embedder: Embedder) -> Legs:
        return cls(
            [passage.document for segment in made for passage in segment.passages],
            Lexical([counts for segment in made for counts in segment.counts]),
            np.concatenate([segment.vectors for segment in made]),
            embedder,
        )

    def ranking(self, share: float) -> Ranking:
        def ranked(query: str) -> list[str]:
            by_words = self.words.scores(lexical.terms(query))
            by_meaning = self.vectors @ self.embedder.embed([query])[0]
            scores = fuse.fuse(by_words, by_meaning, share=share)
            order = np.argsort(-scores, kind="stable")[: 4 * DEPTH]
            return unique(self.names[i] for i in order)

        return ranked


def choose(legs: Legs, archive: Path) -> None:
    """nDCG@10 on SciFact's training claims by the share of the lexical score."""
    queries, judged = {}, {}
    with zipfile.ZipFile(archive) as parts, parts.open("claims_train.csv") as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8")):
            queries[row["id"]] = row["claim"]
            cited = row["cited_doc_ids"].strip("[]").replace(",", " ").split()
            judged[row["id"]] = dict.fromkeys(cited, 1)
    train = Collection("training claims", [], queries, judged)
    print("| share of words | nDCG@10, training claims | recall@100 |\n|-|-|-|")
    for share in np.arange(0.1, 0.85, 0.1):
        show(f"{share:.1f}", train, legs.ranking(float(share)))


def collection(folder: Path) -> Collection:
    derived = folder / "derived"
    rows = [json.loads(line) for line in (derived / "corpus.jsonl").open(encoding="utf-8")]
    queries = [json.loads(line) for line in (derived / "queries.jsonl").open(encoding="utf-8")]
    judged: Judged = {}
    with (derived / "qrels/test.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if int(row["score"]) > 0:
                judged.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    made = [
        Document(name=row["_id"], title=row["title"], text=row["text"], media="text/plain")
        for row in rows
    ]
    return Collection(folder.name, made, {one["_id"]: one["text"] for one in queries}, judged)


def peer(judged: Collection) -> Ranking:
    """bm25s over titles and texts: Lucene's BM25, k1 1.5, b 0.75, Snowball stems, stop words."""
    stem = snowballstemmer.stemmer("english").stemWords
    names = [document.name for document in judged.documents]
    texts = [f"{document.title} {document.text}" for document in judged.documents]
    options = {"stopwords": "en", "stemmer": stem, "show_progress": False}
    retriever = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    retriever.index(bm25s.tokenize(texts, **options), show_progress=False)

    def ranked(query: str) -> list[str]:
        asked = bm25s.tokenize([query], **options)
        found, _ = retriever.retrieve(asked, k=min(DEPTH, len(names)), show_progress=False)
        return [names[i] for i in found[0]]

    return ranked


def show(name: str, judged: Collection, ranking: Ranking) -> None:
    gains, recalls = [], []
    for query, wanted in judged.judged.items():
        found = ranking(judged.queries[query])
        gains.append(ndcg([wanted.get(one, 0) for one in found[:10]], list(wanted.values())))
        recalls.append(len(set(found[:DEPTH]) & set(wanted)) / len(wanted))
    print(f"| {name} | {np.mean(gains):.4f} | {np.mean(recalls):.4f} |", flush=True)


def ndcg(found: Sequence[int], wanted: Sequence[int]) -> float:
    ideal = sorted(wanted, reverse=True)[:10]
    return discounted(found) / discounted(ideal)


def discounted(gains: Sequence[int]) -> float:
    return float(sum(gain / np.log2(place + 2) for place, gain in enumerate(gains)))


def unique(names: object) -> list[str]:
    return list(dict.fromkeys(names))


def build(name: str, files: list[Path], embedder: Embedder) -> None:
    """Two builds, the second after one file was touched."""
    kept: dict[str, Segment] = {}
    first, passages = built(files, embedder, kept, b"")
    second, _ = built(files, embedder, kept, b"\n")
    print(
        f"\n{name}: {len(files)} files, {passages:,} passages; first build {first:.1f} s "
        f"({passages / first:.0f} passages/s), second after touching one file {second:.2f} s",
        flush=True,
    )


def built(
    files: list[Path], embedder: Embedder, kept: dict[str, Segment], more: bytes
) -> tuple[float, int]:
    start = time.perf_counter()
    made = []
    for number, path in enumerate(files):
        data = path.read_bytes() + (more if number == 0 else b"")
        key = segments.key(data, embedder, "en")
        if key not in kept:
            try:
                kept[key] = segments.make(documents.parse(data, path.name), embedder)
            except SourceError as error:
                print(f"{path.name}: {error}")
                continue
        made.append(kept[key])
    index = Index.open(made, embedder)
    return time.perf_counter() - start, len(index.passages)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


if __name__ == "__main__":
    main()
