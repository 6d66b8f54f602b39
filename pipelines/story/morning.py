"""The first chapters: the platform is set up, a first model serves, and the traffic is as it should be."""

import time

import pandas as pd

from pipelines.demo_report import output
from pipelines.story.day import Day, expect, shown
from pipelines.story.neighbourhood import prices
from pipelines.story.truths import Error
from serving.records.live_error import WORSE
from steps.core.drift_verdict import STABLE


def set_up(day: Day) -> tuple[str, pd.DataFrame]:
    """The first version, which serves afterwards, and the houses that it did not train on."""
    from zenml_config.stack import register_stack

    register_stack()
    day.tell(
        "morning", f"An empty platform in {shown(day.settings.var_dir, day.settings.root)}: nothing is served yet."
    )
    features = day.run("features")
    day.houses = output(features, "ingest", "ingested_houses")
    day.tell(
        "features",
        f"{len(day.houses)} houses are validated against the contract and published to Feast, offline and online.",
        houses=len(day.houses),
    )
    training = day.run("training")
    champion = output(training, "choose_champion", "champion")
    registered = output(training, "register", "registered_model")
    held_out = day.houses["house_id"].isin(output(training, "prepare", "test_rows")["house_id"])
    day.features = list(day.houses.columns[1:-1])
    expect(registered.alias == "champion", f"The first model is registered as {registered.alias}.")
    day.tell(
        "training",
        f"The best experiment is {champion.name}: cross-validated RMSE {champion.metrics['cv_rmse']:.2f} thousand "
        f"dollars. It passes the gate and becomes version {registered.version}, the champion.",
        version=registered.version,
        cv_rmse=champion.metrics["cv_rmse"],
    )
    deployment = output(day.run("deployment"), "deploy_model", "deployment")
    day.tell(
        "deployment",
        f"Version {deployment.version} serves on {deployment.url}; its answers for {deployment.live.by_house_id.rows} "
        "houses are those of the offline model.",
        url=deployment.url,
    )
    day.url = deployment.url
    return str(deployment.version), day.houses[held_out]


def healthy_traffic(day: Day, version: str, held_out: pd.DataFrame) -> Error:
    """The error of the version on houses that it has not seen, while the monitoring finds nothing."""
    begun, wanted = time.time(), day.plot.traffic
    day.start_caller(day.url, "healthy")
    day.traffic.sell(prices(held_out))
    day.tell(
        "traffic",
        f"A caller begins to ask for prices, {wanted.requests_a_second:g} requests a second, single houses and "
        "batches, by id and by features; it sends each request once, checks every answer, and goes on till evening.",
    )
    sales = len(held_out)
    tally = day.traffic.until(lambda now: now.rows >= wanted.healthy_rows and now.truths >= sales, "healthy traffic")
    before = day.error(version, begun)
    day.tell(
        "sales",
        f"{sales} houses that the model did not train on are sold. RMSE of the prices that it had given: {before}.",
        error=before._asdict(),
    )
    day.until_profiled(version, wanted.healthy_rows)
    monitoring = day.run("monitoring")
    verdict = output(monitoring, "find_root_cause", "drift_verdict")
    errors = output(monitoring, "measure_live_error", "error_verdict")
    expect(errors.status != WORSE, errors.summary())
    expect(verdict.status == STABLE, f"The healthy traffic is called {verdict.status}: {verdict.reason}")
    day.tell(
        "monitoring",
        f"The traffic is what version {version} was trained on: {verdict.status}, by {verdict.window.rows} rows of "
        f"{verdict.window.distinct} different houses. Its live error: {errors.status}.",
        status=verdict.status,
        error_status=errors.status,
        rows=verdict.window.rows,
        requests=tally.requests,
    )
    return before
