"""When a model counts as worse than promised."""

from typing import Any

import numpy as np
import yaml

from serving.records.live_error import NOT_ENOUGH, PROMISED, WORSE
from steps.core.error_tests import ErrorSettings, SinceEachDay, allowed_means, decide, gather
from steps.core.live_error import Promise
from zenml_config.environment import ROOT


def settings(**changes: Any) -> ErrorSettings:
    """Those of zenml_config/monitoring.yaml."""
    document = yaml.safe_load((ROOT / "zenml_config" / "monitoring.yaml").read_text())
    return ErrorSettings(**document["parameters"]["error"] | changes)


def promise(mae: float | None = 2.0) -> Promise:
    return Promise(mae=mae, rmse=3.0, rmse_sd=0.5, r2=0.9, coverage=0.9, clipped_mae=mae, clipped_at=mae and 5 * mae)


def verdict(errors: list[float], outside: list[float] | None = None, days: list[str] | None = None) -> tuple[str, str]:
    found = gather(
        days or ["2026-11-01"] * len(errors),
        np.array(errors),
        np.array(outside or [0.0] * len(errors)),
        promise(),
        settings(),
    )
    return decide(len(errors), found, settings())


def test_errors_as_large_as_promised_are_as_promised() -> None:
    assert verdict([1.0, 3.0] * 100)[0] == PROMISED


def test_errors_that_doubled_are_worse_and_the_reason_has_the_figures() -> None:
    status, reason = verdict([3.0, 5.0] * 30)
    assert status == WORSE
    assert "the mean absolute error, clipped, is 4.00, where 2.50 is allowed" in reason


def test_intervals_that_miss_a_third_are_worse_even_if_the_errors_are_not() -> None:
    status, reason = verdict([2.0] * 120, [1.0, 0.0, 0.0] * 40)
    assert status == WORSE
    assert "33% of the true prices are outside" in reason


def test_a_few_houses_are_no_verdict_however_bad() -> None:
    assert verdict([10.0] * 19)[0] == NOT_ENOUGH


def test_a_bundle_without_a_promise_gives_no_verdict_on_the_errors() -> None:
    none = promise(None)
    assert set(allowed_means(none, settings())) == {"coverage"}
    evidence = gather(["2026-11-01"] * 60, np.full(60, 50.0), np.ones(60), none, settings())
    assert decide(60, evidence, settings())[0] == NOT_ENOUGH


def test_one_absurd_true_price_decides_nothing() -> None:
    assert verdict([2.0] * 39 + [1e6])[0] == PROMISED


def test_what_grew_today_is_seen_however_long_all_was_well_before() -> None:
    days = [f"2026-11-{day:02d}" for day in range(1, 26) for _ in range(20)] + ["2026-11-26"] * 30
    status, reason = verdict([2.0] * 500 + [6.0] * 30, days=days)
    assert status == WORSE
    assert reason.startswith("Since 2026-11-26")


def test_houses_without_an_interval_say_nothing_of_the_coverage() -> None:
    found = gather(["2026-11-01"] * 40, np.full(40, 2.0), np.full(40, np.nan), promise(), settings())
    assert [(one.test, one.e_value) for one in found if one.test == "coverage"] == [("coverage", 1.0)]


def test_looking_after_every_truth_of_a_month_alarms_no_more_often_than_promised() -> None:
    """The budget of 60 months whose mean is the allowed one: 0.5 % for each of their 30 days, 9 alarms in all."""
    draw, alarmed, critical = np.random.default_rng(5), 0, settings().critical
    for _ in range(60):
        bettors, shown = SinceEachDay(0.15), False
        for day in range(30):
            for outside in draw.random(5) < 0.15:
                bettors.add(f"{day:02d}", float(outside))
                shown |= bettors.strongest[1] >= critical
        alarmed += shown
    assert alarmed <= 9
