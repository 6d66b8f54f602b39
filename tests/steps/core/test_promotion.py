"""The gate's decisions."""

import math

import numpy as np
import pytest
from scipy import stats

from steps.core.errors import GateError
from steps.core.paired import fold_errors, paired_test
from steps.core.promotion import Evidence, Incumbent, Verdict, check_floors, judge, without_comparison
from steps.core.promotion_report import promotion_page, row_errors
from tests.houses import boston
from tests.training import promotion, result, validation

FEATURES = tuple(f"F{i}" for i in range(13))
SERVING = Incumbent(
    version="3",
    model_digest="ab" * 32,
    data_fingerprint="data",
    intervals_digest="ef" * 32,
    features=FEATURES,
    parameters={},
)


def evidence(champion: float, challenger: float, spread: float = 0.02) -> Evidence:
    """Of models that miss every house by about so much, with margins 0 and 0.15."""
    draw = np.random.default_rng(0)
    truth = np.full(40, 20.0)
    old, new = (truth + miss * (1 + spread * draw.standard_normal((2, 40))) for miss in (champion, challenger))
    test = paired_test(truth, old, new, alpha=0.05, margin=0.0, allowed_loss=0.15)
    return Evidence(challenger_rmse=challenger, champion_rmse=champion, test=test)


def judged(found: Evidence, features: int = 13, fingerprint: str = "data") -> Verdict:
    return judge(result(features=features), fingerprint, SERVING, found, promotion(not_worse_margin=0.15))


def test_the_issues_floors_are_configured() -> None:
    assert (promotion().maximum_test_rmse, promotion().minimum_test_r2) == (5.0, 0.7)


@pytest.mark.parametrize(("rmse", "r2"), [(4.99, 0.71), (0.0, 1.0)])
def test_what_reaches_the_floors_passes(rmse: float, r2: float) -> None:
    check_floors("quick", {"test_rmse": rmse, "test_r2": r2}, promotion())


@pytest.mark.parametrize(
    ("rmse", "r2", "says"),
    [
        (5.0, 0.9, "test RMSE is 5.000, wanted below 5"),
        (2.0, 0.7, "test R² is 0.700, wanted above 0.7"),
        (6.0, 0.1, "test RMSE is 6.000, wanted below 5; test R² is 0.100"),
        (math.nan, 0.9, "test RMSE is nan"),
        (2.0, math.nan, "test R² is nan"),
    ],
)
def test_what_misses_a_floor_may_not_serve(rmse: float, r2: float, says: str) -> None:
    with pytest.raises(GateError, match=says):
        check_floors("quick", {"test_rmse": rmse, "test_r2": r2}, promotion())


BETTER, EQUAL, WORSE, UNSURE = (4.0, 3.0), (3.0, 3.0), (3.0, 4.0), (3.0, 3.0, 0.5)


@pytest.mark.parametrize(
    ("errors", "features", "fingerprint", "outcome", "rule"),
    [
        (BETTER, 13, "data", "promote", "better"),
        (EQUAL, 13, "data", "challenge", "not better"),
        (EQUAL, 10, "data", "promote", "simpler"),
        (EQUAL, 13, "newer", "promote", "fresher"),
        (WORSE, 10, "newer", "challenge", "not better"),
        (UNSURE, 10, "newer", "challenge", "not better"),  # it may be as much worse as better
    ],
)
def test_a_challenger_needs_to_be_better_or_not_worse_and_simpler_or_fresher(
    errors: tuple[float, ...], features: int, fingerprint: str, outcome: str, rule: str
) -> None:
    verdict = judged(evidence(*errors), features, fingerprint)
    assert (verdict.outcome, verdict.rule, verdict.champion_version) == (outcome, rule, "3")
    assert "p = " in verdict.reason


@pytest.mark.parametrize(("errors", "rule"), [(BETTER, "better"), (EQUAL, "fresher"), (WORSE, "not better")])
def test_where_models_are_tried_first_none_takes_the_champions_place_by_the_test_alone(
    errors: tuple[float, ...], rule: str
) -> None:
    verdict = judge(result(), "newer", SERVING, evidence(*errors), promotion(trial=True))
    assert (verdict.outcome, verdict.rule) == ("challenge", rule)
    assert ("tried in the service first" in verdict.reason) == (rule != "not better")


def test_the_same_model_is_unchanged_and_other_intervals_make_a_version_of_its_own() -> None:
    known = frozenset(FEATURES)
    same = without_comparison(result(), "data", "ef" * 32, SERVING, known)
    assert same is not None
    assert (same.outcome, same.rule) == ("unchanged", "unchanged")
    wider = without_comparison(result(), "data", "other", SERVING, known)
    assert wider is not None
    assert (wider.outcome, wider.rule) == ("promote", "intervals")
    for other, fingerprint in ((result(), "newer"), (result(features=10), "data")):
        assert without_comparison(other, fingerprint, "ef" * 32, SERVING, known) is None
    assert (
        without_comparison(result().model_copy(update={"model_digest": "cd"}), "data", "ef" * 32, SERVING, known)
        is None
    )


def test_a_champion_whose_features_are_gone_gives_way() -> None:
    verdict = without_comparison(result(), "data", "ef" * 32, SERVING, frozenset(FEATURES[1:]))
    assert verdict is not None
    assert (verdict.outcome, verdict.rule) == ("promote", "contract")
    assert "needs F0" in verdict.reason


def test_the_test_is_the_t_test_of_the_squared_errors_shares_in_the_rmse() -> None:
    truth = np.zeros(4)
    old, new = np.array([[3.0, 4.0, 5.0, 5.0]]), np.array([[1.0, 2.0, 3.0, 2.0]])
    found = paired_test(truth, old, new, alpha=0.05, margin=0.0, allowed_loss=0.5)
    before, after = math.sqrt(75 / 4), math.sqrt(18 / 4)
    assert found.gain == pytest.approx(before - after)
    shares = stats.ttest_1samp(old[0] ** 2 / (2 * before) - new[0] ** 2 / (2 * after), 0)
    error = (before - after) / 2 / shares.statistic
    assert found.p_better == pytest.approx(stats.t.sf(found.gain / error, 3))
    assert found.p_not_worse == pytest.approx(stats.t.sf((found.gain + 0.5) / error, 3))
    assert found.low == pytest.approx(found.gain - stats.t.ppf(0.95, 3) * error)


def test_more_repeats_do_not_pass_for_more_houses() -> None:
    draw = np.random.default_rng(1)
    truth = draw.uniform(10, 40, 50)
    old, new = (truth + draw.standard_normal((1, 50)) for _ in range(2))
    once = paired_test(truth, old, new, 0.05, 0.0, 0.15)
    often = paired_test(truth, *(np.repeat(side, 10, axis=0) for side in (old, new)), 0.05, 0.0, 0.15)
    assert (often.repeats, often.houses) == (10, 50)
    assert (often.low, often.high, often.p_better) == pytest.approx((once.low, once.high, once.p_better))


def test_models_that_do_not_differ_are_no_better_and_surely_not_worse() -> None:
    truth, same = np.zeros(4), np.ones((2, 4))
    found = paired_test(truth, same, same, alpha=0.05, margin=0.0, allowed_loss=0.15)
    assert (found.p_better, found.p_not_worse, found.low, found.high) == (1.0, 0.0, 0.0, 0.0)
    exact = paired_test(truth, same, np.zeros((2, 4)), alpha=0.05, margin=0.0, allowed_loss=0.15)
    assert (exact.gain, exact.p_better) == (1.0, 0.0)


def test_the_errors_are_those_of_each_fold_of_each_repeat() -> None:
    truth = np.array([1.0, 2.0, 3.0, 4.0])
    left_out = np.stack([truth + 1, truth - 2])
    assert fold_errors(truth, left_out, validation(folds=2, repeats=2)).tolist() == [1.0, 1.0, 2.0, 2.0]


def test_the_page_has_the_decision_and_the_houses_where_the_models_differ_most() -> None:
    truth = np.array([20.0, 30.0, 40.0])
    errors = row_errors(boston()[["house_id"]].head(3), truth, truth[None], truth[None] + [[0.0, 0.0, 7.0]])
    assert errors["champion_error"].tolist() == [0.0, 0.0, 7.0]
    page = promotion_page(judged(evidence(*BETTER)), errors, "1000 USD")
    assert "<h1>Promoted</h1>" in page
    assert "47.00" in page
    assert "<th>challenger predicted</th>" in page
    assert "Errors in 1000 USD." in page
    alone = row_errors(boston()[["house_id"]].head(3), truth, truth[None], None)
    first = Verdict(outcome="promote", rule="first", reason="no <champion> yet", champion_version=None)
    assert "No &lt;champion&gt; yet" in promotion_page(first, alone, "1000 USD")
