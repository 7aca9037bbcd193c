"""The churn table and small projects on it, for every room's tests."""

from __future__ import annotations

from pathlib import Path

TELECOM = Path(__file__).parents[1] / "examples" / "telecom"
CHURN = TELECOM / "data" / "customers.csv"

TOML = """
[project]
name = "telecom-test"

[sources.customers]
path = "customers.csv"

[components.churn]
kind = "classifier"
source = "customers"
target = "Churn"
positive = "Yes"
id = "customerID"
sensitive = ["gender"]
work_limit = 1
{options}

[components.churn.gates]
{gates}
"""


def churn_lines(count: int | None = None) -> list[str]:
    """The header and the first `count` rows of the churn table, as written."""
    lines = CHURN.read_text().splitlines()
    return lines if count is None else lines[: count + 1]


def write_project(
    folder: Path,
    *,
    rows: int | None = 800,
    gates: str = 'roc_auc = ">= 0.6"',
    options: str = "",
    toml: str = TOML,
) -> Path:
    """A project on the first rows of the churn table, small enough to build in seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "customers.csv").write_text("\n".join(churn_lines(rows)) + "\n")
    (folder / "twinkeel.toml").write_text(toml.format(gates=gates, options=options))
    return folder
