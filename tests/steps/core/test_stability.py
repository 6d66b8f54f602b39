"""How sure the choice of the most important features is."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from steps.core.columns import prices
from steps.core.errors import ConfigurationError
from steps.core.importance import rank, shap_values
from steps.core.regressors import regressor
from steps.core.scaling import scale
from steps.core.stability import (
    FeatureSelection,
    borderline,
    check_expected,
    choice_of,
    resampled_ranks,
    stability,
    with_stability,
)
from steps.core.stability_page import differences, frequency_figure, selection_page, summary
from tests.training import experiment, prepared, training_parameters

RANKING = pd.DataFrame({"feature": ["RM", "LSTAT", "<NOX>", "AGE"], "mean_abs_shap": [4.0, 3.0, 1.0, 0.5]})
# Ten resamples: the second place goes to LSTAT in six of them, to <NOX> in three, to AGE in one.
RANKS = pd.DataFrame(
    [[1] * 10, [2] * 6 + [3] * 4, [3] * 6 + [2] * 3 + [4], [4] * 9 + [2]],
    index=["RM", "LSTAT", "<NOX>", "AGE"],
    columns=[f"resample_{number}" for number in range(1, 11)],
)


def settings(**changes: object) -> FeatureSelection:
    small = {"top": 2, "resamples": 10, "seed": 1, "confidence": 0.8, "borderline": [0.2, 0.8], "expected": []}
    return FeatureSelection.model_validate(small | changes)


def ranked() -> pd.DataFrame:
    return with_stability(RANKING, RANKS.loc[["AGE", "RM", "<NOX>", "LSTAT"]], settings())


def test_the_frequency_is_the_share_of_the_resamples_that_choose_a_feature() -> None:
    table = ranked()
    assert table["feature"].tolist() == RANKING["feature"].tolist()
    assert table["chosen"].tolist() == [True, True, False, False]
    assert table["frequency"].tolist() == [1.0, 0.6, 0.3, 0.1]
    assert table["borderline"].tolist() == [False, True, True, False]
    assert borderline(table) == {"LSTAT": 0.6, "<NOX>": 0.3}
    # 80 % of ten ranks: without the lowest and the highest.
    assert table[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1], [2, 3], [2, 3], [2, 4]]


def test_an_experiment_has_the_frequencies_of_its_own_number_of_features() -> None:
    three = choice_of(experiment(features={"shap_top": 3}), ranked(), settings())
    assert three is not None
    assert three["frequency"].tolist() == [1.0, 1.0, 0.9, 0.1]
    assert not three["borderline"].any()
    assert choice_of(experiment(features="all"), ranked(), settings()) is None


def test_the_resamples_rank_the_features_by_models_of_other_rows_the_same_for_the_same_seed() -> None:
    train, _, scaler = prepared()
    X, y = scale(train, scaler), prices(train)
    ranks = resampled_ranks(X, y, scaler.features, settings(), 42)
    assert ranks.shape == (13, 10)
    assert (np.sort(ranks, axis=0) == np.arange(1, 14)[:, None]).all()
    assert (ranks.loc[["LSTAT", "RM"]] <= 2).to_numpy().all()  # the two that matter by far
    assert (ranks.nunique(axis=1) > 1).sum() >= 8  # and the others change places
    pd.testing.assert_frame_equal(ranks, resampled_ranks(X, y, scaler.features, settings(), 42))
    assert not ranks.equals(resampled_ranks(X, y, scaler.features, settings(seed=2), 42))

    rows = np.random.default_rng(1).integers(0, len(y), (10, len(y)))[0]
    model = regressor({}, 42).fit(X[rows], y[rows])
    by_hand = rank(shap_values(model.get_booster(), X, [f"f{i}" for i in range(13)]), scaler.features)
    assert ranks["resample_1"].sort_values().index.tolist() == by_hand["feature"].tolist()


def test_what_came_and_what_left_is_explained_by_frequency_and_distance() -> None:
    came, left = differences(ranked(), settings(expected=["RM", "AGE"]))
    assert came.startswith("LSTAT was not expected and came: rank 2 (2 to 3 in the resamples), chosen in 60% of them")
    assert "2.000 above the first that is left out (<NOX>)" in came
    assert came.endswith("the difference may be chance.")
    assert left.startswith("AGE was expected and left: rank 4 (2 to 4 in the resamples), chosen in 10% of them")
    assert "2.500 below the last that is chosen (LSTAT)" in left
    assert "it is no chance" in left
    assert differences(ranked(), settings()) == []
    assert differences(ranked(), settings(expected=["LSTAT", "RM"])) == []


def test_the_page_says_in_words_what_is_borderline_and_what_is_expected() -> None:
    expected = settings(expected=["RM", "LSTAT"])
    assert summary(ranked(), expected) == [
        "1 of the 2 are chosen again in at least 80% of 10 bootstrap resamples of the training houses.",
        "Borderline, chosen in some resamples and not in others: LSTAT (60%), <NOX> (30%).",
        "The 2 are the expected ones.",
    ]
    page = selection_page(ranked(), expected, "1000 USD")
    assert page.count("class=borderline") == 2
    assert (
        "<td>&lt;NOX&gt;</td><td>3</td><td>1.000</td><td>30%</td><td>2 to 3</td><td>borderline, not chosen</td>" in page
    )
    assert "mean |SHAP value| (1000 USD)" in page
    assert "<NOX>" not in page


def test_the_bars_are_the_frequencies_and_borderline_ones_have_a_colour_of_their_own() -> None:
    shares, ranks = frequency_figure(ranked(), settings()).axes
    assert [bar.get_width() for bar in shares.patches] == [1.0, 0.6, 0.3, 0.1]
    sure, unsure, unsure_out, out = (bar.get_facecolor() for bar in shares.patches)
    assert unsure == unsure_out
    assert len({sure, unsure, out}) == 3
    np.testing.assert_array_equal(ranks.collections[1].get_offsets(), [[1, 0], [2, 1], [3, 2], [4, 3]])


def test_a_choice_of_all_features_leaves_nothing_out() -> None:
    everything = stability(ranked(), 4, settings(top=4))
    assert everything["frequency"].tolist() == [1.0] * 4
    assert "4 of the 4" in summary(everything, settings(top=4))[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"borderline": [0.9, 0.1]}, "must not be above"),
        ({"borderline": [0.1, 1.1]}, "less than or equal to 1"),
        ({"expected": ["RM", "RM"]}, "RM more than once"),
        ({"expected": ["RM"]}, "wanted the names of 2 features"),
        ({"resamples": 1}, "greater than or equal to 10"),
        ({"top": 0}, "greater than or equal to 1"),
        ({"stabilty": 1}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(**changes)


def test_more_features_than_there_are_or_unknown_ones_are_refused() -> None:
    check_expected(["RM", "LSTAT"], settings(expected=["RM", "LSTAT"]))
    with pytest.raises(ConfigurationError, match="is 2; the contract has 1 stored features"):
        check_expected(["RM"], settings())
    with pytest.raises(ConfigurationError, match=r"names ROOMS; the stored features are RM, LSTAT\."):
        check_expected(["RM", "LSTAT"], settings(expected=["RM", "ROOMS"]))


def test_the_platforms_settings_are_valid() -> None:
    FeatureSelection.model_validate(training_parameters()["feature_selection"])


def test_of_a_run_that_leaves_an_expected_feature_out_nothing_is_expected() -> None:
    wanted = settings(expected=["RM", "LSTAT"])
    assert wanted.without(["B"]) is wanted
    assert wanted.without(["LSTAT", "B"]).expected == []
