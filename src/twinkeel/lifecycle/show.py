"""Show: a version as one HTML page, made anew from its evidence each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from twinkeel import plugins
from twinkeel.errors import UsageError
from twinkeel.records import Evaluation, Evidence, Origin, Score, Version
from twinkeel.report.charts import slices
from twinkeel.report.html import page
from twinkeel.report.notebook import interval, number
from twinkeel.report.sections import Section, Table
from twinkeel.store.store import Store

_OUTCOMES = {
    "pass": "Every gate passed.",
    "fail": "A gate failed.",
    "inconclusive": "The cases cannot tell whether every gate passes.",
}


def report(store: Store, version: Version, out: Path | None = None) -> Path:
    """Write the report of `version` to `out`, by default beside the store; returns its path."""
    if out is not None and out.is_dir():
        raise UsageError(f"{out} is a folder: name a file in it, such as {out / 'report.html'}.")
    sections = list(_sections(store, version))
    made = page(str(version.ref), sections, lead=about(version))
    return store.write_page(out, f"{version.ref}.html", made)


def about(version: Version) -> str:
    """What a version is, when it was built and what it learned from, in a sentence."""
    line = version.lineage
    return (
        f"{version.ref} ({version.kind}), built {version.created[:16].replace('T', ' ')} UTC from "
        f"{line.source}: {line.rows_learned:,} of {line.rows:,} rows learned from."
    )


def _sections(store: Store, version: Version) -> Iterator[Section]:
    judged = store.evaluation(version.ref)
    yield _verdicts(version, judged)
    if judged is not None:
        yield _scores("Scorecard", [s for s in judged.scorecard.scores if s.slice is None])
        sliced = [s for s in judged.scorecard.scores if s.slice is not None]
        if sliced:
            yield _slices(sliced)
        evidence = msgspec.json.decode(store.get_object(judged.evidence_digest), type=Evidence)
        kind = plugins.kind(version.kind)
        yield from kind.report(store.open_bundle(version.bundle), evidence)
    if version.lineage.findings:
        yield _findings(version)
    yield _lineage(version)


def _verdicts(version: Version, judged: Evaluation | None) -> Section:
    if judged is None:
        text = f"Not evaluated yet: run twinkeel evaluate {version.ref}."
        return Section(title="Verdict", text=text)
    if not judged.verdicts:
        return Section(title="Verdict", text="No gates are set, so nothing was asked of it.")
    rows = tuple((f"{v.gate.key} {v.gate.text}", v.outcome, v.sentence) for v in judged.verdicts)
    table = Table(columns=("gate", "outcome", "in words"), rows=rows)
    return Section(title="Verdict", text=_OUTCOMES[judged.outcome], table=table)


def _scores(title: str, scores: list[Score]) -> Section:
    rows = tuple(
        (score.key, number(score.value), score.note or interval(score), score.n, score.direction)
        for score in scores
    )
    return Section(
        title=title,
        text="Each value with its 95% interval and the number of cases behind it.",
        table=Table(columns=("score", "value", "95% interval", "n", "better"), rows=rows),
    )


def _slices(scores: list[Score]) -> Section:
    """The sliced scores that can be judged in a table, and one of them drawn group by group."""
    judged = [score for score in scores if score.value is not None]
    section = _scores("Slices", judged)
    if left := len(scores) - len(judged):
        more = f"{section.text} {left} more cannot be judged on so few cases."
        section = msgspec.structs.replace(section, text=more)
    grouped = [score for score in judged if "=" in (score.slice or "")]
    if not grouped:
        return section
    name = max(grouped, key=lambda score: not (score.slice or "").startswith("class=")).name
    drawn = slices([score for score in grouped if score.name == name], name)
    return msgspec.structs.replace(section, charts=(drawn,))


def origin(one: Origin) -> str:
    """Where one source's data came from, in a line."""
    rows = "" if one.rows is None else f", {one.rows:,} rows"
    sample = "" if one.sampled is None else f", a sample of {one.sampled:,} used"
    query = "" if one.query is None else f": {' '.join(one.query.split())}"
    return f"{one.place}{query}{rows}{sample}, sha256 {one.digest[:16]}"


def _findings(version: Version) -> Section:
    found = version.lineage.findings
    warnings = sum(one.severity == "warning" for one in found)
    rows = tuple((one.severity, one.label, one.found, one.done, one.key) for one in found)
    return Section(
        title="Checks before training",
        text=f"What was found in the data before anything was learned; {warnings} may mislead.",
        table=Table(columns=("severity", "check", "found", "done", "otherwise"), rows=rows),
    )


def _lineage(version: Version) -> Section:
    line = version.lineage
    facts = {
        "built": version.created,
        "kind": version.kind,
        "source": f"{line.source}, {line.rows:,} rows, sha256 {line.source_digest[:16]}",
        **{f"data of {one.name}": origin(one) for one in line.origins},
        "learned from": f"{line.rows_learned:,} rows",
        "split": ", ".join(
            f"{key} {value}" for key, value in line.split.items() if value is not None
        ),
        "seed": line.seed,
        "seconds": line.seconds,
        "depends on": ", ".join(line.depends_on.values()) or "nothing",
        "bundle": f"sha256 {version.bundle}, {version.bundle_bytes:,} bytes",
        "packages": ", ".join(f"{name} {number}" for name, number in line.packages.items()),
    }
    rows = tuple((name, value) for name, value in facts.items())
    return Section(
        title="Lineage", text=" ".join(line.notes), table=Table(columns=("what", ""), rows=rows)
    )
