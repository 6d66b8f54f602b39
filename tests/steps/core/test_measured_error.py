"""From predictions with true prices to figures by version, tier, day and client."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from serving.pricing.intervals import Intervals, IntervalTable
from serving.records.live_error import NOT_ENOUGH, PROMISED, WORSE
from steps.core.live_error import LiveError, Truths
from steps.core.live_error_page import live_error_page
from steps.core.measured_error import COLUMNS, Standard, measure
from steps.core.reference_errors import ReferenceErrors
from tests.steps.core.test_error_tests import settings

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY_S = 86_400
TRUTHS = Truths(received=0, joined=0, replaced=0, without_prediction=0)
TABLE = IntervalTable(
    method="", coverage=0.9, minimum=1, maximum=50, prices=(20.0,), half_widths=(4.0,), residuals=60, houses=60
)


def reference() -> ReferenceErrors:
    """60 houses of one feature from 0 to 59, priced at 20 + it/2; the errors out of fold are 1 and -3, in turn."""
    truth = tuple(20 + house / 2 for house in range(60))
    predicted = tuple(price + (1 if house % 2 else -3) for house, price in enumerate(truth))
    return ReferenceErrors(("RM",), tuple((float(house),) for house in range(60)), truth, (predicted,))


def standard(**changes: Any) -> Standard:
    given: dict[str, Any] = {"metrics": {"cv_mae": 2.0, "cv_rmse": 2.24, "cv_rmse_sd": 0.3, "cv_r2": 0.9}}
    given |= {"intervals": Intervals(msgspec.json.encode(TABLE)), "coverage": 0.9, "maximum": 50.0}
    return Standard(**given | {"errors": reference()} | changes)


def rows(count: int, error: float = 2.0, version: str = "7", **changes: Any) -> pd.DataFrame:
    """Houses that were priced at 30 two days before it became known, an hour ago, what they are worth."""
    moment = NOON.timestamp() - 3600
    one: dict[str, Any] = {"version": version, "truth": 30.0 - error, "price": 30.0, "low": 26.0, "high": 34.0}
    one |= {"priced_at": moment - 2 * DAY_S, "known_at": moment, "received_at": moment}
    one |= {"client": "acme", "shadow": False, "features": (30.0,)}
    frame = pd.DataFrame([one | {"house": str(house)} for house in range(count)], columns=list(COLUMNS))
    return frame.assign(**changes)


def judged(*parts: pd.DataFrame, served: int = 0, **standards: Standard) -> LiveError:
    traffic = pd.DataFrame({"RM": [30.0] * served, "price": [30.0] * served})
    known = pd.DataFrame([row for part in parts for row in part.to_dict("records")], columns=list(COLUMNS))
    made = {name.removeprefix("v"): one for name, one in standards.items()} or {"7": standard()}
    return measure(known, traffic, TRUTHS, made, "house-price", "7", settings(), NOON)


def test_errors_as_promised_have_their_figures_and_their_delay() -> None:
    found = judged(rows(30), served=40)
    own = found.champion
    assert (found.status, own.rows, own.houses, own.delay_days) == (PROMISED, 30, 30, 2.0)
    assert own.mae is not None
    assert own.coverage is not None
    assert (own.mae.value, own.coverage.value) == (2.0, 1.0)
    assert own.promise is not None
    assert (own.promise.mae, own.promise.rmse_sd, own.promise.clipped_mae) == (2.0, 0.3, 2.0)
    assert [(tier.name, tier.rows) for tier in own.tiers] == [("cheapest third", 30)]
    assert own.tiers[0].promised_rmse == pytest.approx(np.sqrt(5))


def test_a_house_counts_once_in_the_verdict_with_its_newest_true_price() -> None:
    same = rows(30, error=9.0, house="1")
    found = judged(same)
    assert (found.status, found.champion.rows, found.champion.houses) == (NOT_ENOUGH, 30, 1)
    again = judged(rows(30, error=9.0), rows(30))
    assert again.status == PROMISED
    assert again.champion.rows == 60


def test_each_version_is_held_against_its_own_promise_and_the_champion_comes_first() -> None:
    found = judged(rows(30), rows(30, 6.0, "8"), rows(5, 1.0, "3"), v7=standard(), v8=standard())
    assert [(one.version, one.status) for one in found.versions] == [("7", PROMISED), ("8", WORSE), ("3", NOT_ENOUGH)]
    assert found.status == PROMISED
    assert "bundle is gone" in found.versions[2].reason
    assert found.versions[2].promise is None


def test_what_a_shadow_said_has_its_own_versions_interval_and_is_in_no_callers_figures() -> None:
    shadow = rows(30, 5.0, "8", shadow=True, low=np.nan, high=np.nan, features=None)
    found = judged(rows(30), shadow, v7=standard(), v8=standard())
    other = found.versions[1]
    assert other.coverage is not None
    assert (other.shadow_rows, other.coverage.value) == (30, 0.0)  # the table has half-widths of 4
    assert [(one.client, one.rows) for one in found.callers] == [("acme", 30)]


def test_clients_are_told_with_their_tenants_the_worst_served_first() -> None:
    found = judged(rows(10, 1.0), rows(10, 6.0, client="town/bank"))
    assert [(one.client, one.tenant, one.mae, one.outside) for one in found.callers] == [
        ("town/bank", "town", 6.0, 1.0),
        ("acme", "", 1.0, 0.0),
    ]


def test_days_are_told_by_when_the_price_became_known_with_the_estimate_where_the_features_are_known() -> None:
    earlier = rows(25, 1.0)
    earlier["known_at"] -= DAY_S
    found = judged(earlier, rows(25, 3.0, features=None))
    assert [(one.day, one.mae, one.estimated_mae is None) for one in found.by_day] == [
        ("2026-11-24", 1.0, False),
        ("2026-11-25", 3.0, True),
    ]


def test_the_estimate_is_told_with_how_far_it_was_off_before() -> None:
    found = judged(rows(30, 3.0), served=40)
    estimate, day = found.estimate, found.by_day[0]
    assert estimate is not None
    assert day.estimated_mae is not None
    assert (estimate.rows, estimate.days) == (40, 1)
    assert estimate.mae == pytest.approx(2, abs=0.3)  # errors of 1 and 3 are spread evenly over the feature
    assert estimate.missed_by == pytest.approx(3 - day.estimated_mae)
    assert estimate.naive_missed_by == pytest.approx(1)
    assert judged(rows(30), served=5).estimate is None


def test_a_bundle_without_single_errors_is_held_against_their_mean_and_gives_no_estimate() -> None:
    found = judged(rows(30, 4.0), served=40, v7=standard(errors=None))
    assert (found.status, found.estimate, found.champion.tiers) == (WORSE, None, ())


def test_houses_that_the_model_was_trained_on_are_told() -> None:
    found = judged(rows(30), v7=standard(trained_on=frozenset({"3", "4", "99"})))
    assert found.champion.trained_houses == 2
    assert "trained on 2 of these houses" in live_error_page(found, "1000 USD")


def test_no_true_price_at_all_is_no_verdict() -> None:
    found = judged(served=40)
    assert (found.status, found.champion.mae, found.by_day, found.callers) == (NOT_ENOUGH, None, (), ())
    assert (
        found.summary() == "Live error of version 7: not enough truths. 0 houses with a true price; a verdict takes 20."
    )


def test_the_page_has_the_verdict_and_no_markup_from_outside() -> None:
    text = live_error_page(judged(rows(30, 6.0, client="<b>x</b>"), served=40), "1000 USD")
    assert "errors in 1000 USD" in text
    assert "The model is worse than promised" in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert "<b>x</b>" not in text
    assert text.count("<svg") == 4


def test_the_page_without_true_prices_says_so() -> None:
    text = live_error_page(judged(), "1000 USD")
    assert "Not enough true prices for a verdict" in text
    assert "No true price in this window" in text
    assert "No estimate" in text


def test_each_version_is_a_column_of_the_page_and_what_is_not_known_of_it_is_said() -> None:
    text = live_error_page(judged(rows(30), rows(30, 6.0, "8", shadow=True), v7=standard()), "1000 USD")
    for line in (
        "<th scope=col>7 (champion)</th><th scope=col>8</th>",
        "<td>of them as a shadow</td><td>0</td><td>30</td>",
    ):
        assert line in text
    assert "<td>MAE</td><td>2.00 (2.00 to 2.00)</td><td>6.00 (6.00 to 6.00)</td>" in text
    assert "<td>promised RMSE</td><td>2.24 ± 0.30</td><td>not known</td>" in text
