"""Figures and the page that holds them."""

import base64
import re

import numpy as np
import pandas as pd

from steps.core.importance import ShapValues, rank
from steps.core.page import Reading
from steps.core.plots import (
    blank,
    embedded,
    figures_page,
    interval_band,
    predicted_versus_true,
    residuals,
    search_scores,
    shap_bar,
    shap_summary,
)

UNIT = "100000 USD"
ROWS = {"training rows": (np.array([10.0, 20.0]), np.array([11.0, 18.0]))}
VALUES = ShapValues(np.array([[1.0, -2.0], [-1.0, 2.0], [0.5, 1.0]], dtype=np.float32), base=20.0)
RAW = pd.DataFrame({"RM": [5.0, 6.0, 7.0], "LSTAT": [30.0, np.nan, 5.0]})


def test_predictions_are_drawn_over_true_prices_and_residuals_over_predictions() -> None:
    points = predicted_versus_true(ROWS, UNIT).axes[0].collections[0].get_offsets()
    np.testing.assert_array_equal(points, [[10, 11], [20, 18]])
    points = residuals(ROWS, UNIT).axes[0].collections[0].get_offsets()
    np.testing.assert_array_equal(points, [[11, -1], [18, 2]])


def test_a_searchs_candidates_are_drawn_in_their_order_with_the_best_so_far() -> None:
    axes = search_scores(np.array([3.0, 4.0, 2.5]), np.array([0.1, 0.2, 0.3]), UNIT).axes[0]
    _, best = axes.lines
    np.testing.assert_array_equal(best.get_ydata(), [3, 3, 2.5])
    np.testing.assert_array_equal(axes.collections[-1].get_offsets(), [[3, 2.5]])
    assert axes.get_legend().get_texts()[1].get_text() == "chosen, 2.500"


def test_the_band_of_intervals_runs_by_predicted_price_and_marks_what_it_misses() -> None:
    truth, predicted = np.array([10.0, 30, 20]), np.array([25.0, 15, 20])
    band, held, missed = interval_band(truth, predicted, (predicted - 5, predicted + 5), UNIT).axes[0].collections
    assert band.get_paths()[0].get_extents().get_points().tolist() == [[15, 10], [25, 30]]
    np.testing.assert_array_equal(held.get_offsets(), [[20, 20]])
    np.testing.assert_array_equal(missed.get_offsets(), [[25, 10], [15, 30]])


def test_the_most_important_feature_is_on_top_of_the_bars() -> None:
    axes = shap_bar(rank(VALUES, ["RM", "LSTAT"]), UNIT).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["RM", "LSTAT"]  # from below
    assert axes.patches[1].get_width() > axes.patches[0].get_width()


def test_the_page_holds_every_figure_as_an_image_of_its_own() -> None:
    figures = {"summary <all>": shap_summary(VALUES, RAW, UNIT), "bar": shap_bar(rank(VALUES, ["RM", "LSTAT"]), UNIT)}
    text = figures_page("SHAP & more", Reading("a", "b", "c"), figures)
    images = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    assert [base64.b64decode(image)[:8] for image in images] == [b"\x89PNG\r\n\x1a\n"] * 2
    assert "summary &lt;all&gt;" in text
    assert "SHAP &amp; more" in text
    assert "://" not in re.sub(r"base64,[^\"]+", "", text)


def test_the_summary_has_a_row_for_every_feature() -> None:
    labels = {label.get_text() for label in shap_summary(VALUES, RAW, UNIT).axes[0].get_yticklabels()}
    assert labels == {"RM", "LSTAT"}


def test_every_axis_of_prices_and_errors_names_the_unit_that_it_is_given() -> None:
    truth, scores = ROWS["training rows"][0], np.array([3.0, 4.0])
    drawn = {
        predicted_versus_true(ROWS, UNIT): ("true price, 100000 USD", "predicted price, 100000 USD"),
        residuals(ROWS, UNIT): ("predicted price, 100000 USD", "true minus predicted, 100000 USD"),
        interval_band(truth, truth, (truth, truth), UNIT): ("predicted price, 100000 USD", "true price, 100000 USD"),
        search_scores(scores, scores, UNIT): ("candidate", "RMSE in the search's folds, 100000 USD"),
        shap_summary(VALUES, RAW, UNIT): ("SHAP value, 100000 USD", ""),
        shap_bar(rank(VALUES, ["RM", "LSTAT"]), UNIT): ("mean |SHAP value|, 100000 USD", ""),
    }
    assert [(one.axes[0].get_xlabel(), one.axes[0].get_ylabel()) for one in drawn] == list(drawn.values())


def test_a_unit_with_dollars_is_no_formula() -> None:
    figure, _ = blank("RMSE, $^{1} ^{ a $", "")
    assert embedded("errors", figure).startswith("<figure>")
