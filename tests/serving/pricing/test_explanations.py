"""Why a price is what it is."""

import json
import threading
from typing import Any

import numpy as np
import pytest
import shap
import xgboost

from serving.bundle import MODEL, SCALER, Metadata, read_bundle
from serving.contract import HOUSE_FEATURES, FeatureSpec, read_feature_view
from serving.errors import BundleError
from serving.pricing.explanations import Explainer
from serving.pricing.predictor import Matrix, Predictor
from serving.settings import read_settings
from tests.serving_platform import MISSING, USED, ServingPlatform, reach

Parts = tuple[Metadata, dict[str, bytes], dict[str, FeatureSpec]]


@pytest.fixture(scope="module")
def parts(serving_platform: ServingPlatform) -> Parts:
    with pytest.MonkeyPatch.context() as patch:
        reach(patch, serving_platform.environment)
        specs = read_feature_view(read_settings().feature_store(), HOUSE_FEATURES)
    metadata, files = read_bundle(serving_platform.bundles["1"])
    return metadata, files, {spec.name: spec for spec in specs}


@pytest.fixture(scope="module")
def raw(serving_platform: ServingPlatform) -> Matrix:
    values: Matrix = serving_platform.frame[list(USED)].to_numpy(dtype=np.float64)
    return values


@pytest.fixture(scope="module")
def explained(parts: Parts, raw: Matrix) -> list[dict[str, Any]]:
    return Explainer(*parts).explain(raw, Predictor(*parts[:2]).predict(raw))


def contributions(rows: list[dict[str, Any]]) -> Matrix:
    return np.array([list(row["contributions"].values()) for row in rows])


def test_base_value_and_contributions_are_those_of_shaps_tree_explainer(
    parts: Parts, raw: Matrix, explained: list[dict[str, Any]]
) -> None:
    explainer = shap.TreeExplainer(xgboost.Booster(model_file=bytearray(parts[1][MODEL])))
    scaler = json.loads(parts[1][SCALER])
    scaled = ((raw - np.array(scaler["mean"])) / np.array(scaler["scale"])).astype(np.float32)
    shap_values = explainer(scaled)
    np.testing.assert_allclose([row["base_value"] for row in explained], shap_values.base_values, atol=1e-4)
    np.testing.assert_allclose(contributions(explained), shap_values.values, atol=1e-4)
    explainer.model.model_type = "internal"  # so far it has asked XGBoost itself, as the service does
    np.testing.assert_allclose(contributions(explained), explainer.shap_values(scaled), atol=1e-4)


def test_base_value_and_contributions_add_up_to_the_served_price_in_every_row(parts: Parts, raw: Matrix) -> None:
    exact = Predictor(*parts[:2]).predict(raw)
    for prices in (exact, exact + np.float32(7e-5)):  # as another engine may round
        rows = Explainer(*parts).explain(raw, prices)
        sums = [row["base_value"] + sum(row["contributions"].values()) for row in rows]
        np.testing.assert_allclose(sums, prices, atol=1e-9, rtol=0)


def test_every_feature_of_the_model_has_a_contribution_under_its_name(explained: list[dict[str, Any]]) -> None:
    assert all(tuple(row["contributions"]) == USED for row in explained)
    assert np.isfinite(contributions(explained)).all()


def test_the_top_reasons_are_the_three_largest_with_value_unit_and_description(
    parts: Parts, raw: Matrix, explained: list[dict[str, Any]]
) -> None:
    for values, row in zip(raw, explained, strict=True):
        largest = sorted(USED, key=lambda name: -abs(row["contributions"][name]))[:3]
        assert [reason["feature"] for reason in row["top"]] == largest
        for reason in row["top"]:
            name = reason["feature"]
            assert reason["contribution"] == row["contributions"][name]
            assert (reason["unit"], reason["description"]) == (parts[2][name].unit, parts[2][name].description)
            value = values[USED.index(name)]
            assert reason["value"] == (None if np.isnan(value) else value)


def test_a_missing_value_is_null_and_the_reasons_are_strict_json(parts: Parts, raw: Matrix) -> None:
    missing = np.full((1, len(USED)), np.nan)
    rows = np.vstack([missing, raw[MISSING : MISSING + 1]])
    answer = Explainer(*parts).explain(rows, Predictor(*parts[:2]).predict(rows))
    assert [reason["value"] for reason in answer[0]["top"]] == [None] * 3
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_no_rows_have_no_reasons(parts: Parts) -> None:
    assert Explainer(*parts).explain(np.empty((0, len(USED))), np.empty(0, dtype=np.float32)) == []


def test_four_threads_that_explain_at_once_from_the_first_call_on_get_what_one_gets(
    parts: Parts, raw: Matrix, explained: list[dict[str, Any]]
) -> None:
    prices = Predictor(*parts[:2]).predict(raw)
    explainer = Explainer(*parts)
    start, answers = threading.Barrier(4), []

    def ask(seed: int) -> None:
        choice = np.random.default_rng(seed)
        start.wait()
        for _ in range(40):
            at = choice.integers(0, len(raw), choice.integers(1, 6))
            answers.append(explainer.explain(raw[at], prices[at]) == [explained[i] for i in at])

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 160


@pytest.mark.parametrize("name", [MODEL, SCALER])
def test_a_bundle_without_one_of_its_parts_is_refused(parts: Parts, name: str) -> None:
    metadata, files, specs = parts
    with pytest.raises(BundleError, match=f"has no {name}"):
        Explainer(metadata, {key: data for key, data in files.items() if key != name}, specs)


def test_a_feature_that_the_contract_does_not_describe_is_refused(parts: Parts) -> None:
    metadata, files, specs = parts
    with pytest.raises(BundleError, match=r"does not describe \['RM'\]"):
        Explainer(metadata, files, {name: spec for name, spec in specs.items() if name != "RM"})


def test_what_is_no_model_is_refused_at_the_first_explanation(parts: Parts, raw: Matrix) -> None:
    metadata, files, specs = parts
    explainer = Explainer(metadata, {**files, MODEL: b"{}"}, specs)
    with pytest.raises(BundleError, match="cannot explain prices"):
        explainer.explain(raw[:1], np.zeros(1, dtype=np.float32))
