"""The drift verdict, on columns that can be checked by eye."""

import math

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from serving.records.profile_views import view_of
from steps.core.column_tests import independent_share
from steps.core.drift import DriftSettings, distinct_rows, judge
from steps.core.drift_verdict import DriftVerdict, Window
from steps.core.sketches import Sketch, sketches_of
from zenml_config.environment import ROOT

COLUMNS = ["RM", "CHAS", "ZN", "MEDV"]
FEATURES = COLUMNS[:-1]


def settings(**changes: object) -> DriftSettings:
    document = yaml.safe_load((ROOT / "zenml_config" / "monitoring.yaml").read_text())["parameters"]["drift"]
    return DriftSettings(**document | changes)


def rows(n: int) -> np.ndarray:
    """Rooms, river, a constant, price: always the same for the same number."""
    draw = np.random.default_rng(n)
    rooms = draw.normal(6, 0.5, n)
    return np.column_stack([rooms, draw.random(n) < 0.07, np.zeros(n), 9 * rooms - 32 + draw.normal(0, 2, n)])


def sketches(values: np.ndarray) -> dict[str, Sketch]:
    return sketches_of(view_of(COLUMNS, values))


REFERENCE = sketches(rows(404))


def verdict(values: np.ndarray, **changes: object) -> DriftVerdict:
    seen = sketches(values)
    window = Window(model="m", version="3", start="", end="", hours=1, rows=len(values), distinct=distinct_rows(seen))
    return judge(REFERENCE, seen, FEATURES, "MEDV", window, settings(**changes))


def with_column(values: np.ndarray, name: str, column: object) -> np.ndarray:
    changed = values.copy()
    changed[:, COLUMNS.index(name)] = column
    return changed


def test_traffic_like_the_training_rows_is_stable() -> None:
    found = verdict(rows(300))
    assert (found.status, found.drifted, found.prediction_drifted, found.early) == ("stable", (), False, ())
    assert "like the training rows in all 4 columns" in found.reason


def test_a_feature_that_is_shifted_by_a_standard_deviation_is_named_with_what_was_seen() -> None:
    moved = rows(200)
    found = verdict(with_column(moved, "RM", moved[:, 0] + 0.5))
    assert (found.status, found.drifted) == ("drifted", ("RM",))
    column = found.column("RM")
    assert column.score == pytest.approx(1, abs=0.3)
    assert "standard deviations above the training rows'" in column.reasons[0]
    assert "RM: mean 6.4" in found.reason


def test_a_shift_that_is_certain_and_small_does_not_count() -> None:
    moved = rows(5000)
    found = verdict(with_column(moved, "RM", moved[:, 0] + 0.15))
    assert found.column("RM").p_mean < settings().critical(len(COLUMNS))
    assert found.status == "stable"


def test_another_spread_with_the_same_mean_is_drift_of_the_distribution() -> None:
    found = verdict(with_column(rows(300), "RM", np.where(np.arange(300) % 2, 3.0, 9.0)))
    assert found.drifted == ("RM",)
    (reason,) = found.column("RM").reasons
    assert reason.startswith("distribution")


def test_a_drifted_price_is_told_apart_from_drifted_features() -> None:
    moved = rows(300)
    found = verdict(with_column(moved, "MEDV", moved[:, 3] + 10))
    assert (found.status, found.drifted, found.prediction_drifted) == ("drifted", (), True)


def test_missing_values_are_drift_also_where_no_value_is_left() -> None:
    some, none = rows(300), rows(300)
    some[:40, 0] = np.nan
    none[:, 0] = np.nan
    assert verdict(some).column("RM").reasons == ("13% missing against 0%",)
    empty = verdict(none).column("RM")
    assert (empty.drifted, empty.mean, empty.score, empty.ks) == (True, None, None, 0)


def test_a_binary_feature_drifts_by_its_share_of_ones() -> None:
    assert verdict(with_column(rows(300), "CHAS", np.arange(300) % 4 == 0)).drifted == ("CHAS",)
    assert verdict(with_column(rows(300), "CHAS", np.arange(300) % 12 == 0)).status == "stable"


def test_a_constant_feature_drifts_when_many_rows_have_another_value() -> None:
    assert verdict(with_column(rows(300), "ZN", np.arange(300) % 2)).drifted == ("ZN",)
    found = verdict(rows(300)).column("ZN")
    assert (found.score, found.ks, found.drifted) == (None, 0, False)


def test_there_is_no_verdict_on_few_rows_but_a_hint_if_they_are_far_away() -> None:
    assert verdict(rows(100)).early == ()
    few = rows(100)
    found = verdict(with_column(few, "RM", few[:, 0] + 1.5))
    assert (found.status, found.drifted, found.early) == ("not enough data", (), ("RM",))
    assert found.reason == (
        "No verdict on 100 rows (100 different) of version 3: it takes 200 rows, 50 of them different. "
        "Already far from the training rows: RM."
    )
    assert verdict(with_column(few, "RM", few[:, 0] + 1.5)[:20]).early == ()


def test_there_is_no_verdict_on_a_few_houses_that_are_asked_for_again_and_again() -> None:
    found = verdict(np.repeat(rows(20), 100, axis=0))
    assert (found.status, found.window.rows, found.window.distinct) == ("not enough data", 2000, 20)


@pytest.mark.parametrize(
    ("count", "distinct", "independent"),
    [
        (100, 100, 100),
        (200, 102 * (1 - math.exp(-200 / 102)), 1 / (1 / 200 + 1 / 102)),
        (100_000, 100, 100),
        (0, 0, 0),
    ],
)
def test_of_repeated_rows_as_many_count_as_their_houses_tell(count: int, distinct: float, independent: float) -> None:
    assert count * independent_share(count, round(distinct)) == pytest.approx(independent, rel=0.01)


def test_repeats_make_no_difference_more_certain() -> None:
    once = rows(60)
    moved = with_column(once, "RM", once[:, 0] + 0.3)
    few, repeated = verdict(moved).column("RM"), verdict(np.repeat(moved, 50, axis=0)).column("RM")
    assert few.p_ks < repeated.p_ks * 2
    assert few.p_mean < repeated.p_mean * 2


def test_no_traffic_at_all_is_not_enough_data() -> None:
    window = Window(model="m", version="3", start="", end="", hours=0, rows=0, distinct=0)
    found = judge(REFERENCE, {}, FEATURES, "MEDV", window, settings())
    assert (found.status, found.early, [one.rows for one in found.columns]) == ("not enough data", (), [0, 0, 0, 0])


def test_the_chance_of_a_false_alarm_is_shared_out_over_a_days_tests() -> None:
    assert settings(false_alarms_a_day=0.01, judgements_a_day=24).critical(14) == pytest.approx(0.01 / 24 / 14 / 3)


def test_the_rows_outside_the_references_tails_are_counted() -> None:
    assert verdict(rows(300)).column("RM").outside < 0.06
    assert verdict(with_column(rows(300), "RM", 9.0)).column("RM").outside == 1


def test_a_verdict_comes_back_from_its_json_as_it_was() -> None:
    found = verdict(rows(300))
    assert DriftVerdict.model_validate_json(found.model_dump_json()) == found


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="minimum_row\n"):
        settings(minimum_row=3)
