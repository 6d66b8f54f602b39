"""What training.yaml may say of experiments."""

from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from steps.core.errors import ConfigurationError
from steps.core.experiments import Distribution, Experiments, Hyperparameters, Search
from tests.training import experiment, result, training_parameters

SEGMENTS = {"column": "RAD", "cuts": [5, 16], "pooling": 0.1, "minimum_houses": 60}
SPACE = {"max_depth": {"randint": [2, 5]}}


def parse(entries: list[dict[str, Any]]) -> Experiments:
    return TypeAdapter(Experiments).validate_python(entries)


def test_the_three_experiments_of_the_guide_are_configured() -> None:
    experiments = parse(training_parameters()["experiments"])
    tuned, default, top_tuned, bagged, by_region = experiments
    assert [e.name for e in experiments] == [
        "all_features_tuned",
        "shap_top10_default",
        "shap_top10_tuned",
        "all_features_bagged",
        "all_features_by_region",
    ]
    assert bagged.bagging is not None
    assert bagged.recorded({"max_depth": 4}) == {"max_depth": 4, "bagging_seeds": 5}
    assert by_region.recorded({}) == {
        "bagging_seeds": 5,
        "segment_column": "RAD",
        "segment_cuts": "16.0",
        "segment_pooling": 0.0,
        "segment_minimum": 60,
    }
    for searched in (tuned, top_tuned):
        assert searched.search is not None
        assert (searched.search.iterations, searched.search.folds) == (50, 10)
    assert tuned.features == "all"
    assert default.parameters.given() == {}
    assert default.search is None
    for top in (default, top_tuned):
        assert top.choose([f"F{i}" for i in range(13)], [f"F{i}" for i in range(13)]) == [f"F{i}" for i in range(10)]


def test_one_more_experiment_costs_three_lines() -> None:
    lines = "- name: shallow\n  features: {shap_top: 5}\n  {parameters: {max_depth: 2}, search: null}"
    lines = lines.replace(
        "  {parameters: {max_depth: 2}, search: null}", "  parameters: {max_depth: 2}\n  search: null"
    )
    added = parse([*training_parameters()["experiments"], *yaml.safe_load(lines)])[-1]
    assert added.parameters.given() == {"max_depth": 2}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"parameters": {"max_dept": 3}}, r"max_dept\s+Extra inputs"),
        ({"parameters": {"max_depth": 3.5}}, "valid integer"),
        ({"parameters": {"subsample": 1.5}}, "less than or equal to 1"),
        ({"search": {"iterations": 5, "folds": 3, "space": {"max_dept": {"randint": [2, 5]}}}}, "max_dept = 2"),
        ({"search": {"iterations": 5, "folds": 3, "space": {"subsample": {"uniform": [0.6, 0.5]}}}}, "subsample = 1.1"),
        ({"search": {"iterations": 5, "folds": 3, "space": {"max_depth": {"uniform": [2, 3]}}}}, "max_depth = 2.0"),
        ({"search": {"iterations": 5, "folds": 3, "space": {}}}, "at least 1 item"),
        ({"search": {"iterations": 0, "folds": 3, "space": SPACE}}, "greater than or equal to 1"),
        ({"search": {"iterations": 5, "folds": 3}}, r"space\s+Field required"),
        ({"parameters": {"max_depth": 3}, "search": {"iterations": 5, "folds": 3, "space": SPACE}}, "fixed in"),
        ({"bagging": {"seeds": 1}}, "greater than or equal to 2"),
        ({"bagging": {"sees": 5}}, "Extra inputs"),
        ({"segments": SEGMENTS | {"cuts": []}}, "at least 1 item"),
        ({"segments": SEGMENTS | {"cuts": [5, 5]}}, "the cuts must rise; got 5, 5"),
        ({"segments": SEGMENTS | {"cuts": [float("nan")]}}, "finite"),
        ({"segments": SEGMENTS | {"pooling": 1.0}}, "less than 1"),
        ({"segments": SEGMENTS | {"minimum_houses": 0}}, "greater than or equal to 1"),
        ({"segments": SEGMENTS | {"minimum": 5}}, "Extra inputs"),
        ({"features": "some"}, "features"),
        ({"features": {"top": 3}}, "Extra inputs"),
        ({"name": "Two Words"}, "pattern"),
        ({"extra": 1}, "Extra inputs"),
    ],
)
def test_what_is_unknown_or_out_of_range_is_an_error_that_names_it(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        experiment(**wrong)


def test_two_experiments_of_one_name_are_refused() -> None:
    one = experiment().model_dump()
    with pytest.raises(ValidationError, match="same name: quick"):
        parse([one, one])


@pytest.mark.parametrize(
    ("distribution", "says"),
    [
        ({}, "got none"),
        ({"randint": [1, 3], "uniform": [0, 1]}, "got randint, uniform"),
        ({"randint": [3, 3]}, r"nothing can be drawn from \[3, 3\]"),
        ({"uniform": [0.1, 0]}, "nothing can be drawn"),
        ({"loguniform": [0, 1]}, "nothing can be drawn"),
        ({"choice": []}, "at least 1 item"),
        ({"normal": [0, 1]}, "Extra inputs"),
    ],
)
def test_a_distribution_that_gives_nothing_is_refused(distribution: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Distribution.model_validate(distribution)


@pytest.mark.parametrize(
    ("distribution", "ends"),
    [
        ({"randint": [50, 500]}, [50, 499]),
        ({"uniform": [0.01, 0.3]}, [0.01, pytest.approx(0.31)]),
        ({"loguniform": [0.01, 1.0]}, [0.01, 1.0]),
        ({"choice": [16, 64]}, [16, 64]),
    ],
)
def test_distributions_have_scipys_ends(distribution: dict[str, Any], ends: list[Any]) -> None:
    assert Distribution.model_validate(distribution).extremes() == ends


def test_draws_come_from_scipys_distribution() -> None:
    ours = Distribution.model_validate({"uniform": [0.01, 0.3]}).sampler().rvs(5, random_state=1)
    assert list(ours) == list(stats.uniform(0.01, 0.3).rvs(5, random_state=1))


def test_chosen_features_keep_the_contracts_order() -> None:
    top = experiment(features={"shap_top": 2})
    assert top.choose(["LSTAT", "CRIM", "RM"], ["CRIM", "RM", "LSTAT"]) == ["CRIM", "LSTAT"]
    assert experiment().choose(["LSTAT", "CRIM", "RM"], ["CRIM", "RM", "LSTAT"]) == ["CRIM", "RM", "LSTAT"]


def test_more_features_than_there_are_cannot_be_chosen() -> None:
    with pytest.raises(ConfigurationError, match="quick wants the 4 most important features; the contract has 3"):
        experiment(features={"shap_top": 4}).choose(["A", "B", "C"], ["A", "B", "C"])


ORDER = ["CRIM", "RM", "LSTAT", "TAX_PER_ROOM", "NOX_PER_MILE"]


def test_derived_features_are_taken_by_name_and_come_last_in_the_contracts_order() -> None:
    ranking = ["LSTAT", "RM", "CRIM"]
    assert experiment().choose(ranking, ORDER) == ["CRIM", "RM", "LSTAT"]
    one = experiment(features={"shap_top": 1}, derived=["NOX_PER_MILE", "TAX_PER_ROOM"])
    assert one.choose(ranking, ORDER) == ["LSTAT", "TAX_PER_ROOM", "NOX_PER_MILE"]


@pytest.mark.parametrize("wrong", ["TAX_PER_MILE", "RM"])
def test_a_derived_feature_that_the_contract_does_not_have_is_named(wrong: str) -> None:
    says = f"quick wants the derived features {wrong}; the contract has TAX_PER_ROOM, NOX_PER_MILE"
    with pytest.raises(ConfigurationError, match=says):
        experiment(derived=[wrong]).choose(["LSTAT", "RM", "CRIM"], ORDER)


def test_segments_of_a_column_that_is_no_feature_of_the_experiment_are_refused() -> None:
    says = r"quick has segments by RAD, which is none of its features \(CRIM, LSTAT\)"
    with pytest.raises(ConfigurationError, match=says):
        experiment(features={"shap_top": 2}, segments=SEGMENTS).choose(
            ["LSTAT", "CRIM", "RAD"], ["CRIM", "RAD", "LSTAT"]
        )


def test_every_parameter_is_one_that_xgboost_knows() -> None:
    from xgboost import XGBRegressor

    assert set(Hyperparameters.model_fields) <= set(XGBRegressor().get_params())


def test_a_search_with_a_known_space_is_accepted() -> None:
    assert Search.model_validate({"iterations": 1, "folds": 2, "space": SPACE}).space["max_depth"].extremes() == [2, 4]


def test_the_summary_has_the_figures() -> None:
    assert result().summary == "cross-validated RMSE 3.000 ± 0.500, test RMSE 2.500, R² 0.900, 2.0 s"
