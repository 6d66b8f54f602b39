"""The quality report as a page."""

import html

from steps.core.difference_cells import difference_cells
from steps.core.page import Reading, headers, page
from steps.core.quality import Difference, QualityReport, Standing

HEADS = ("procedure", "RMSE", "± between folds", "R²", "MAE", "champion minus this", "interval", "p")
READING = Reading(
    what="The whole procedure of the champion beside simpler ones, each on houses that it was not fitted on.",
    good="The champion's RMSE is the smallest, and the interval of its difference to the others lies below 0.",
    act="Where an interval holds 0, the simpler procedure may serve as well: prefer it, or get more houses. Much "
    "larger errors by group than by random folds: expect those in a new town.",
)


def quality_page(report: QualityReport, unit: str) -> str:
    """A table for each kind of folds, with everything that it needs inside it.

    Args:
        unit: of the errors.
    """
    tables = [_table("Random folds", "Every house is left out once in each repeat.", report.repeated)]
    if report.grouped:
        named = ", ".join(report.group_columns)
        about = (
            f"Houses with equal {named} stay together ({report.groups} groups, a stand-in for towns, which the data do "
            "not name): random folds let one learn a town from its other houses."
        )
        tables.append(_table("Folds by group", about, report.grouped))
    return page(
        "Quality: what to expect of the champion on new houses", READING, f"{_about(report, unit)}{''.join(tables)}"
    )


def _about(report: QualityReport, unit: str) -> str:
    search = (
        "its features and parameters are looked for anew in the training rows of each fold"
        if report.nested
        else "its features are chosen anew in each fold; its parameters are kept, which were found on most of these "
        "houses and flatter it (<code>quality.nested</code> in zenml_config/training.yaml looks for them anew)"
    )
    return (
        f"<p>{html.escape(report.champion)} on {report.houses} houses: {search}. Errors in {html.escape(unit)}, "
        f"means over {report.repeats} x {report.folds} folds, the same for all. Differences: corrected resampled t "
        f"test (Nadeau and Bengio 2003), {report.confidence:.0%} intervals. "
        "An experiment's fixed settings were chosen by people who had seen these houses.</p>"
    )


def _table(title: str, about: str, standings: list[Standing]) -> str:
    head = headers(HEADS)
    rows = "".join(_row(standing) for standing in standings)
    return f"<h2>{title}</h2><p>{html.escape(about)}</p><table><tr>{head}</tr>{rows}</table>"


def _row(standing: Standing) -> str:
    figures = (standing.mean_rmse, standing.sd_rmse, standing.mean_r2, standing.mean_mae)
    cells = [
        html.escape(standing.name),
        *(f"{value:.3f}" for value in figures),
        *map(html.escape, _difference(standing.difference)),
    ]
    kind = " class=champion" if standing.difference is None else ""
    return f"<tr{kind}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _difference(found: Difference | None) -> tuple[str, str, str]:
    if found is None:
        return "", "", ""
    return difference_cells(found.mean, found.low, found.high, found.p_value)
