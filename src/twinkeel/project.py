"""The facade: one method per verb, over one project's configuration and store.

Every face (command line, server, notebook) goes through here or through the same verbs below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinkeel.config import Config, find_root, load
from twinkeel.errors import StoreError
from twinkeel.records import (
    Alert,
    Comparison,
    Evaluation,
    Explanation,
    Look,
    Message,
    Output,
    Progress,
    Rebuild,
    Record,
    Release,
    Terms,
    Trial,
    Version,
    silent,
)

if TYPE_CHECKING:
    from twinkeel.data.compatibility import Difference
    from twinkeel.data.contract import Contract
    from twinkeel.data.profile import Profile
    from twinkeel.lifecycle.call import Scored
    from twinkeel.lifecycle.contract import Form
    from twinkeel.lifecycle.join import Joined
    from twinkeel.lifecycle.move import MovedStore
    from twinkeel.lifecycle.status import ComponentStatus
    from twinkeel.lifecycle.verify import Verification
    from twinkeel.store.gc import Collected
    from twinkeel.store.store import Store


class Judged(Record, frozen=True, kw_only=True):
    """A version with its newest evaluation; a notebook shows it as its scorecard."""

    version: Version
    evaluation: Evaluation | None
    overrun: str | None = None
    """Where a build took longer than its time limit promises: how long each stage took."""
    seconds: float | None = None
    """How long a build took, its judging included."""

    def _repr_html_(self) -> str:
        from twinkeel.report.notebook import summary

        return summary(self.version, self.evaluation)


class Project:
    """A folder with `twinkeel.toml`, and everything that can be done with it."""

    def __init__(
        self, config: Config, store: Store, *, progress: Progress = silent, who: str | None = None
    ) -> None:
        self.config = config
        self.store = store
        self.progress = progress
        self.who = who

    @classmethod
    def open(
        cls,
        folder: Path | str = ".",
        *,
        data: Mapping[str, Any] | None = None,
        progress: Progress = silent,
    ) -> Project:
        """The project in `folder`, or in the nearest folder above it.

        `data` has frames of pandas, polars or pyarrow that stand in for the sources of their names.
        Raises UsageError where there is no project, UnknownName for data that is no source,
        ConfigError where `twinkeel.toml` is wrong.
        """
        from twinkeel.config import given
        from twinkeel.lifecycle.components import check

        config = given(load(find_root(Path(folder))), data or {})
        check(config)
        return cls(config, _store(config), progress=progress)

    @classmethod
    def init(
        cls,
        table: Path | str,
        folder: Path | str = ".",
        *,
        target: str | None = None,
        name: str | None = None,
    ) -> Project:
        """Start a project in `folder` from a table: writes `twinkeel.toml` and `.gitignore`."""
        from twinkeel.lifecycle.init import init

        init(Path(table), Path(folder), target=target, name=name)
        return cls.open(folder)

    def profile(
        self, source: str, *, target: str | None = None, time: str | None = None
    ) -> Profile:
        """What each column of a source holds, what goes with `target`, what changes over `time`."""
        from twinkeel.lifecycle.profile import profile

        return profile(self.config, source, target=target, time=time)

    def build(self, name: str, *, seed: int | None = None) -> Judged:
        """Build a component and evaluate the new version."""
        from twinkeel.lifecycle.judged import build_and_judge

        made = build_and_judge(self.config, self.store, name, seed=seed, progress=self.progress)
        return Judged(
            version=made.version,
            evaluation=made.evaluation,
            overrun=made.overrun,
            seconds=made.seconds,
        )

    def evaluate(self, ref: str) -> Judged:
        """Judge a version again, on the cases that its source gives now."""
        from twinkeel.lifecycle.evaluate import evaluate

        version = self.version(ref, newest=True)
        evaluation = evaluate(self.config, self.store, version, progress=self.progress)
        return Judged(version=version, evaluation=evaluation)

    def release(self, ref: str, *, override: str | None = None) -> Release:
        """Put a version into production; `churn` is its newest version."""
        from twinkeel.lifecycle.release import release

        version = self.version(ref, newest=True)
        return release(self.config, self.store, version, override=override, who=self.who)

    def try_out(self, ref: str, terms: Terms, *, override: str | None = None) -> Trial:
        """Put a version on trial beside production: `Terms(mode="shadow", share=0.2)`."""
        from twinkeel.lifecycle.trial import start

        version = self.version(ref, newest=True)
        return start(self.config, self.store, version, terms, override=override, who=self.who)

    def trial(self, name: str, *, stop: str | None = None) -> Trial:
        """Judge what is on trial: promoted, rolled back, or running still; `stop` ends it."""
        from twinkeel.lifecycle import trial

        if stop is not None:
            return trial.stop(self.config, self.store, name, stop)
        return trial.judge(self.config, self.store, name)

    def rebuild(self, name: str, *, dry_run: bool = False, release: bool = True) -> Rebuild:
        """Compare what can be done about a component with leaving it; release what is worth it.

        With `dry_run` nothing is registered; without `release` the new version is not released.
        """
        from twinkeel.lifecycle.rebuild import Upto, rebuild

        upto: Upto = "compare" if dry_run else "release" if release else "register"
        return rebuild(
            self.config, self.store, name, upto=upto, who=self.who, progress=self.progress
        )

    def rollback(self, name: str) -> Release:
        """Bring back what was in production before."""
        from twinkeel.lifecycle.release import rollback

        return rollback(self.config, self.store, name, who=self.who)

    def call(self, ref: str, inputs: Any) -> Any:
        """Ask a version, by default the one in production.

        One row (a mapping) gives one Output, a list of rows gives a list, and a data frame of
        pandas or polars gives one of the same library with the outputs as columns.
        """
        from twinkeel.lifecycle.call import call

        return call(self.store, self.version(ref), inputs)

    predict = call

    def ask(self, ref: str, question: str, *, history: Sequence[Message] = ()) -> Output:
        """Ask a version that converses a question, after the messages of `history`."""
        from twinkeel.lifecycle.call import converse

        asked = Message(role="user", text=question)
        return converse(self.store, self.version(ref), (*history, asked))

    def explain(self, ref: str, row: Mapping[str, Any]) -> Explanation:
        """Why a version answers one row as it does."""
        from twinkeel.lifecycle.call import explain

        return explain(self.store, self.version(ref), [row])[0]

    def call_file(self, ref: str, source: Path | str, out: Path | str) -> Scored:
        """Ask a version every row of a file, written with the outputs to `out`."""
        from twinkeel.lifecycle.call import call_file

        version = self.version(ref)
        return call_file(self.store, version, Path(source), Path(out), progress=self.progress)

    def label(
        self, name: str, file: Path | str | None = None, *, columns: Mapping[str, str] | None = None
    ) -> Joined:
        """Record what turned out to be true of calls, from a file or the configured source.

        `columns` says which column holds what, as `{"event": "event_id", "value": "churned"}`: the
        keys of `[components.NAME.labels]`, which hold where none are given.
        """
        from twinkeel.lifecycle.join import join

        path = None if file is None else Path(file)
        return join(self.config, self.store, name, "label", file=path, columns=columns)

    def feedback(
        self, name: str, file: Path | str | None = None, *, columns: Mapping[str, str] | None = None
    ) -> Joined:
        """Record how answers were received, as `label` does with what was true."""
        from twinkeel.lifecycle.join import join

        path = None if file is None else Path(file)
        return join(self.config, self.store, name, "feedback", file=path, columns=columns)

    def contract(self, ref: str) -> Contract:
        """What a version reads: its columns, and what is expected of them."""
        from twinkeel.lifecycle.contract import contract

        return contract(self.store, self.version(ref))

    def differences(self, old: str, new: str) -> tuple[Difference, ...]:
        """What differs for callers from one version's contract to another's, in sentences."""
        from twinkeel.lifecycle.contract import compared

        return compared(self.store, self.version(old), self.version(new))

    def export_contract(self, ref: str, form: Form, out: Path | str) -> Path:
        """Write a version's contract as `json-schema` or as `pandera`; returns the path."""
        from twinkeel.lifecycle.contract import export

        return export(self.store, self.version(ref), form, Path(out))

    def pin_contract(self, ref: str) -> Path:
        """Write a version's contract to the file that builds are held to; returns the path."""
        from twinkeel.lifecycle.contract import pin

        return pin(self.config, self.store, self.version(ref))

    def status(self) -> list[ComponentStatus]:
        """Where every component stands."""
        from twinkeel.lifecycle.status import status

        return status(self.config, self.store)

    def show(self, ref: str) -> Judged:
        """A version with its newest evaluation."""
        version = self.version(ref)
        return Judged(version=version, evaluation=self.store.evaluation(version.ref))

    def report(self, ref: str, out: Path | str | None = None) -> Path:
        """Write a version's report as one HTML file and return its path."""
        from twinkeel.lifecycle.show import report

        return report(self.store, self.version(ref), None if out is None else Path(out))

    def compare(self, old: str, new: str | None = None) -> Comparison:
        """Two versions on the same cases; of one alone, what is in production and it."""
        from twinkeel.lifecycle.compare import compare

        return compare(self.config, self.store, old, new, progress=self.progress)

    def report_comparison(self, found: Comparison, out: Path | str | None = None) -> Path:
        """Write a comparison as one HTML file and return its path."""
        from twinkeel.lifecycle.compare import write

        return write(self.store, found, None if out is None else Path(out))

    def verify(self, ref: str) -> Verification:
        """Re-hash, reload and recompute a version."""
        from twinkeel.lifecycle.verify import verify

        return verify(self.config, self.store, self.version(ref), progress=self.progress)

    def verify_events(self, *, known: str | None = None) -> Verification:
        """Whether a stored event was changed, added or removed.

        `known` is a hash that was the newest one once: it must still be in the chain.
        """
        from twinkeel.lifecycle.verify import verify_events

        return verify_events(self.config, self.store, known=known)

    def monitor(self, name: str | None = None, *, now: bool = False) -> list[Look]:
        """Look at what is in production, one component or all, and raise or resolve alerts.

        With `now`, the window that has not ended is judged too; that raises no alert.
        """
        from twinkeel.lifecycle.monitor import monitor

        return monitor(self.config, self.store, name, unfinished=now)

    def alerts(self, name: str | None = None, *, only_open: bool = True) -> list[Alert]:
        """The alerts of a component or of all, newest first."""
        return self.store.watching.alerts(name, only_open=only_open)

    def gc(self, *, dry_run: bool = False) -> Collected:
        """Remove what the stated retention no longer covers."""
        from twinkeel.lifecycle.gc import gc

        return gc(self.config, self.store, dry_run=dry_run)

    def move_store(self, url: str | None = None, bundles: str | None = None) -> MovedStore:
        """Copy the store to another database or folder of bundles, and compare every part."""
        from twinkeel.lifecycle.move import move_store

        return move_store(self.config, url, bundles)

    def package(self, ref: str, folder: Path | str) -> Path:
        """Write a folder that serves a version by itself."""
        from twinkeel.lifecycle.package import package

        return package(self.config, self.store, self.version(ref), Path(folder))

    def serve(
        self,
        *,
        host: str | None = None,
        port: int | None = None,
        ready: Callable[[str], None] | None = None,
        watch: Callable[[str], None] | None = None,
        monitor: bool = False,
    ) -> None:
        """Serve what is in production, until interrupted; `ready` gets the URL when it answers.

        With `watch`, what changes in the files of a source is built, judged and released while
        serving, where that costs only what changed; `watch` is told of it, a sentence at a time.
        With `monitor`, a process of its own looks at what is in production, beside the server.
        """
        from twinkeel.lifecycle.beside import Beside
        from twinkeel.lifecycle.watch import Watch
        from twinkeel.server import run

        with ExitStack() as beside:
            beside.enter_context(self.store.serving())
            if watch is not None:
                beside.enter_context(Watch(self.config, self.store, watch))
            pulse = beside.enter_context(Beside(self.config.root)).pulse if monitor else None
            run(self.config, self.store, host=host, port=port, ready=ready, pulse=pulse)

    def version(self, ref: str, *, newest: bool = False) -> Version:
        """The version that `ref` names: `churn@7`, or `churn` for production's (or the newest)."""
        from twinkeel.lifecycle.versions import find

        return find(self.config, self.store, ref, newest=newest)

    def __repr__(self) -> str:
        return f"Project.open({str(self.config.root)!r})"

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _repr_html_(self) -> str:
        from twinkeel.report.notebook import table

        rows = [
            (
                at.component,
                at.kind,
                at.production.number if at.production else "–",
                at.newest or "–",
                at.next,
            )
            for at in self.status()
        ]
        return table(("component", "kind", "in production", "newest", "next"), rows)


def _store(config: Config) -> Store:
    """The project's store; where it cannot be written, one that still answers and shows."""
    from twinkeel.lifecycle.move import place
    from twinkeel.store.store import Store

    at = place(config.store)
    try:
        return Store.open(config.root, url=at.url, bundles=at.bundles)
    except StoreError as error:
        try:
            return Store.open(
                config.root, url=at.url, bundles=at.bundles, read_only=True, why=str(error)
            )
        except StoreError:
            raise error from None
