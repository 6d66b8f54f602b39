"""What came of a pipeline's run, as a short table."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from pipelines.demo_report import experiment_results, experiments_table, output

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

Rows = dict[str, str]
TITLE_WIDTH = 14


def closing(name: str, run: "PipelineRunResponse", log: Path | None) -> list[RenderableType]:
    """The parts of the table: a line a fact, with what to do next and the name of the log."""
    facts = RESULTS[name](run) | ({"log": str(log)} if log else {})
    lines: list[RenderableType] = [
        Text.assemble((f"{title:<{TITLE_WIDTH}} ", "bold"), text) for title, text in facts.items()
    ]
    if name != "training":
        return lines
    champion = output(run, "choose_champion", "champion")
    return [experiments_table(experiment_results(run), champion.name, champion.unit), *lines]


def _features(run: "PipelineRunResponse") -> Rows:
    publication = output(run, "publish_features", "publication_report")
    written = output(run, "materialize", "materialization_report")
    return {
        "houses": f"{publication.houses} in Feast, {publication.new_features} of them new",
        "online": f"{written.written} rows written",
        "next": "make train",
    }


def _training(run: "PipelineRunResponse") -> Rows:
    champion = output(run, "choose_champion", "champion")
    verdict = output(run, "gate", "verdict")
    registered = output(run, "register", "registered_model")
    return {
        "champion": f"{champion.name}: {champion.summary}",
        "gate": f"{verdict.outcome}: {verdict.reason}",
        "version": f"{registered.name} {registered.version}, {registered.alias}; {registered.bundle}",
        "next": "make deploy" if registered.alias == "champion" else _try_out(registered.version),
    }


def _try_out(version: str) -> str:
    return f"python -m serving.rollout start --version {version} --mode canary tries it beside the champion"


def _deployment(run: "PipelineRunResponse") -> Rows:
    deployment = output(run, "deploy_model", "deployment")
    process = f", pid {deployment.pid}" if deployment.pid else ""
    verified = deployment.live or deployment.candidate
    found = max(one.largest_difference for one in (verified.by_raw_features, verified.by_house_id))
    return {
        "service": f"{deployment.url} ({deployment.action}{process})",
        "version": f"{deployment.name} {deployment.version}",
        "parity": f"it differs from the offline model by {found:.0e} at most",
        "next": "python -m serving.keys make NAME, docs/service.md",
    }


def _monitoring(run: "PipelineRunResponse") -> Rows:
    drift = output(run, "find_root_cause", "drift_verdict")
    decision = output(run, "decide_retraining", "retraining_decision")
    return {
        "drift": f"{drift.status}: {drift.reason}",
        "errors": output(run, "measure_live_error", "error_verdict").summary(),
        "retraining": f"{decision.action}: {decision.reason}",
        "next": "make dashboard shows the drift report",
    }


def _materialization(run: "PipelineRunResponse") -> Rows:
    report = output(run, "materialize", "materialization_report")
    return {view.view: f"{view.written:,} rows written, {view.seconds:.1f} s" for view in report.views}


RESULTS: dict[str, Callable[[Any], Rows]] = {
    "features": _features,
    "training": _training,
    "deployment": _deployment,
    "monitoring": _monitoring,
    "materialization": _materialization,
}
