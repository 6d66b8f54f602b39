"""The last screen of the demo: what happened, and what to try next."""

import json
import math
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.table import Table

from serving.keys import client_key
from serving.settings import Settings
from steps.terminal.presentation import Presentation

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

Runs = dict[str, "PipelineRunResponse"]
EXPERIMENT_COLUMNS = {
    "cross-validated RMSE": "{cv_rmse:.3f} ± {cv_rmse_sd:.3f}",
    "test RMSE": "{test_rmse:.3f}",
    "test R²": "{test_r2:.3f}",
}


def output(run: "PipelineRunResponse", step: str, artifact: str) -> Any:
    """What a step of the run left under the artifact's name."""
    return run.steps[step].outputs[artifact][0].load()


def report(runs: Runs, seconds: dict[str, float], settings: Settings, shown: Presentation) -> None:
    """Print it."""
    console = shown.screen.console
    champion = output(runs["training"], "choose_champion", "champion")
    console.print()
    console.print(experiments_table(experiment_results(runs["training"]), champion.name, champion.unit))
    for line in story(runs, champion):
        console.print(line)
    console.print(f"[dim]{', '.join(f'{name} {value:.0f} s' for name, value in seconds.items())}[/dim]")
    if shown.log:
        console.print(f"[bold]Log[/bold]        {relative_to(shown.log, settings.root)}")
    deployment = output(runs["deployment"], "deploy_model", "deployment")
    key_file, repository = (relative_to(path, settings.root) for path in (settings.api_key_file, settings.feature_repo))
    client_key(settings)  # makes it, where there is none; what is printed here may end up in a workflow's log
    console.print(f"[bold]Key[/bold]        in {key_file} ({settings.rate_limit} calls a minute)")
    if settings.console_port:
        address = f"http://{settings.host}:{settings.console_port}"
        console.print(f"[bold]Console[/bold]    {address} in a browser; it asks for the key")
    console.print("\n[bold]Try[/bold]")
    if own := os.environ.get("HPP_ENVIRONMENT_FILE"):
        console.print("# the commands below need the settings of this run", style="dim")
        console.print(f"export HPP_ENVIRONMENT_FILE={shlex.quote(own)}", markup=False)
    houses = output(runs["deployment"], "predict_offline", "offline_predictions").set_index("house_id")
    asked_for = output(runs["deployment"], "find_champion", "champion").inputs
    for title, command in examples(deployment.url, key_file, repository, houses[asked_for]).items():
        console.print(f"# {title}", style="dim")
        console.print(command, markup=False)


def experiment_results(run: "PipelineRunResponse") -> list[Any]:
    """The results of the run's experiments, in their order."""
    return [
        step.outputs[artifact][0].load()
        for step in run.steps.values()
        for artifact in step.outputs
        if artifact.endswith("_result")
    ]


def experiments_table(results: list[Any], champion: str, unit: str) -> Table:
    """The experiments side by side, the champion marked.

    Args:
        unit: of the errors.
    """
    table = Table(title=f"Experiments (errors in {unit})", title_justify="left")
    for title in ("", "experiment", "features", *EXPERIMENT_COLUMNS, "seconds"):
        table.add_column(title, justify="left" if title in ("", "experiment") else "right")
    for result in results:
        figures = [form.format(**result.metrics) for form in EXPERIMENT_COLUMNS.values()]
        mark = "✓" if result.name == champion else ""
        row = [mark, result.name, str(len(result.features)), *figures, f"{result.seconds['total']:.1f}"]
        table.add_row(*row, style="bold" if mark else None)
    return table


def story(runs: Runs, champion: Any) -> list[str]:
    """What happened, a sentence a line."""
    publication = output(runs["features"], "publish_features", "publication_report")
    verdict = output(runs["training"], "gate", "verdict")
    registered = output(runs["training"], "register", "registered_model")
    deployment = output(runs["deployment"], "deploy_model", "deployment")
    verified = deployment.live or deployment.candidate
    parity = max(found.largest_difference for found in (verified.by_raw_features, verified.by_house_id))
    return [
        f"[bold]Features[/bold]   {publication.houses} houses in Feast ({publication.new_features} new).",
        f"[bold]Champion[/bold]   {champion.name}, chosen by cross-validation; {', '.join(champion.features)}.",
        f"[bold]Gate[/bold]       {verdict.outcome}: {verdict.reason}.",
        f"[bold]Registry[/bold]   {registered.name} version {registered.version}, alias {registered.alias}; "
        f"{registered.bundle}.",
        f"[bold]Service[/bold]    {deployment.url} ({deployment.action}, pid {deployment.pid}); "
        f"it differs from the offline model by {parity:.0e} at most.",
    ]


def relative_to(path: Path, folder: Path) -> Path:
    """The path as it can be typed in the folder."""
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def examples(url: str, key_file: Path, repository: Path, houses: pd.DataFrame) -> dict[str, str]:
    """The next commands to try, by what they are for.

    Args:
        key_file: where the API key is; repository: where the Feast repository is.
        houses: the stored features that the champion needs, of some houses, by `house_id`.
    """
    shown, other = (int(house) for house in houses.index[17:19]) if len(houses) > 18 else (houses.index[0],) * 2
    values: list[float] = houses.loc[[shown]].to_numpy(float)[0].tolist()
    row = [None if math.isnan(value) else value for value in values]
    feature, own = str(houses.columns[-1]), values[-1]
    least, most = float(houses[feature].min()), float(houses[feature].max())
    other_value = least if own > (least + most) / 2 else most
    return {
        "a price and its interval, by raw features": curl(url, key_file, list(houses.columns), [row]),
        "prices of houses in the feature store": curl(url, key_file, ["house_id"], [[shown], [other]]),
        f"what if {feature} of the first of them were {other_value:g}, and why?": curl(
            url, key_file, ["house_id", feature], [[shown, other_value]], explain=True
        ),
        "the prediction once more, from the receipt in its reply": ".venv/bin/python -m serving.replay RECEIPT",
        "what Feast knows of it online": (
            f".venv/bin/feast -c {repository} get-online-features -e house_id={shown} -f house_features:{feature}"
        ),
        "the pipelines' lineage, the experiments, the feature repository, and the end": (
            "make dashboard\nmake mlflow-ui\nmake feast-ui\nmake stop"
        ),
    }


def curl(url: str, key_file: Path, names: list[str], rows: list[list[Any]], explain: bool = False) -> str:
    """The command that asks the service for prices."""
    message: dict[str, Any] = {"data": {"names": names, "ndarray": rows}}
    if explain:
        message["meta"] = {"tags": {"explain": True}}
    headers = f"-H 'Content-Type: application/json' -H \"X-API-Key: $(cat {shlex.quote(str(key_file))})\""
    return f"curl -s {url}/api/v1.0/predictions {headers} -d '{json.dumps(message)}'"
