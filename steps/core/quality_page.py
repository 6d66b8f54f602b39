"""The quality report as a page."""

import html

from steps.core.plots import UNIT
from steps.core.quality import Difference, QualityReport, Standing
from steps.core.selection import STYLE

HEADS = ("procedure", "RMSE", "± between folds", "R²", "MAE", "champion minus this", "interval", "p")


def quality_page(report: QualityReport) -> str:
    """A table for each kind of folds, with everything that it needs inside it."""
    tables = [_table("Random folds", "Every house is left out once in each repeat.", report.repeated)]
    if report.grouped:
        named = ", ".join(report.group_columns)
        about = (
            f"Houses with equal {named} stay together ({report.groups} groups, a stand-in for towns, which the data do "
            "not name): random folds let one learn a town from its other houses."
        )
        tables.append(_table("Folds by group", about, report.grouped))
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><h1>Quality</h1>{_about(report)}{''.join(tables)}"


def _about(report: QualityReport) -> str:
    search = (
        "its features and parameters are looked for anew in the training rows of each fold"
        if report.nested
        else "its features are chosen anew in each fold; its parameters are kept, which were found on most of these "
        "houses and flatter it (`quality.nested` in zenml_config/training.yaml looks for them anew)"
    )
    return (
        f"<p>{html.escape(report.champion)} on {report.houses} houses: {search}. Errors in {UNIT}, "
        f"means over {report.repeats} x {report.folds} folds, the same for all. Differences: corrected resampled t "
        f"test (Nadeau and Bengio 2003), {report.confidence:.0%} intervals. "
        "An experiment's fixed settings were chosen by people who had seen these houses.</p>"
    )


def _table(title: str, about: str, standings: list[Standing]) -> str:
    head = "".join(f"<th>{name}</th>" for name in HEADS)
    rows = "".join(_row(standing) for standing in standings)
    return f"<h2>{title}</h2><p>{html.escape(about)}</p><table><tr>{head}</tr>{rows}</table>"


def _row(standing: Standing) -> str:
    figures = (standing.mean_rmse, standing.sd_rmse, standing.mean_r2, standing.mean_mae)
    cells = [html.escape(standing.name), *(f"{value:.3f}" for value in figures), *_difference(standing.difference)]
    kind = " class=champion" if standing.difference is None else ""
    return f"<tr{kind}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _difference(found: Difference | None) -> tuple[str, str, str]:
    if found is None:
        return "", "", ""
    return f"{found.mean:+.3f}", f"{found.low:+.3f} to {found.high:+.3f}", f"{found.p_value:.3f}"
