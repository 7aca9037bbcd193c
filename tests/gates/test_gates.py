"""Gates: their grammar, their verdicts, and sentences that a person can act on."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel import gates
from twinkeel.errors import ConfigError
from twinkeel.records import Score, Scorecard

FINITE = st.floats(-1e6, 1e6)


def score(key="roc_auc", value=0.846, low=0.823, high=0.867, n=1409, **more):
    name, _, part = key.partition("[")
    return Score(
        name=name,
        slice=part[:-1] or None,
        value=value,
        low=low,
        high=high,
        n=n,
        **{"direction": "higher", **more},
    )


CARD = Scorecard(
    scores=(
        score(),
        score("log_loss", 0.41, 0.39, 0.44, direction="lower"),
        score("roc_auc[gender=Female]", 0.85, 0.82, 0.88),
        score("roc_auc[gender=X]", None, None, None, n=3, note="cannot judge: 3 of 20 cases"),
        score("demographic_parity_difference[gender]", 0.05, 0.01, 0.09, direction="lower"),
        score("latency_ms", 1.2, 1.1, 1.4, n=200, timing=True, direction="lower"),
    )
)


def judge(key, text, differences=None):
    return gates.judge(gates.parse(key, text), CARD, differences)


@pytest.mark.parametrize(
    ("text", "test", "bound"),
    [
        (">= 0.80", ">=", 0.8),
        (">=.8", ">=", 0.8),
        ("<= 0.45", "<=", 0.45),
        (" <=  1e-3 ", "<=", 0.001),
        (">= -2", ">=", -2.0),
        ("not worse by 0.005", "not worse by", 0.005),
        ("not  worse by 0", "not worse by", 0.0),
    ],
)
def test_the_three_forms_are_read(text, test, bound):
    gate = gates.parse("roc_auc", text)

    assert (gate.test, gate.bound) == (test, bound)
    assert gates.parse("roc_auc", gate.text) == gate


@pytest.mark.parametrize(
    "text",
    ["", "0.8", "> 0.8", "= 0.8", ">= high", ">= nan", ">= inf", ">= 1e999", ">= 80%", "not worse",
     "not worse by", "better by 0.1", ">= 0.8 and <= 0.9", ">= 0,8", ">= 1_0", ">= ٣"],
)  # fmt: skip
def test_any_other_form_is_refused_with_the_three_that_are_known(text):
    with pytest.raises(ConfigError) as error:
        gates.parse("roc_auc", text)

    message = str(error.value)
    assert message.startswith(f"gate roc_auc: {text!r} is not a condition")
    assert '">= 0.80", "<= 0.45" or "not worse by 0.005"' in message


def test_a_negative_margin_and_an_impossible_key_are_refused():
    with pytest.raises(ConfigError, match=r"margin must be 0 or more, not -0\.1"):
        gates.parse("roc_auc", "not worse by -0.1")
    for key in ("", "roc auc", "roc_auc[", "roc_auc[]", "[x]"):
        with pytest.raises(ConfigError, match="is not the name of a score"):
            gates.parse(key, ">= 1")


@pytest.mark.parametrize(
    ("key", "text", "outcome", "sentence"),
    [
        ("roc_auc", ">= 0.80", "pass",
         "roc_auc 0.846 (0.823 to 0.867, n=1,409) is at least 0.80."),
        ("roc_auc", ">= 0.9", "fail",
         "roc_auc 0.846 (0.823 to 0.867, n=1,409) is below 0.90."),
        ("roc_auc", ">= 0.83", "inconclusive",
         "roc_auc 0.846 (0.823 to 0.867, n=1,409) may be above or below 0.83: "
         "about 3,000 cases would decide."),
        ("log_loss", "<= 0.45", "pass",
         "log_loss 0.410 (0.390 to 0.440, n=1,409) is at most 0.45."),
        ("log_loss", "<= 0.3", "fail",
         "log_loss 0.410 (0.390 to 0.440, n=1,409) is above 0.30."),
        ("latency_ms", "<= 20", "pass",
         "latency_ms 1.200 (1.100 to 1.400, n=200) is at most 20."),
        ("demographic_parity_difference[gender]", "<= 0.05", "inconclusive",
         "demographic_parity_difference[gender] 0.050 (0.010 to 0.090, n=1,409) may be above or "
         "below 0.05: it is too close to tell."),
        ("roc_auc[gender=X]", ">= 0", "inconclusive",
         "roc_auc[gender=X]: cannot judge: 3 of 20 cases."),
        ("roc_auc[gender=Fem]", ">= 0.8", "inconclusive",
         "roc_auc[gender=Fem]: there is no case with gender=Fem; there is "
         "roc_auc[gender=Female] or roc_auc[gender=X]."),
    ],
)  # fmt: skip
def test_verdicts_on_scores_in_words(key, text, outcome, sentence):
    verdict = judge(key, text)

    assert (verdict.outcome, verdict.sentence) == (outcome, sentence)


@pytest.mark.parametrize(
    ("low", "value", "high", "outcome", "words"),
    [
        (-0.004, -0.001, 0.002, "pass", "is not worse by 0.005."),
        (-0.02, -0.015, -0.01, "fail", "is worse by more than 0.005."),
        (-0.009, 0.0, 0.009, "inconclusive", "may or may not be worse by 0.005: about 4,600 "),
    ],
)
def test_verdicts_against_production(low, value, high, outcome, words):
    paired = {"log_loss": score("log_loss", value, low, high)}

    verdict = judge("log_loss", "not worse by 0.005", paired)

    assert verdict.outcome == outcome
    assert f"log_loss against production {value:+.3f} (" in verdict.sentence
    assert words in verdict.sentence
    assert verdict.score == paired["log_loss"]


def test_without_production_not_worse_does_not_apply():
    verdict = judge("log_loss", "not worse by 0.005")

    assert verdict.outcome == "not applicable"
    assert verdict.sentence == "log_loss: there is nothing in production to compare with yet."


def test_what_is_in_production_itself_is_not_called_absent():
    gate = gates.parse("log_loss", "not worse by 0.005")
    verdict = gates.judge(gate, CARD, None, standing="churn@2")

    assert verdict.outcome == "not applicable"
    assert verdict.sentence.startswith("log_loss: churn@2 is in production itself, ")


def test_a_comparison_that_could_not_be_made_never_passes():
    why = "cannot be compared with churn@3: no case is new to both."
    without = {"log_loss": score("log_loss", None, None, None, n=0, note=why)}

    for found in (without, {}):
        assert judge("log_loss", "not worse by 1", found).outcome == "inconclusive"
    assert judge("log_loss", "not worse by 1", without).sentence == f"log_loss: {why}"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("roc_acu", "did you mean roc_auc?"),
        ("demographic_parity[gender]", "did you mean demographic_parity_difference[gender]?"),
        ("xyzzy", "there is roc_auc, log_loss, demographic_parity_difference[gender] or latency"),
    ],
)
def test_a_key_that_names_no_score_gets_the_nearest_names(key, words):
    for text in (">= 0.8", "not worse by 0.1"):
        with pytest.raises(ConfigError) as error:
            judge(key, text)
        assert f"gate {key}: there is no such score; {words}" in str(error.value)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("roc_auc[gendr=Female]", "there are no groups of gendr; did you mean gender?"),
        ("roc_auc[city=Bern]", "there are no groups of city; name the column in sensitive."),
        ("latency_ms[gender=Female]", "latency_ms has no score of groups of gender."),
    ],
)
def test_a_group_that_is_not_scored_is_told_apart_from_a_wrong_score(key, words):
    with pytest.raises(ConfigError) as error:
        judge(key, ">= 0.8")

    assert str(error.value) == f"gate {key}: {words}"


def test_timings_cannot_be_compared_case_by_case():
    with pytest.raises(ConfigError, match="latency_ms: a timing cannot be compared"):
        judge("latency_ms", "not worse by 1", {})


@given(FINITE, FINITE, FINITE, FINITE, st.sampled_from([">=", "<="]))
def test_pass_and_fail_need_the_whole_interval(a, b, c, bound, test):
    low, value, high = sorted((a, b, c))
    card = Scorecard(scores=(score("s", value, low, high),))

    verdict = gates.judge(gates.parse("s", f"{test} {bound!r}"), card, None)

    passing = [x >= bound if test == ">=" else x <= bound for x in (low, value, high)]
    expected = "pass" if all(passing) else "inconclusive" if any(passing) else "fail"
    assert verdict.outcome == expected
    assert verdict.needed is None or (verdict.needed > 1409 and expected == "inconclusive")


@given(st.floats(allow_nan=True), st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_numbers_that_are_not_sound_never_pass(value, low, high):
    sound = math.isfinite(low) and low <= value <= high < math.inf
    card = Scorecard(scores=(score("s", value, low, high),))

    verdict = gates.judge(gates.parse("s", ">= -1e300"), card, None)

    assert sound or verdict.outcome == "inconclusive"
