"""What the gate decided by, as a page and as a table of both models' errors, row by row."""

import html
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from steps.core.columns import Matrix
from steps.core.plots import UNIT, embedded, predicted_versus_true
from steps.core.promotion import Verdict
from steps.core.selection import STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTCOMES = {"promote": "Promoted", "unchanged": "Unchanged", "challenge": "Registered as challenger"}


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


def promotion_page(verdict: Verdict, errors: pd.DataFrame) -> str:
    """The decision, its figures, and where the two models differ most, with everything inside it."""
    parts = [f"<h1>{OUTCOMES[verdict.outcome]}</h1><p>Rule: {verdict.rule}. {html.escape(verdict.reason)}.</p>"]
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
        parts.append(f"<table>{''.join(f'<tr><td>{name}</td><td>{text}</td></tr>' for name, text in lines.items())}")
        parts.append(f"</table><p>Paired t-test of the houses. Errors in {UNIT}.</p>")
        parts.append(embedded("out-of-fold predictions of both", _figure(errors)))
        parts.append(f"<h2>Where they differ most</h2>{_widest(errors)}")
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{''.join(parts)}"


def _figure(errors: pd.DataFrame) -> "Figure":
    truth = errors["price"].to_numpy()
    return predicted_versus_true({name: (truth, errors[f"{name}_predicted"]) for name in ("champion", "challenger")})


def _widest(errors: pd.DataFrame, rows: int = 10) -> str:
    difference = (errors["challenger_error"] - errors["champion_error"]).abs()
    widest = errors.loc[difference.sort_values(ascending=False, kind="stable").index[:rows]]
    return str(widest.to_html(index=False, border=0, float_format="{:.2f}".format))
