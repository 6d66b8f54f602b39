"""What the gate decided by, as a page and as a table of both models' errors, row by row."""

import html
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from steps.core.columns import Matrix
from steps.core.page import Reading, page, table
from steps.core.plots import embedded, predicted_versus_true
from steps.core.promotion import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTCOMES = {"promote": "Promoted", "unchanged": "Unchanged", "challenge": "Registered as challenger"}
READING = Reading(
    what="Whether the winner of this run takes the place of the model that serves. Both are judged on the same "
    "houses, each left out of the fit that prices it.",
    good="Promoted: better, or not worse, beyond chance. Unchanged: the same model from the same data came out again.",
    act="A challenger waits: try it beside the champion as a canary (docs/rollout.md), or look at the houses below "
    "where the two differ most.",
)


def row_errors(houses: pd.DataFrame, truth: Matrix, challenger: Matrix, champion: Matrix | None) -> pd.DataFrame:
    """By house: the price, both models' mean out-of-fold prediction and its error, in the target's unit.

    Args:
        houses: `house_id` of each row.
        challenger, champion: (n_repeats, n_rows) out-of-fold predictions; none of a champion that was not compared.
    """
    sides = {"challenger": challenger} | ({} if champion is None else {"champion": champion})
    table = houses.assign(price=truth)
    for name, left_out in sides.items():
        table[f"{name}_predicted"] = left_out.mean(axis=0)
        table[f"{name}_error"] = np.abs(truth - table[f"{name}_predicted"])
    return table


def promotion_page(verdict: Verdict, errors: pd.DataFrame, unit: str) -> str:
    """The decision, its figures, and where the two models differ most, with everything inside it.

    Args:
        errors: of `row_errors`.
        unit: of the prices.
    """
    reason = verdict.reason[:1].upper() + verdict.reason[1:]
    parts = [f"<p>{html.escape(reason)}. <span class=note>Rule: {html.escape(verdict.rule)}.</span></p>"]
    if verdict.evidence is not None:
        test = verdict.evidence.test
        lines = {
            "challenger, RMSE": f"{verdict.evidence.challenger_rmse:.3f}",
            "champion, RMSE": f"{verdict.evidence.champion_rmse:.3f}",
            "gain": f"{test.gain:+.3f}",
            "its interval": f"{test.low:+.3f} to {test.high:+.3f}",
            "p, better": f"{test.p_better:.3g}",
            "p, not worse": f"{test.p_not_worse:.3g}",
            "houses": f"{test.houses}, each left out {test.repeats} times",
        }
        parts.append(table(("figure", "value"), list(lines.items())))
        parts.append(f"<p>Paired t-test of the houses. Errors in {html.escape(unit)}.</p>")
        parts.append(embedded("out-of-fold predictions of both", _figure(errors, unit)))
        parts.append(f"<h2>Where they differ most</h2>{_widest(errors)}")
    return page(OUTCOMES[verdict.outcome], READING, "".join(parts))


def _figure(errors: pd.DataFrame, unit: str) -> "Figure":
    truth = errors["price"].to_numpy()
    sides = {name: (truth, errors[f"{name}_predicted"]) for name in ("champion", "challenger")}
    return predicted_versus_true(sides, unit)


def _widest(errors: pd.DataFrame, rows: int = 10) -> str:
    difference = (errors["challenger_error"] - errors["champion_error"]).abs()
    widest = errors.loc[difference.sort_values(ascending=False, kind="stable").index[:rows]]
    widest.columns = widest.columns.str.replace("_", " ")
    return str(widest.to_html(index=False, border=0, float_format="{:.2f}".format))
