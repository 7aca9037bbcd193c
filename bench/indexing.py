"""Indexing: an assistant built from a folder of documents, and again after one file was touched.

    python bench/indexing.py --data FOLDER [--only fastapi_docs] [--out bench/results/indexing.md]

FOLDER holds `us_gov_pdfs` (747 pages) and `fastapi_docs` (155 files). Builds go through the same
verb as everyone's: files are read in the process that bounds them, passages embedded, all of it
stored durably. The questions are two placeholders, so calibrating takes no part of the time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from contextlib import closing
from pathlib import Path

from twinkeel.lifecycle.build import build
from twinkeel.project import Project

SETS = {"us_gov_pdfs": "*.pdf", "fastapi_docs": "*.md"}
TOML = """
[project]
name = "bench"
[sources.help]
path = "help/**/{pattern}"
[components.support]
kind = "assistant"
source = "help"
cases = "questions.jsonl"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", choices=sorted(SETS))
    parser.add_argument("--out", type=Path, help="where to write the table too")
    given = parser.parse_args()
    lines = [
        "| documents | files | passages | first build | passages/s | after touching one file |",
        "|-|-|-|-|-|-|",
    ]
    for name, pattern in SETS.items():
        if given.only in {None, name}:
            with tempfile.TemporaryDirectory() as folder:
                lines.append(measured(name, given.data / name, pattern, Path(folder)))
    print("\n".join(lines))
    if given.out:
        head = (
            "# Indexing\n\n`python bench/indexing.py --data FOLDER`; two cores, shared with others."
        )
        given.out.write_text("\n".join([head, "", *lines, ""]))


def measured(name: str, source: Path, pattern: str, folder: Path) -> str:
    shutil.copytree(source, folder / "help")
    asked = [{"question": f"What is item {k}?", "answers": ["x"]} for k in range(20)]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, asked)))
    (folder / "twinkeel.toml").write_text(TOML.format(pattern=pattern))
    with closing(Project.open(folder)) as project:
        first, said = timed(project)
        touched = sorted((folder / "help").rglob(pattern))[0]
        touched.write_bytes(touched.read_bytes() + b"\n")
        again, _ = timed(project)
    words = said.split()
    files, passages = (int(words[at].replace(",", "")) for at in (0, 3))
    return (
        f"| {name} | {files} | {passages:,} | {first:.1f} s | {passages / first:.0f} "
        f"| {again:.1f} s |"
    )


def timed(project: Project) -> tuple[float, str]:
    """Seconds of a build, and what it says of the documents."""
    began = time.perf_counter()
    version, _ = build(project.config, project.store, "support")
    seconds = time.perf_counter() - began
    (said,) = (note for note in version.lineage.notes if "passages were read" in note)
    return seconds, said


if __name__ == "__main__":
    main()
