"""What becomes of the sensitive features of a contract."""

from typing import Any

import pytest
from pydantic import ValidationError

from serving.contract import FeatureSpec
from serving.pricing.ratios import Ratio
from steps.core.errors import ConfigurationError
from steps.core.sensitive import SensitiveFeatures, admit, check_experiments
from tests.training import experiment, training_parameters


def column(name: str, sensitive: bool = False, ratio: Ratio | None = None) -> FeatureSpec:
    return FeatureSpec(name, f"What {name} is", "1", "continuous", 0, 1, 0, sensitive, ratio)


SPECS = [
    column("RM"),
    column("B", sensitive=True),
    column("LSTAT", sensitive=True),
    column("TAX_PER_ROOM", ratio=Ratio("TAX", "RM")),
    column("LSTAT_PER_ROOM", sensitive=True, ratio=Ratio("LSTAT", "RM")),
]


def policy(waivers: dict[str, str] | None = None, leave_out: list[str] | None = None) -> SensitiveFeatures:
    cost = {"parameters": {}, "bagging": None, "repeats": 1, "confidence": 0.9}
    return SensitiveFeatures.model_validate({"waivers": waivers or {}, "leave_out": leave_out or [], "cost": cost})


def test_the_waivers_of_the_parts_cover_a_ratio_and_nothing_is_left_out() -> None:
    found = admit(SPECS, policy({"LSTAT": "because", "B": "so"}))
    assert (found.sensitive, found.waivers, found.left_out) == (["B", "LSTAT"], {"LSTAT": "because", "B": "so"}, [])


def test_what_is_left_out_takes_its_ratios_along() -> None:
    assert admit(SPECS, policy({"B": "so"}, ["LSTAT"])).left_out == ["LSTAT", "LSTAT_PER_ROOM"]
    assert admit(SPECS, policy({"B": "so", "LSTAT": "so"}, ["LSTAT_PER_ROOM"])).left_out == ["LSTAT_PER_ROOM"]
    assert admit(SPECS, policy({"LSTAT": "so"}, ["B"])).left_out == ["B"]


@pytest.mark.parametrize(
    ("waivers", "leave_out", "message"),
    [
        ({"B": "so"}, [], r"LSTAT \(What LSTAT is\) is a sensitive feature and has no waiver.*leave_out: \[LSTAT\]"),
        ({"LSTAT": "so"}, [], r"B \(What B is\) is a sensitive feature.*tags as sensitive: B, LSTAT, LSTAT_PER_ROOM"),
        ({"RM": "so"}, ["B", "LSTAT"], "names RM; the contract tags as sensitive: B, LSTAT, LSTAT_PER_ROOM"),
        ({"B": "so"}, ["LSTAT", "lstat"], "names lstat; the contract"),
        ({"B": "so", "LSTAT_PER_ROOM": "so"}, ["LSTAT"], "LSTAT_PER_ROOM has a waiver and is computed from"),
    ],
)
def test_a_run_is_refused_with_the_feature_what_is_known_and_the_remedy(
    waivers: dict[str, str], leave_out: list[str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        admit(SPECS, policy(waivers, leave_out))


def test_a_ratio_that_is_sensitive_of_its_own_needs_a_waiver_of_its_own() -> None:
    specs = [column("TAX"), column("RM"), column("TAX_PER_ROOM", sensitive=True, ratio=Ratio("TAX", "RM"))]
    with pytest.raises(ConfigurationError, match=r"TAX_PER_ROOM .* has no waiver"):
        admit(specs, policy())
    found = admit(specs, policy({"TAX_PER_ROOM": "so"}))
    assert (found.sensitive, found.left_out) == ([], [])


def test_a_contract_without_sensitive_features_needs_no_waiver() -> None:
    assert admit([column("RM")], policy()).model_dump() == {"sensitive": [], "waivers": {}, "left_out": []}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"waivers": {"B": "  "}}, "at least 1 character"),
        ({"waivers": {"B": None}}, "valid string"),
        ({"waivers": {"B": "so"}, "leave_out": ["B"]}, "B: has a waiver and is left out; remove one of the two"),
        ({"waiver": {"B": "so"}}, "Extra inputs are not permitted"),
    ],
)
def test_a_policy_that_says_nothing_or_two_things_is_an_error(changes: dict[str, Any], message: str) -> None:
    written = training_parameters()["sensitive_features"]
    with pytest.raises(ValidationError, match=message):
        SensitiveFeatures.model_validate(written | changes)


def test_an_experiment_cannot_bring_back_what_is_left_out() -> None:
    with_ratio = experiment(derived=["LSTAT_PER_ROOM"])
    check_experiments([with_ratio], [])
    with pytest.raises(ConfigurationError, match="Experiment quick wants the derived features LSTAT_PER_ROOM, which"):
        check_experiments([experiment(), with_ratio], ["LSTAT", "LSTAT_PER_ROOM"])
