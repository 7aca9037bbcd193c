"""The frozen records that cross module borders, in the order in which data flows.

Config (its own module) -> Case -> Evidence -> Score -> Verdict -> Version -> Release -> Event.
They hold plain JSON-ready values only, so each can be stored, sent and shown as it is; a change
returns a new record (`msgspec.structs.replace`). Times are ISO 8601 in UTC.
"""

from twinkeel.records.base import (
    Columns,
    FieldType,
    Json,
    Limits,
    Progress,
    Record,
    Rows,
    Tick,
    Workers,
    now,
    silent,
)
from twinkeel.records.calls import (
    Contribution,
    Document,
    Explanation,
    Field,
    Message,
    Output,
    Signature,
)
from twinkeel.records.expectations import (
    ColumnExpectation,
    Expectations,
    FreshExpectation,
    RowsExpectation,
)
from twinkeel.records.findings import Done, Finding, Severity
from twinkeel.records.history import (
    Evaluation,
    Event,
    Lineage,
    Origin,
    Release,
    Remedied,
    Version,
    VersionRef,
)
from twinkeel.records.judging import (
    Cases,
    Direction,
    Evidence,
    Gate,
    Outcome,
    Score,
    Scorecard,
    Verdict,
)
from twinkeel.records.rebuilding import KEEP, Compared, Fate, Rebuild
from twinkeel.records.trials import Mode, Standing, Terms, Trial, TrialState
from twinkeel.records.watching import Alert, Estimate, Look, Part, Signal, Slice, State

__all__ = [
    "KEEP",
    "Alert",
    "Cases",
    "ColumnExpectation",
    "Columns",
    "Compared",
    "Contribution",
    "Direction",
    "Document",
    "Done",
    "Estimate",
    "Evaluation",
    "Event",
    "Evidence",
    "Expectations",
    "Explanation",
    "Fate",
    "Field",
    "FieldType",
    "Finding",
    "FreshExpectation",
    "Gate",
    "Json",
    "Limits",
    "Lineage",
    "Look",
    "Message",
    "Mode",
    "Origin",
    "Outcome",
    "Output",
    "Part",
    "Progress",
    "Rebuild",
    "Record",
    "Release",
    "Remedied",
    "Rows",
    "RowsExpectation",
    "Score",
    "Scorecard",
    "Severity",
    "Signal",
    "Signature",
    "Slice",
    "Standing",
    "State",
    "Terms",
    "Tick",
    "Trial",
    "TrialState",
    "Verdict",
    "Version",
    "VersionRef",
    "Workers",
    "now",
    "silent",
]
