"""The chapters in which a neighbourhood shifts: the verdict, the retraining, the canary, the promotion."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.demo_report import output
from pipelines.story.day import Day, expect
from pipelines.story.neighbourhood import concerned, opened, prices
from pipelines.story.traffic import rows_of
from pipelines.story.truths import Error
from steps.core.drift_verdict import DRIFTED
from steps.push_listing import push

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

CAUSE = "NOX"  # what the motorway changes


def shift(day: Day) -> pd.DataFrame:
    """The houses of the neighbourhood: a motorway is opened, and they are listed with the air that they have now."""
    motorway = day.plot.motorway
    old = concerned(day.houses, motorway)
    new = opened(old, motorway)
    listings = new[["house_id", *day.features]].to_csv(index=False).encode()
    done = push(listings, "the new listings", day.settings, datetime.now(UTC))
    expect(all(one.served for one in done), "Some of the new listings are not served.")
    day.houses = day.houses.set_index("house_id")
    day.houses.update(new.set_index("house_id"))
    day.houses = day.houses.reset_index()
    day.traffic.change(phase="shifted", houses=rows_of(day.houses, day.features))
    fall = old["MEDV"].mean() - new["MEDV"].mean()
    day.tell(
        "the shift",
        f"A motorway is opened through the towns with few highways (RAD {min(motorway.highways)} to "
        f"{max(motorway.highways)}): nitric oxides (NOX) rise by {motorway.nox:g}, prices will fall by {fall:.1f} "
        f"thousand dollars on average. {len(new)} houses are listed in Feast with their new NOX, and served with it at "
        "once.",
        houses=len(new),
        price_fall=fall,
    )
    return new


def sales(day: Day, version: str, first: pd.DataFrame, before: Error) -> None:
    """Some of the houses are sold: the live error grows, and the sales reach Feast.

    Args:
        before: the error of the morning.
    """
    begun = time.time()
    day.traffic.sell(prices(first))
    day.traffic.until(lambda now: now.truths >= len(first), "true prices")
    now = day.error(version, begun)
    day.tell(
        "sales",
        f"{len(first)} of these houses are sold. RMSE of version {version} on them: {now}; in the morning it was "
        f"{before.rmse:.2f}.",
        error=now._asdict(),
    )
    expect(now.low > before.rmse, f"The live error has not grown: {before}, now {now}.")
    file = day.settings.var_dir / "sales.csv"
    first.to_csv(file, index=False)
    report = output(
        day.run("features", {"source": {"kind": "csv", "path": str(file)}}), "publish_features", "publication_report"
    )
    expect(report.new_prices == len(first), f"Of {len(first)} sales {report.new_prices} are news to Feast.")
    day.tell(
        "features", f"The land registry's file of these {report.new_prices} sales is validated and published to Feast."
    )


def drift(day: Day, version: str) -> str:
    """The retrained version, which is tried as a canary: the monitoring finds the drift and does the rest by itself."""
    healthy = day.traffic.calls.phases["healthy"].rows
    rows = int(day.plot.traffic.shifted_times * healthy)
    day.traffic.until(lambda now: now.rows >= rows, "shifted traffic")
    day.until_profiled(version, healthy + rows)
    # The morning's training began minutes ago, not weeks: no cool-down.
    wanted = {"cool_down_hours": 0, "deploy": "canary", "share": day.plot.canary.share}
    training = {"training": str(day.configuration("training", {}))}
    monitoring = day.run("monitoring", {"retraining": wanted | training})
    _tell_verdict(day, monitoring)
    retrained = output(monitoring, "start_retraining", "retraining")
    expect(retrained.ending == "tried", f"The retraining: {retrained.in_words}")
    expect(retrained.alias == "challenger", f"The retrained model is registered as {retrained.alias}.")
    day.tell(
        "retraining",
        f"The monitoring has trained again by itself, because of the {retrained.cause.kind}, with the new sales in "
        f"place of the old prices. Version {retrained.version} is registered as challenger: true prices shall decide.",
        version=retrained.version,
        cause=retrained.cause.kind,
    )
    tried = day.rollout
    expect((tried.challenger, tried.mode) == (retrained.version, "canary"), f"What is tried is {tried}.")
    day.tell(
        "canary",
        f"Version {tried.challenger} answers for {tried.share:.0%} of the houses, always the same ones, beside version "
        f"{tried.champion}.",
        share=tried.share,
    )
    return str(retrained.version)


def _tell_verdict(day: Day, monitoring: "PipelineRunResponse") -> None:
    found = output(monitoring, "find_root_cause", "drift_verdict")
    errors = output(monitoring, "measure_live_error", "error_verdict")
    expect(found.status == DRIFTED, f"The shifted traffic is called {found.status}: {found.reason}")
    first = found.root_cause.effects[0].feature if found.root_cause else "unknown"
    expect(first == CAUSE, f"The first root cause is {first}, and should be {CAUSE}: {found.reason}")
    column = found.column(CAUSE)
    day.tell(
        "monitoring",
        f"DRIFTED. First cause: {first}, whose mean is {column.mean:.3f} and was {column.reference_mean:.3f} in the "
        f"training rows; drifted features: {', '.join(found.drifted)}, by {found.window.rows} rows. The live error is "
        f"{errors.status}.",
        status=found.status,
        first=first,
        drifted=list(found.drifted),
        rows=found.window.rows,
        error_status=errors.status,
    )


def promotion(day: Day, version: str, challenger: str, later: pd.DataFrame) -> None:
    """True prices of houses that neither has seen sold make the challenger champion."""
    traffic = day.traffic
    traffic.change(phase="canary", sold={})
    traffic.until(lambda now: now.rows_by_version.get(challenger, 0) >= 100, "answers of the canary")
    begun = time.time()
    for _ in range(3):  # a house that was priced before a worker had loaded the challenger is priced again
        _sell(day, later)
        if day.rollout.status != "running":
            break
    _, figures = day.decided("better", 20)
    before, after = day.error(version, begun), day.error(challenger, begun)
    day.tell(
        "true prices",
        f"The other houses there are sold. On those that version {version} had priced its RMSE is {before}; version "
        f"{challenger}'s is {after}. On the same {figures.truths} houses the challenger's absolute error is smaller by "
        f"{figures.gain:.2f} ({figures.gain_low:.2f} to {figures.gain_high:.2f}): the service calls it better.",
        truths=figures.truths,
        gain=figures.gain,
    )
    expect(after.rmse < before.rmse, "The challenger's error is not smaller.")
    concluded = output(day.run("monitoring"), "conclude_rollout", "rollout_conclusion")
    expect(concluded.action == "promoted", f"The challenger is not promoted: {concluded}.")
    day.recorded("promoted")
    day.tell(
        "promotion",
        f"The next run of the monitoring makes version {challenger} champion: every worker is replaced, under traffic.",
    )


def _sell(day: Day, houses: pd.DataFrame) -> None:
    """Return when the houses are sold, or the rollout is decided."""
    told = day.traffic.phase.truths + len(houses)
    day.traffic.sell(prices(houses))
    day.traffic.until(lambda now: now.truths >= told or day.rollout.status != "running", "true prices")
