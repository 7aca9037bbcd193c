"""The assistant, as the lifecycle sees it. Light: what reads, judges and answers comes late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from twinkeel.kinds.base import Built, Decided, Kind, Options, Remedy, Servable, Task, Traits
from twinkeel.kinds.signals import Calls, Series
from twinkeel.metrics.measure import Measure
from twinkeel.records import Cases, Evidence, Json
from twinkeel.report.sections import Section
from twinkeel.store.bundles import Bundle


class AssistantOptions(Options, frozen=True, kw_only=True):
    """The keys of a component whose kind is `assistant`."""

    cases: str
    """The file of questions, one JSON object a line: half calibrate, half judge."""
    language: str = "en"
    """The language of documents and questions, as a two-letter code, for stems and stop words; the
    embedding model is English, so in another one the words carry the search."""
    risk: float = 0.1
    """The share of wrong answers, among those given, that the calibration allows: it abstains as
    often as that needs."""
    top_k: int = 5
    """How many passages are looked at for an answer."""
    routes: tuple[str, ...] = ("extractive",)
    """Who answers, tried in order; `extractive` quotes sentences and needs no model provider."""
    tools: tuple[str, ...] = ()
    """Components that it may call; none can be called yet."""


class Assistant(Kind[AssistantOptions]):
    """Answers questions from documents in their own words, and says so when it cannot."""

    name: ClassVar[str] = "assistant"
    traits: ClassVar[Traits] = Traits(streams=True, incremental=True)
    runtime: ClassVar[str] = "passages"
    needs: ClassVar[tuple[str, ...]] = ("snowballstemmer", "tokenizers", "twinkeel-minilm")
    options = AssistantOptions

    def cases(self, task: Task[AssistantOptions]) -> Cases:
        """The half of the questions that judges."""
        from twinkeel.kinds.assistant.questions import cases

        return cases(task)

    def build(self, task: Task[AssistantOptions]) -> Built:
        """Read and index the documents that changed; calibrate on the other half."""
        from twinkeel.kinds.assistant.build import build

        return build(task)

    def remedies(self) -> Sequence[Remedy[AssistantOptions]]:
        """A new threshold, the documents of now, or both."""
        from twinkeel.kinds.assistant.remedies import remedies

        return remedies()

    def load(self, bundle: Bundle) -> Servable:
        """The index and the answerer over it."""
        from twinkeel.kinds.assistant.answerer import Answerer

        return Answerer.open(bundle)

    def evaluate(self, servable: Servable, cases: Cases) -> Evidence:
        """Every question's ranking, answer and support, and how long one takes."""
        from twinkeel.kinds.assistant.evaluate import evaluate

        return evaluate(servable, cases)

    def measures(self, evidence: Evidence) -> list[Measure]:
        """Retrieval, answers, citations and abstention."""
        from twinkeel.kinds.assistant.measures import measures

        return measures(evidence)

    def decided(self, evidence: Evidence) -> Decided:
        """Each question answered rightly, wrongly, or not; half wrong if there was an answer."""
        from twinkeel.kinds.assistant.measures import decided

        return decided(evidence)

    def signals(self, calls: Calls) -> list[Series]:
        """Abstentions, support, sources, and the topics of questions by the document cited."""
        from twinkeel.kinds.assistant.watch import signals

        return signals(calls)

    def losses(self, calls: Calls, labels: Sequence[Json]) -> Sequence[float]:
        """0 for a right answer, 1 for a wrong one, half for none where there is one."""
        from twinkeel.kinds.assistant.watch import losses

        return losses(calls, labels)

    def rehearse(self, task: Task[AssistantOptions], cases: Cases) -> Evidence | None:
        """What an imagined assistant might answer."""
        from twinkeel.kinds.assistant.evaluate import rehearsal

        return rehearsal(task.options, cases)

    def report(self, bundle: Bundle, evidence: Evidence) -> list[Section]:
        """Documents, abstention, and the questions that went wrong."""
        from twinkeel.kinds.assistant.report import report

        return report(bundle, evidence)
