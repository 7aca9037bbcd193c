"""What the checks before training find on real tables whose traps are known.

    python bench/checks.py DATA_FOLDER [--set NAME ...]

DATA_FOLDER has one folder per set. What should be found was written down below, from the
descriptions of the sets and from what is known of them, before the checks were run on them. A
finding that was not expected counts as a false alarm if it is a warning or left a column out;
notes that were not expected are counted apart.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinkeel.checks.run import Checked, check
from twinkeel.checks.subject import subject
from twinkeel.data.files import read
from twinkeel.data.split import SplitOptions, split
from twinkeel.data.table import Table, from_frame, texts
from twinkeel.records import Finding

NAMES = {
    "adult": "age workclass fnlwgt education education_num marital_status occupation relationship "
    "race sex capital_gain capital_loss hours_per_week native_country income",
    "horse_colic": "surgery age hospital_number rectal_temperature pulse respiratory_rate "
    "extremities peripheral_pulse mucous_membranes capillary_refill pain peristalsis distension "
    "nasogastric_tube nasogastric_reflux reflux_ph feces abdomen packed_cell_volume total_protein "
    "abdomcentesis_appearance abdomcentesis_protein outcome surgical_lesion lesion_1 lesion_2 "
    "lesion_3 cp_data",
    "wine_quality": "fixed_acidity volatile_acidity citric_acid sugar chlorides free_so2 total_so2 "
    "density ph sulphates alcohol quality",
    "abalone": "sex length diameter height whole shucked viscera shell rings",
    "pima_diabetes": "pregnancies glucose pressure skin insulin bmi pedigree age diabetes",
}
"""Column names of the files that have no header."""


@dataclass(frozen=True)
class Known:
    """A set, and what is known of it."""

    file: str
    target: str
    numeric: bool
    expected: tuple[str, ...] = ()
    """`check:column`, or `check` alone: should be found."""
    welcome: tuple[str, ...] = ()
    """Right where found, and no miss where not."""


SETS = {
    "lending_club_10k": Known(
        "loans_full_schema.csv",
        "interest_rate",
        True,
        (
            "identifier:rownames",
            "leak:sub_grade",
            "leak:grade",
            "leak_together:installment",
            "name_hints:paid_interest",
            "name_hints:balance",
            "name_hints:loan_status",
        ),
        ("near_constant", "leak_together:paid_interest", "sentinel"),
    ),
    "bike_sharing": Known(
        "hour.csv",
        "cnt",
        True,
        (
            "identifier:instant",
            "leak_together:casual",
            "leak:registered",
            "time_order:dteday",
        ),
    ),
    "adult": Known(
        "adult-train.csv",
        "income",
        False,
        ("duplicate_column:education_num", "duplicate_rows", "sentinel:capital_gain"),
        ("contradicting_labels",),
    ),
    "nyc_taxis": Known(
        "taxis.csv",
        "tip",
        True,
        ("leak_together:total", "later_moment:dropoff"),
        ("time_order:pickup", "name_hints:dropoff", "groups"),
    ),
    "elec2": Known("elec.csv", "class", False, ("time_order",)),
    "covid_testing_chop": Known(
        "covid_testing.csv",
        "result",
        False,
        (
            "identifier:rownames",
            "constant:test_id",
            "leak:ct_result",
            "imbalance",
            "name_hints:col_rec_tat",
            "name_hints:rec_ver_tat",
            "time_order:pan_day",
        ),
        ("groups:subject_id", "groups:clinic_name", "duplicate_rows", "contradicting_labels"),
    ),
    "ames_housing": Known(
        "ames.csv",
        "price",
        True,
        (
            "identifier:rownames",
            "identifier:Order",
            "identifier:PID",
            "near_constant:Utilities",
            "near_constant:Street",
        ),
        ("near_constant", "time_order", "sentinel"),
    ),
    "horse_colic": Known(
        "horse-colic.csv",
        "surgical_lesion",
        False,
        ("leak:lesion_1", "name_hints:outcome", "near_constant:lesion_3"),
        ("groups:hospital_number", "near_constant"),
    ),
    "telco_churn": Known(
        "Telco-Customer-Churn.csv",
        "MonthlyCharges",
        True,
        ("identifier:customerID", "leak_together:TotalCharges"),
        ("leak", "duplicate_rows"),
    ),
    "pima_diabetes": Known(
        "pima-indians-diabetes.csv",
        "diabetes",
        False,
        (
            "sentinel:glucose",
            "sentinel:pressure",
            "sentinel:skin",
            "sentinel:insulin",
            "sentinel:bmi",
        ),
    ),
    "diamonds": Known(
        "diamonds.csv", "price", True, ("duplicate_rows", "sentinel:x"), ("sentinel", "time_order")
    ),
    "wine_quality": Known("winequality-white.csv", "quality", True, ("duplicate_rows",)),
    "california_housing": Known("housing.csv", "median_house_value", True, (), ("time_order",)),
    "abalone": Known("abalone.csv", "rings", True),
}


def load(folder: Path, known: Known) -> Table:
    """The table of a set, with names where the file has none."""
    path = folder / known.file
    if folder.name not in NAMES:
        return read(path)
    import pandas as pd

    return from_frame(
        pd.read_csv(path, header=None, names=NAMES[folder.name].split(), skipinitialspace=True)
    )


def run(table: Table, known: Known) -> tuple[Checked, float]:
    """All checks on a table split at random, as a build would, and the seconds that they took."""
    cells = table.columns[known.target]
    written = np.asarray(texts(cells), dtype=object)
    keep = written != ""
    table, labels = table.take(keep), written[keep]
    features = table.drop([known.target])
    held = split(features, options=SplitOptions(), key="bench").held_out
    began = time.perf_counter()
    looked_at = subject(
        features,
        target=known.target,
        labels=labels.astype(np.float64) if known.numeric else labels,
        held_out=held,
    )
    found = check(looked_at)
    return found, time.perf_counter() - began


def meets(wanted: str, finding: Finding) -> bool:
    """Whether a finding is what was expected."""
    name, _, column = wanted.partition(":")
    return finding.check == name and (not column or column in finding.columns)


def judged(known: Known, found: Checked) -> dict[str, Any]:
    """What was missed, and what nobody expected."""
    missed = [w for w in known.expected if not any(meets(w, f) for f in found.findings)]
    right = (*known.expected, *known.welcome)
    other = [f for f in found.findings if not any(meets(w, f) for w in right)]
    alarms = [f for f in other if f.severity == "warning" or f.done == "left out"]
    return {"missed": missed, "alarms": alarms, "notes": [f for f in other if f not in alarms]}


def main() -> None:
    """Print the table, then every finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", nargs="*", default=list(SETS), choices=list(SETS))
    arguments = parser.parse_args()
    print("| set | rows x columns | expected | found | missed | false alarms | other notes | s |")
    print("|---|---|---|---|---|---|---|---|")
    details = []
    for name in arguments.set:
        known = SETS[name]
        table = load(arguments.folder / name, known)
        found, seconds = run(table, known)
        result = judged(known, found)
        met = len(known.expected) - len(result["missed"])
        missed = ", ".join(result["missed"]) or "-"
        alarms = ", ".join(f.label for f in result["alarms"]) or "-"
        print(
            f"| {name} | {len(table):,} x {len(table.names)} | {len(known.expected)} | {met} "
            f"| {missed} | {alarms} | {len(result['notes'])} | {seconds:.1f} |",
            flush=True,
        )
        details.append(f"\n{name} ({known.target})")
        details += [
            f"  {f.severity} {f.check}: {f.found}: {f.done}. {f.key}" for f in found.findings
        ]
    print("\n".join(details))


if __name__ == "__main__":
    main()
