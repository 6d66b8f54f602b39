"""What Seldon's operator and the kubelets do with a SeldonDeployment, as far as its status and the pods tell of it."""

import copy
from collections.abc import Callable
from typing import Any

from steps.core.predictors import Predictor, service_name
from tests.kubernetes.api_server import ApiServer

BROKEN = "broken"  # an image with this in its name cannot be pulled


class Operator:
    """Reports on each change of a spec at once.

    Args:
        server: the API server.
        start: called with each new predictor that can run, and with each that is gone.
    """

    def __init__(self, server: ApiServer, start: Callable[[Predictor], None] = lambda _: None) -> None:
        self.server = server
        self.start = start
        self.known: set[str] = set()
        server.changed = self.reconcile

    def reconcile(self, found: dict[str, Any]) -> None:
        """Make pods of the predictors and report on them."""
        name, reports, pods = found["metadata"]["name"], {}, []
        for predictor in found["spec"]["predictors"]:
            (container,) = predictor["componentSpecs"][0]["spec"]["containers"]
            runs = BROKEN not in container["image"]
            deployment = service_name(name, f"{predictor['name']}-0-{container['name']}")
            reports[deployment] = {"replicas": 2, "availableReplicas": 2 if runs else 0}
            pods.append(_pod(predictor, container, runs))
            if runs and predictor["name"] not in self.known:
                self.known.add(predictor["name"])
                self.start(copy.deepcopy(predictor))
        state = "Available" if all(one["availableReplicas"] for one in reports.values()) else "Creating"
        self.server.pods = pods
        self.server.report(name, {"state": state, "deploymentStatus": reports})


def _pod(predictor: Predictor, container: dict[str, Any], runs: bool) -> dict[str, Any]:
    waiting = {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{container["image"]}"'}
    state = {"running": {}} if runs else {"waiting": waiting}
    return {
        "metadata": {"name": f"{predictor['name']}-x", "labels": predictor["labels"]},
        "status": {"containerStatuses": [{"name": container["name"], "state": state}]},
    }
