"""When the pods of a predictor are ready, and when callers reach them."""

import time

from steps.cluster.seldon_deployment import ClusterObject, ConflictError, State
from steps.core.errors import DeploymentError
from steps.core.predictors import Predictor, is_available
from steps.deployment.deployed import Target
from steps.deployment.service_answers import ready_version

IN_A_ROW = 5  # answers of a version, by which all of a gateway's processes are taken to know of it


def wait_for_pods(cluster_object: ClusterObject, predictor: Predictor, state: State, target: Target) -> None:
    """Return when the predictor's pods are ready.

    Args:
        state: the object as it was last written.

    Raises:
        ConflictError: somebody else changed what is wanted.
        DeploymentError: they are not in time; it says what the pods suffer from.
    """
    end, now, fault = time.monotonic() + target.ready_timeout_seconds, state, ""
    while not is_available(now.status, cluster_object.name, predictor):
        if time.monotonic() >= end:
            why = fault or "; ".join(cluster_object.complaints(predictor)) or now.status.get("description", "")
            raise DeploymentError(
                f"The pods of {predictor['name']} are not ready after {target.ready_timeout_seconds:g} s: "
                f"{why or 'the cluster does not say why'}."
            )
        time.sleep(target.poll_seconds)
        try:
            now, fault = cluster_object.read(), ""
        except DeploymentError as err:  # an API server that restarts may answer again in time
            fault = str(err)
            continue
        if now.generation != state.generation:
            raise ConflictError(f"{cluster_object.title} was changed by somebody else while pods came up.")


def wait_for_gateway(gateway: str, version: str, target: Target) -> None:
    """Return when the gateway, which hears of a change a little later, has sent several calls to the version.

    Raises:
        DeploymentError: it does not in time.
    """
    end, in_a_row = time.monotonic() + target.ready_timeout_seconds, 0
    while in_a_row < IN_A_ROW:
        found = ready_version(gateway)
        in_a_row = in_a_row + 1 if found == version else 0
        if time.monotonic() >= end:
            raise DeploymentError(
                f"{gateway}/health/ready tells of version {found} after {target.ready_timeout_seconds:g} s, "
                f"wanted {version}."
            )
        if not in_a_row:
            time.sleep(target.poll_seconds)
