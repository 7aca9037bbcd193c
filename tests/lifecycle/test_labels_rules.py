"""What labels say of calls: values, maturity, contradictions and senders. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.errors import InputError
from twinkeel.lifecycle.labels import canonical, labelled, read, settle, weigh
from twinkeel.lifecycle.moments import moment, shifted
from twinkeel.records import Event, Field

NOON = "2024-05-10T12:00:00.000000+00:00"
CHURN = Field(name="label", type="category", values=("No", "Yes"))


def called(id_: str, at: str = NOON) -> Event:
    return Event(id=id_, kind="call", component="churn", at=at)


def said(about: str, value: object, who: str | None = None) -> Event:
    return Event(
        id=f"{about}-{who}-{value}",
        kind="label",
        component="churn",
        at=NOON,
        about=about,
        who=who,
        output={"value": value},
    )


def test_a_class_that_does_not_exist_is_refused_with_the_nearest() -> None:
    assert read(CHURN, " Yes ") == "Yes"
    with pytest.raises(InputError, match="there is no label 'yes'; did you mean 'Yes'"):
        read(CHURN, "yes")


@pytest.mark.parametrize(
    ("field", "cell", "sentence"),
    [
        (CHURN, "", "expected one of 'No', 'Yes', got ''; send it once it is known"),
        (CHURN, None, "expected one of 'No', 'Yes', got None; send it once it is known"),
        (CHURN, ["Yes"], "expected one of 'No', 'Yes', got list; correct it"),
        (None, " ", "expected a value, got ' '; send it once it is known"),
    ],
)
def test_an_empty_label_is_told_what_to_do(
    field: Field | None, cell: object, sentence: str
) -> None:
    with pytest.raises(InputError) as refused:
        read(field, cell)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("cell", ["soon", "", None, True, float("nan"), "inf"])
def test_a_text_is_no_number(cell: object) -> None:
    field = Field(name="label", type="number")

    assert read(field, "12.5") == 12.5
    with pytest.raises(InputError, match="expected a number"):
        read(field, cell)


def test_scores_wait_until_labels_had_their_time() -> None:
    calls = [called("old", shifted(NOON, -31 * 86400)), called("none", shifted(NOON, -40 * 86400))]
    calls.append(called("new", shifted(NOON, -86400)))

    found = labelled(calls, [said("old", "Yes"), said("new", "No")], now=NOON, maturity=30 * 86400)

    assert (found.matured, found.immature, found.missing) == (2, 1, 0.5)
    assert found.values == {"old": ("Yes",)}


def test_contradicting_labels_are_all_kept_and_counted() -> None:
    told = [said("a", "Yes", "ann"), said("a", "No", "bob"), said("a", "Yes", "bob")]

    found = labelled([called("a")], told, now=NOON)

    assert sorted(found.values["a"]) == ["No", "Yes"]
    assert found.contradicting == 1


def test_a_flood_by_one_sender_is_set_apart_and_its_influence_shown() -> None:
    ids = [f"c{k}" for k in range(50)]
    honest = [said(id_, "No", "crm") for id_ in ids[:20]]
    flood = [said(id_, "Yes", "bot") for id_ in ids]

    found = labelled(map(called, ids), honest + flood, now=NOON, share=0.6)

    bot, crm = found.senders
    assert (bot.who, bot.share, bot.quarantined) == ("bot", 1.0, True)
    assert (bot.alone, bot.against) == (30, 20)
    assert not crm.quarantined
    assert set(found.values.values()) == {("No",)}
    assert len(found.all_values) == 50


def test_a_single_sender_and_one_who_is_not_named_are_no_flood() -> None:
    many = [said(f"c{k}", "Yes", "crm") for k in range(50)]
    unnamed = [said(f"d{k}", "Yes") for k in range(90)]

    assert not weigh(many, share=0.1)[0].quarantined
    assert not weigh(many[:5] + unnamed, share=0.1)[0].quarantined


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1, 1.0, 2, "x", None]))))
def test_the_order_in_which_labels_came_decides_nothing_but_order(
    pairs: list[tuple[str, object]],
) -> None:
    told = [said(about, value, who=str(k)) for k, (about, value) in enumerate(pairs)]

    def sets(labels: list[Event]) -> dict[str, set[bytes]]:
        return {a: {canonical(v) for v in values} for a, values in settle(labels).items()}

    assert sets(told) == sets(told[::-1])
    assert {sender.labels for sender in weigh(told)} <= {1}


def test_a_date_alone_is_the_end_of_its_day_and_other_zones_are_read() -> None:
    assert moment("2024-05-10", end_of_day=True) == "2024-05-10T23:59:59.999999+00:00"
    assert moment("2024-05-10T14:00:00+02:00") == NOON
    assert moment("2024-05-10 12:00:00") == NOON
    assert moment("tomorrow") == moment("") == moment(None) == ""


def test_the_hour_that_a_change_of_clocks_repeats_or_skips_keeps_its_order() -> None:
    summer, winter = moment("2026-10-25T02:30:00+02:00"), moment("2026-10-25T02:30:00+01:00")
    before, after = moment("2026-03-29T01:59:59+01:00"), moment("2026-03-29T03:00:00+02:00")

    assert shifted(summer, 3600) == winter
    assert shifted(before, 1) == after


def test_a_label_from_another_zone_counts_from_its_own_moment() -> None:
    late, early = called("a", moment("2026-10-25T02:30:00+01:00")), called("b", NOON)

    found = labelled(
        [late, early],
        [said("a", "Yes"), said("b", "No")],
        now=moment("2026-10-25T02:45:00+01:00"),
        maturity=1800,
    )

    assert (set(found.values), found.immature) == ({"b"}, 1)
