"""The report on the champion's procedure."""

import numpy as np
import pandas as pd
import pytest

from steps.core.compute import LOCAL
from steps.core.errors import ConfigurationError
from steps.core.experiments import Experiment
from steps.core.quality import QualityReport, QualitySettings
from steps.core.quality_page import quality_page
from steps.quality_report import group_numbers, report_on
from tests.houses import boston
from tests.training import experiment, result, training_parameters, validation

PEERS = ["xgboost_defaults", "catboost_defaults", "linear_regression", "median_price"]
SEARCH = {"iterations": 2, "folds": 2, "space": {"max_depth": {"randint": [2, 5]}}}


def settings(**changes: object) -> QualitySettings:
    return QualitySettings(**{**training_parameters()["quality"], "folds": 2, **changes})


def report(wanted: Experiment, **changes: object) -> QualityReport:
    champion = result(wanted.name).model_copy(update={"parameters": {"n_estimators": 20, "max_depth": 1}})
    return report_on(wanted, champion, boston().head(150), validation(), settings(**changes), LOCAL)


@pytest.fixture(scope="module")
def found() -> QualityReport:
    return report(experiment(features={"shap_top": 5}, parameters={"n_estimators": 30}))


def test_the_champion_stands_beside_its_peers_on_random_and_on_grouped_folds(found: QualityReport) -> None:
    for standings in (found.repeated, found.grouped):
        assert [one.name for one in standings] == ["quick", *PEERS]
        assert [one.difference is None for one in standings] == [True, False, False, False, False]
        errors = {one.name: one.mean_rmse for one in standings}
        assert errors["quick"] < errors["median_price"]
    assert (found.houses, found.nested) == (150, True)
    assert found.metrics["quality_rmse_repeated_quick"] == found.repeated[0].mean_rmse


def test_a_searched_champion_keeps_its_parameters_unless_they_are_to_be_looked_for_anew() -> None:
    wanted = experiment(parameters={"n_estimators": 20}, search=SEARCH)
    kept, nested = (report(wanted, nested=anew, group_columns=[]) for anew in (False, True))
    assert (kept.nested, nested.nested) == (False, True)
    assert kept.repeated[0].mean_rmse > nested.repeated[0].mean_rmse  # stumps against deeper trees
    assert "flatter it" in quality_page(kept, "1000 USD")
    assert "flatter it" not in quality_page(nested, "1000 USD")


def test_without_group_columns_there_are_no_grouped_folds() -> None:
    assert "Folds by group" not in quality_page(report(experiment(), group_columns=[]), "1000 USD")


def test_the_page_names_every_procedure_and_the_groups(found: QualityReport) -> None:
    page = quality_page(found, "1000 USD")
    assert all(name in page for name in ["quick", *PEERS])
    assert "equal RAD, TAX, PTRATIO stay together" in page
    assert "Nadeau and Bengio" in page
    assert "Errors in 1000 USD," in page


def test_houses_that_share_the_columns_are_one_group() -> None:
    houses = pd.DataFrame({"RAD": [1, 1, 2, np.nan, np.nan], "TAX": [3, 3, 3, 4, 4]})
    numbers = group_numbers(houses, ["RAD", "TAX"])
    assert numbers is not None
    assert len(set(numbers[:2])) == len(set(numbers[3:])) == 1
    assert len(set(numbers)) == 3
    with pytest.raises(ConfigurationError, match="names TOWN; the houses have RAD, TAX"):
        group_numbers(houses, ["RAD", "TOWN"])


def test_the_columns_of_training_yaml_part_the_houses_into_78_groups() -> None:
    numbers = group_numbers(boston(), training_parameters()["quality"]["group_columns"])
    assert numbers is not None
    assert len(set(numbers)) == 78
