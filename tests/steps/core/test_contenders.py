"""The experiments beside the winner, and the page that shows them."""

import numpy as np
import pandas as pd
import pytest

from steps.core.comparison_page import comparison, folds_figure
from steps.core.contenders import Contender, beside_winner, certainty
from steps.core.experiments import ExperimentResult
from tests.training import result, validation

FOLDS = validation(folds=3, repeats=2)


def table(*misses: float) -> pd.DataFrame:
    """Out-of-fold predictions of 30 houses that are too high by so much, in the first and in the second repeat."""
    truth = np.linspace(10, 40, 30)
    repeats = {f"repeat_{at + 1}": truth + miss for at, miss in enumerate(misses)}
    return pd.DataFrame({"house_id": range(30), "MEDV": truth, **repeats})


def found(names: str = "abc") -> list[Contender]:
    """`b` wins; `a` misses by 1 more in every fold, `c` by 1 more in one repeat and 0.9 less in the other."""
    results = [result(name, features=13 - at) for at, name in enumerate(names)]
    return beside_winner(results, [table(3, 3), table(2, 2), table(3, 1.1)], 1, FOLDS, 0.95)


def test_each_has_its_error_in_every_fold_and_its_distance_to_the_winner_in_the_same_folds() -> None:
    a, b, c = found()
    np.testing.assert_allclose(a.rmse, [3] * 6)
    np.testing.assert_allclose(c.rmse, [3] * 3 + [1.1] * 3)
    assert b.behind is None
    assert a.behind is not None
    assert c.behind is not None
    assert (a.behind.mean, a.behind.low) == (pytest.approx(1), pytest.approx(1))
    assert c.behind.mean == pytest.approx(0.05)
    assert c.behind.low < 0 < c.behind.high
    assert (a.surely_behind, b.surely_behind, c.surely_behind) == (True, False, False)


def test_the_sentence_tells_the_clear_lead_from_the_close_one() -> None:
    said = certainty(found())
    assert said == "Compared fold by fold, it is better than a beyond chance; these houses cannot tell it from c."
    assert certainty(found()[1:2]) == ""


def test_the_page_shows_every_experiment_and_marks_the_winner_and_what_had_no_say() -> None:
    page = comparison(found(), 1, 0.95)
    assert "b has the smallest cross-validated RMSE" in page
    assert "<tr class=champion><td>b</td><td>12</td><td>2.000</td><td>0.000</td><td>the winner</td>" in page
    assert "<tr><td>a</td><td>13</td><td>3.000</td><td>0.000</td><td>+1.000</td>" in page
    _, unused = page.split("<h2>Not used for choosing</h2>")
    assert "<tr class=champion><td>b</td><td class=quiet>none</td><td>1.000</td><td>2.500</td>" in unused
    assert "Errors in 1000 USD." in page
    assert "<td>features left out</td><td class=quiet>none</td><td>F12</td><td>F11, F12</td>" in page
    assert "<td>learning_rate</td><td>0.1235</td>" in page


def test_a_parameter_that_an_experiment_does_not_set_is_called_default() -> None:
    one, two = result("a"), result("b").model_copy(update={"parameters": {}})
    page = comparison(beside_winner([one, two], [table(2, 2), table(3, 3)], 0, FOLDS, 0.95), 0, 0.95)
    assert "<td>max_depth</td><td>3</td><td class=quiet>default</td>" in page


def test_the_page_escapes_what_it_is_given() -> None:
    one: ExperimentResult = result("<script>")
    page = comparison(beside_winner([one], [table(2, 2)], 0, FOLDS, 0.95), 0, 0.95)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_figure_draws_each_fold_and_the_intervals_beside_the_winner() -> None:
    errors, behind = folds_figure(found()).axes
    points = [dots.get_offsets() for dots in errors.collections if len(dots.get_offsets()) == 6]
    np.testing.assert_allclose(points[2][:, 0], [3] * 3 + [1.1] * 3)
    assert [label.get_text() for label in errors.get_yticklabels()] == ["a", "b", "c"]
    assert [text.get_text().strip() for text in behind.texts] == ["the winner"]
    assert len(behind.containers) == 2
    assert errors.get_xlabel() == "RMSE, 1000 USD"
    assert behind.get_xlabel() == "RMSE above the winner's in the same folds, 1000 USD"
