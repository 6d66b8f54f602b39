"""The template of the service, and the checks that would find its faults."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.kubernetes.manifests import TEMPLATES, built, containers
from tests.kubernetes.seldon_schema import faults


@pytest.mark.parametrize("folder", TEMPLATES)
def test_the_template_is_a_sound_seldon_deployment(folder: str) -> None:
    (document,) = built(folder)
    assert faults(document) == []


def _predictor(document: dict[str, Any]) -> Any:
    return document["spec"]["predictors"][0]


def _pod(document: dict[str, Any]) -> Any:
    return _predictor(document)["componentSpecs"][0]["spec"]


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a field of the spec that does not exist": (lambda d: d["spec"].update(predictor=[]), "'predictor' was unexpected"),
    "a field of a container that does not exist": (
        lambda d: _pod(d)["containers"][0].update(readynessProbe={}),
        "'readynessProbe' was unexpected",
    ),
    "metrics in the old shape": (
        lambda d: _predictor(d)["componentSpecs"][0]["hpaSpec"].update(metrics=[]),
        "wanted metricsv2",
    ),
    "a graph without its container": (
        lambda d: _predictor(d)["graph"].update(name="price"),
        "no container for the unit 'price'",
    ),
    "a type that there is not": (lambda d: _predictor(d)["graph"].update(type="MODELL"), "'MODELL' is not one of"),
    "traffic that is lost": (lambda d: _predictor(d).update(traffic=90), "adds up to 90"),
    "two predictors of one name": (
        lambda d: d["spec"]["predictors"].append(copy.deepcopy(_predictor(d))),
        "is there twice",
    ),
    "a shadow of nothing": (lambda d: _predictor(d).update(shadow=True), "a shadow needs a predictor"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_the_cluster_would_drop_or_refuse_is_found(name: str) -> None:
    spoil, words = FAULTS[name]
    (document,) = copy.deepcopy(built("serving"))
    spoil(document)
    assert any(words in fault for fault in faults(document)), faults(document)


def test_the_ports_have_the_names_by_which_the_operator_finds_them() -> None:
    (document,) = built("serving")
    (container,) = [one for one in containers(document) if one["name"] == "house-price"]
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {
        "http": 9000, "grpc": 9500, "metrics": 9001,
    }  # fmt: skip
    settings = {"REST": 9000, "GRPC": 9500, "METRICS": 9001}
    (configuration,) = [one for one in built("overlays/staging") if one["metadata"]["name"] == "house-price-settings"]
    assert {name: int(configuration["data"][f"HPP_{name}_PORT"]) for name in settings} == settings
