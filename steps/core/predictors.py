"""The predictors of a SeldonDeployment: one for each model version that takes part, made of one template.

A predictor's name has the version and a digest of all that it runs, so that the same predictor is the same deployment
of pods, and another image, setting or bundle is another one: a change never happens inside of what is serving.
"""

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from steps.core.errors import ConfigurationError

Predictor = dict[str, Any]
Mode = Literal["replace", "shadow", "canary"]

FETCHES = "fetch-model"  # the container of the template that gets the bundle
MODELS = "/var/lib/house-prices/models"
VERSION = "house-prices/model-version"  # a label
LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class Placed:
    """A bundle where pods can get it.

    Attributes:
        address: what `python -m serving.fetch` takes.
        sha256: of the bundle's metadata.json, in hexadecimal.
    """

    version: str
    address: str
    sha256: str


def predictor_of(template: Any, bundle: Placed, mode: Mode) -> Predictor:
    """The predictor that serves a bundle, with no traffic yet.

    Args:
        template: a SeldonDeployment with one predictor, as docker/kubernetes/serving has it.
        mode: a shadow counts its calls for itself: they are copies, and count for the callers' limits already.

    Raises:
        ConfigurationError: the template is none.
    """
    try:
        (given,) = template["spec"]["predictors"]
        predictor: Predictor = copy.deepcopy(given)
        (component,) = predictor["componentSpecs"]
        (fetches,) = [one for one in component["spec"]["initContainers"] if one["name"] == FETCHES]
        serves = next(one for one in component["spec"]["containers"] if one["name"] == predictor["graph"]["name"])
    except (KeyError, TypeError, ValueError, StopIteration) as err:
        raise ConfigurationError(
            f"The template of the SeldonDeployment has not one predictor with an init container {FETCHES!r} and a "
            "container of its graph's name. Build it from docker/kubernetes: docs/kubernetes.md."
        ) from err
    folder = f"{MODELS}/v{bundle.version}"
    fetches["args"] = [bundle.address, folder, "--sha256", bundle.sha256]
    serves["args"] = ["--bundle", folder]
    predictor["traffic"] = 0
    predictor["shadow"] = mode == "shadow"
    if predictor["shadow"]:
        serves["env"] = [*serves.get("env", []), {"name": "HPP_RATE_LIMIT_STORE", "value": "local"}]
    content = hashlib.sha256(json.dumps(predictor, sort_keys=True).encode()).hexdigest()
    predictor["name"] = f"v{bundle.version}-{content[:8]}"
    predictor["labels"] = {**predictor.get("labels", {}), "version": predictor["name"], VERSION: bundle.version}
    return predictor


def in_use(predictors: Sequence[Predictor]) -> list[Predictor]:
    """The predictors that get traffic or a copy of it; what a deployment that was killed left beside them is not."""
    if len(predictors) == 1:  # it gets everything, whatever it says
        return list(predictors)
    return [one for one in predictors if one.get("traffic", 0) > 0 or one.get("shadow")]


def leader(predictors: Sequence[Predictor]) -> Predictor | None:
    """The predictor that answers most of the calls, if there is one."""
    answering = [one for one in predictors if not one.get("shadow")]
    return max(answering, key=lambda one: one.get("traffic", 0), default=None)


def trial(predictors: Sequence[Predictor], candidate: Predictor) -> list[Predictor]:
    """What there is while a candidate is tried: what answers goes on unchanged, the candidate answers nobody.

    A shadow gets its copies at once; nobody waits for what it says.
    """
    kept = in_use(predictors)
    if candidate["name"] in [one["name"] for one in kept]:  # a canary that becomes champion is up already
        return kept
    if leader(kept) is None:  # nothing to protect; Seldon takes no deployment without traffic
        return [{**candidate, "traffic": 100}]
    if candidate["shadow"]:
        kept = [one for one in kept if not one.get("shadow")]  # it takes one shadow at a time
    return [*kept, candidate]


def settled(predictors: Sequence[Predictor], candidate: Predictor, mode: Mode, share: float) -> list[Predictor]:
    """What there is once the candidate has passed.

    Args:
        predictors: what there was before.
        share: of the calls that a canary gets.

    Raises:
        ConfigurationError: nothing serves that the candidate could be tried beside, or the share is no whole
            percentage.
    """
    if mode == "replace":
        return [{**candidate, "traffic": 100}]
    champion = leader([one for one in in_use(predictors) if one["name"] != candidate["name"]])
    if champion is None:
        raise ConfigurationError(
            f"Nothing is served that {candidate['name']} could be tried beside as a {mode}. Deploy a champion first."
        )
    percent = 0 if mode == "shadow" else _percent(share)
    return [{**champion, "traffic": 100 - percent}, {**candidate, "traffic": percent}]


def switched(predictors: Sequence[Predictor], candidate: Predictor) -> list[Predictor]:
    """What there is while a candidate that has passed answers everybody and those before it wait, for the way back."""
    kept = [{**one, "traffic": 0} for one in in_use(predictors) if one["name"] != candidate["name"]]
    return [*kept, {**candidate, "traffic": 100}]


def _percent(share: float) -> int:
    percent = round(share * 100)
    if not 1 <= percent <= 99 or abs(percent - share * 100) > 1e-9:
        raise ConfigurationError(
            f"A canary in a cluster gets a whole percentage of the calls, from 0.01 to 0.99; rollout.share is {share}."
        )
    return percent


def shares(predictors: Sequence[Predictor]) -> list[tuple[str, int, bool]]:
    """Who gets what: name, traffic in percent, whether it is a shadow. A name tells what runs, so this tells all."""
    return [(one["name"], one.get("traffic", 0), bool(one.get("shadow"))) for one in predictors]


def version_of(predictor: Predictor) -> str:
    """The model version that it serves; "?" if it was not made by us."""
    return str(predictor.get("labels", {}).get(VERSION, "?"))


def service_name(deployment: str, predictor: str) -> str:
    """The name of the Service that the operator makes for a predictor (GetPredictorKey of its 1.17.1)."""
    return _shortened(f"{deployment}-{predictor}")


def is_available(status: Any, deployment: str, predictor: Predictor) -> bool:
    """Whether as many pods of the predictor as are wanted are ready, by the status of the SeldonDeployment."""
    found = ((status or {}).get("deploymentStatus") or {}).get(_pods_name(deployment, predictor), {})
    return bool(0 < found.get("replicas", 0) <= found.get("availableReplicas", 0))


def _pods_name(deployment: str, predictor: Predictor) -> str:
    """The name of the Deployment that the operator makes for a predictor (its GetDeploymentName)."""
    containers = "-".join(one["name"] for one in predictor["componentSpecs"][0]["spec"]["containers"])
    return _shortened(f"{deployment}-{predictor['name']}-0-{containers}")


def _shortened(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    return f"seldon-{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}"
