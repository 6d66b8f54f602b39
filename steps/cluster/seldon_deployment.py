"""One SeldonDeployment in a cluster: read, written if nobody else did in between, and what its pods suffer from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from steps.cluster.api import MANAGER, ClusterApi, RefusedError
from steps.core.errors import ConfigurationError, DeploymentError
from steps.core.predictors import Predictor, shares

GROUP, VERSION, PLURAL = "machinelearning.seldon.io", "v1", "seldondeployments"
TRIES = 5
NOT_FOUND, CONFLICT = 404, 409
BUILD = "Build it: `kubectl kustomize docker/kubernetes/overlays/production/serving > seldon-deployment.yaml`."


class ConflictError(DeploymentError):
    """Somebody else writes the object too."""


@dataclass(frozen=True, slots=True)
class State:
    """The object as it was read; all empty where there is none.

    Attributes:
        generation: it grows with each change of what is wanted, and not with what is reported.
    """

    predictors: list[Predictor]
    status: dict[str, Any]
    generation: int
    resource_version: str

    @property
    def exists(self) -> bool:
        """Whether there is such an object."""
        return bool(self.resource_version)


NOTHING = State([], {}, 0, "")


class ClusterObject:
    """The SeldonDeployment that a template is of.

    Args:
        template: all of it but the predictors is taken as it stands.
        api: the cluster.
        take_over: fields that others own are written all the same.

    Raises:
        ConfigurationError: the template has no name or no namespace.
    """

    def __init__(self, template: dict[str, Any], api: ClusterApi, take_over: bool) -> None:
        try:
            self.name, self.namespace = template["metadata"]["name"], template["metadata"]["namespace"]
        except (KeyError, TypeError) as err:
            raise ConfigurationError(
                f"The template in HPP_CLUSTER_TEMPLATE has no name or no namespace. {BUILD}"
            ) from err
        self.template = template
        self._api = api
        self._take_over = take_over
        self._path = f"/apis/{GROUP}/{VERSION}/namespaces/{self.namespace}/{PLURAL}/{self.name}"

    @property
    def title(self) -> str:
        """The object in words."""
        return f"SeldonDeployment {self.namespace}/{self.name}"

    def read(self) -> State:
        """The object as it is.

        Raises:
            DeploymentError: the API server does not answer, or does not let us.
        """
        try:
            return _state(self._api.get(self._path))
        except RefusedError as err:
            if err.code != NOT_FOUND:
                raise
            return NOTHING

    def apply(self, predictors: list[Predictor], before: State) -> State:
        """The object with these predictors, by server-side apply, if nobody changed what is wanted since it was read.

        Raises:
            ConflictError: somebody did, or owns what would be changed.
            DeploymentError: the API server does not answer, refuses the object, or does not let us.
        """
        force = self._take_over
        for _ in range(TRIES):
            try:
                return _state(self._api.apply(self._path, self._wanted(predictors, before), force))
            except RefusedError as err:
                if err.code == NOT_FOUND:
                    raise DeploymentError(
                        f"{err} The cluster lacks {PLURAL}.{GROUP} or the namespace {self.namespace}: install Seldon "
                        "Core's operator and an overlay first (docs/kubernetes.md)."
                    ) from err
                if err.code != CONFLICT:
                    raise
                if owners := {words.split('"')[1] for reason, words in err.causes if reason == "FieldManagerConflict"}:
                    if owners != {MANAGER}:
                        raise ConflictError(self._owned(err)) from err
                    force = True  # what a webhook put into what we wrote counts as ours of another kind
            # The operator's reports change the resource version too: only what is wanted counts.
            now = self.read()
            if now.generation != before.generation:
                if shares(now.predictors) == shares(predictors):  # our own write, whose answer was lost
                    return now
                raise ConflictError(f"{self.title} was changed by somebody else while it was deployed. Deploy again.")
            before = now
        raise ConflictError(f"{self.title} changes faster than it can be written. Deploy again.")

    def delete(self, before: State) -> None:
        """There is no such object any more, if nobody changed what is wanted since it was read.

        Raises:
            ConflictError: somebody did.
            DeploymentError: the API server does not answer, or does not let us.
        """
        now = self.read()
        if now.generation != before.generation:
            raise ConflictError(f"{self.title} was changed by somebody else while it was deployed; it is left there.")
        self._api.delete(self._path, now.resource_version)

    def complaints(self, predictor: Predictor) -> list[str]:
        """Why containers of a predictor's pods do not run, as far as the cluster says.

        Raises:
            DeploymentError: the API server does not answer, or does not let us.
        """
        name = predictor["labels"]["version"]
        pods = self._api.get(f"/api/v1/namespaces/{self.namespace}/pods?labelSelector=version%3D{name}")
        return sorted({words for pod in pods.get("items", []) for words in _complaints(pod.get("status") or {})})

    def _wanted(self, predictors: list[Predictor], before: State) -> dict[str, Any]:
        metadata = dict(self.template["metadata"])
        if before.exists:
            metadata["resourceVersion"] = before.resource_version
        return {**self.template, "metadata": metadata, "spec": {**self.template["spec"], "predictors": predictors}}

    def _owned(self, error: RefusedError) -> str:
        return (
            f"{self.title} was changed by somebody else. {error} See what: `kubectl get seldondeployment {self.name} "
            f"-n {self.namespace} -o yaml --show-managed-fields`. Overwrite it: target.take_over in "
            "zenml_config/deployment.yaml."
        )


def read_template(path: str) -> dict[str, Any]:
    """The SeldonDeployment that HPP_CLUSTER_TEMPLATE names.

    Raises:
        ConfigurationError: there is none.
    """
    if not path:
        raise ConfigurationError(f"HPP_CLUSTER_TEMPLATE is empty; wanted the file of a SeldonDeployment. {BUILD}")
    try:
        found = yaml.safe_load(Path(path).read_text())
    except (OSError, ValueError, yaml.YAMLError) as err:
        raise ConfigurationError(f"HPP_CLUSTER_TEMPLATE is {path!r}, which cannot be read: {err}. {BUILD}") from err
    if not isinstance(found, dict) or found.get("kind") != "SeldonDeployment":
        raise ConfigurationError(f"HPP_CLUSTER_TEMPLATE is {path!r}, which is no single SeldonDeployment. {BUILD}")
    return found


def _state(found: dict[str, Any]) -> State:
    metadata = found["metadata"]
    predictors = (found.get("spec") or {}).get("predictors") or []
    return State(predictors, found.get("status") or {}, metadata.get("generation", 0), metadata["resourceVersion"])


def _complaints(status: dict[str, Any]) -> list[str]:
    said = []
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        ended = (container.get("lastState") or {}).get("terminated") or {}
        waiting = (container.get("state") or {}).get("waiting") or {}
        words = [waiting.get("reason"), waiting.get("message"), ended.get("message")]
        if waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            said.append(f"{container['name']}: " + ": ".join(str(one).strip() for one in words if one))
    unscheduled = [one for one in status.get("conditions") or [] if one.get("reason") == "Unschedulable"]
    return said + [f"not scheduled: {one.get('message', '')}" for one in unscheduled]
