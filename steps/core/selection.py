"""Which experiment wins."""

import html
from collections.abc import Sequence

from steps.core.experiments import ExperimentResult

COLUMNS = {
    "cv_rmse": "RMSE, cross-validated",
    "cv_rmse_sd": "± between folds",
    "search_rmse": "search's own best",
    "train_rmse": "RMSE, training rows",
    "test_rmse": "RMSE, test rows",
    "test_r2": "R², test rows",
    "test_mae": "MAE, test rows",
}
STYLE = (
    "body{font:15px system-ui,sans-serif;margin:2em;color:#222}table{border-collapse:collapse}"
    "td,th{padding:.4em .8em;border-bottom:1px solid #ddd;text-align:right}"
    "td:first-child,th:first-child{text-align:left}"
    "tr.champion{background:#e8f4ea;font-weight:600}"
)


def choose(results: Sequence[ExperimentResult]) -> int:
    """The position of the champion: the smallest cross-validated RMSE; of equal ones the one with fewer features.

    The test rows have no say: they are for the gate.
    """
    return min(range(len(results)), key=lambda i: (results[i].metrics["cv_rmse"], len(results[i].features), i))


def reason(results: Sequence[ExperimentResult], champion: int) -> str:
    """Why it won, in a sentence, with the distance to the next one."""
    won = results[champion]
    others = [result for i, result in enumerate(results) if i != champion]
    if not others:
        return f"{won.name} is the only experiment."
    second = min(others, key=lambda result: result.metrics["cv_rmse"])
    ahead = second.metrics["cv_rmse"] - won.metrics["cv_rmse"]
    return (
        f"{won.name} has the smallest cross-validated RMSE, {won.metrics['cv_rmse']:.3f}: "
        f"{ahead:.3f} below {second.name}. The test rows had no say."
    )


def comparison(results: Sequence[ExperimentResult], champion: int) -> str:
    """A page that puts the experiments side by side, with everything that it needs inside it."""
    head = "".join(f"<th>{title}</th>" for title in ("experiment", "features", *COLUMNS.values(), "seconds"))
    rows = "".join(_row(result, i == champion) for i, result in enumerate(results))
    lists = "".join(
        f"<li><b>{html.escape(result.name)}</b>: {', '.join(map(html.escape, result.features))}<br>"
        f"{html.escape(', '.join(f'{k} = {_short(v)}' for k, v in result.parameters.items()) or 'default parameters')}"
        f"<br>MLflow run {html.escape(result.mlflow_run_id)}</li>"
        for result in results
    )
    return (
        f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><h1>Experiments</h1>"
        f"<p>{html.escape(reason(results, champion))}</p><table><tr>{head}</tr>{rows}</table><ul>{lists}</ul>"
        "<p>Errors in thousands of US dollars. The search's own best is too good: it was chosen for being so.</p>"
    )


def _row(result: ExperimentResult, is_champion: bool) -> str:
    cells = [f"{result.metrics[name]:.3f}" if name in result.metrics else "" for name in COLUMNS]
    texts = [html.escape(result.name), str(len(result.features)), *cells, f"{result.seconds['total']:.1f}"]
    kind = " class=champion" if is_champion else ""
    return f"<tr{kind}>{''.join(f'<td>{text}</td>' for text in texts)}</tr>"


def _short(value: float | int | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
