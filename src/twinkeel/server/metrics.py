"""Counters and histograms of one server, and their Prometheus text (exposition format 0.0.4).

Labels are route templates, component names and versions: never what a caller wrote, so that no
caller can make the series grow.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds in seconds."""

Labels = tuple[tuple[str, str], ...]


@dataclass
class Histogram:
    """How often a duration fell into each bucket."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect.bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


@dataclass
class Metrics:
    """All that one server counts. Used from its event loop only."""

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """(route, method, status) -> requests."""
    seconds: dict[str, Histogram] = field(default_factory=dict)
    """Route -> durations of whole requests."""
    calls: Counter[str] = field(default_factory=Counter)
    """Version -> rows answered."""
    refused: Counter[str] = field(default_factory=Counter)
    """Component -> calls that were refused or failed, explanations among them."""
    in_progress: int = 0

    def finished(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests[route, method, status] += 1
        if route not in self.seconds:
            self.seconds[route] = Histogram()
        self.seconds[route].observe(seconds)

    def families(self) -> Iterator[str]:
        """The lines of what is counted here."""
        yield from family(
            "twinkeel_requests_total",
            "counter",
            "HTTP requests.",
            (
                ((("route", route), ("method", method), ("status", str(status))), count)
                for (route, method, status), count in sorted(self.requests.items())
            ),
        )
        yield from self._histograms()
        yield from family(
            "twinkeel_calls_total",
            "counter",
            "Rows answered.",
            (
                ((("component", ref.partition("@")[0]), ("version", ref)), count)
                for ref, count in sorted(self.calls.items())
            ),
        )
        yield from family(
            "twinkeel_call_errors_total",
            "counter",
            "Calls that were refused or failed.",
            (((("component", name),), count) for name, count in sorted(self.refused.items())),
        )
        in_progress = [((), float(self.in_progress))]
        yield from family(
            "twinkeel_requests_in_progress", "gauge", "Requests in progress.", in_progress
        )

    def _histograms(self) -> Iterator[str]:
        name = "twinkeel_request_seconds"
        yield f"# HELP {name} Duration of HTTP requests."
        yield f"# TYPE {name} histogram"
        for route, histogram in sorted(self.seconds.items()):
            label, reached = _escape(route), 0
            for bound, count in zip((*BUCKETS, "+Inf"), histogram.counts, strict=True):
                reached += count
                yield f'{name}_bucket{{route="{label}",le="{bound}"}} {reached}'
            yield f'{name}_sum{{route="{label}"}} {histogram.total:.6f}'
            yield f'{name}_count{{route="{label}"}} {reached}'


def family(
    name: str, kind: str, help_text: str, samples: Iterable[tuple[Labels, float]]
) -> Iterator[str]:
    """The lines of one metric."""
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
        yield f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
