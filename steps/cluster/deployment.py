"""A version served in a Kubernetes cluster, as a predictor of a SeldonDeployment.

The candidate's pods start beside those that serve and are asked at an address of their own; the traffic moves once they
answer rightly. What serves is not touched before, and is put back if the new state fails (docs/decisions/0037).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from serving.settings import Settings
from steps.cluster.api import ClusterApi
from steps.cluster.readiness import wait_for_gateway, wait_for_pods
from steps.cluster.seldon_deployment import ClusterObject, ConflictError, State, read_template
from steps.core.errors import DeploymentError
from steps.core.predictors import (
    Predictor,
    in_use,
    leader,
    predictor_of,
    service_name,
    settled,
    shares,
    switched,
    trial,
    version_of,
)
from steps.core.verified import Verification
from steps.deployment.deployed import Deployment, Rollout, Target
from steps.deployment.verification import standard_of, verify
from steps.find_champion import Champion
from steps.models.address import placed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service in a cluster."""

    url: str
    version: str
    log: str

    def log_tail(self) -> str:
        """How to read the log."""
        return f"The log: {self.log}"


Check = Callable[[Endpoint], Verification]


def deploy_to_cluster(
    champion: Champion, expected: "pd.DataFrame", rollout: Rollout, target: Target, settings: Settings
) -> Deployment:
    """What was done: the version is served, or tried beside what is served, in the cluster.

    Args:
        expected: what `predict_houses` says of the version.

    Raises:
        DeploymentError: it does not come up in time or answers otherwise, or somebody else changes the object too.
        ConfigurationError: a setting or a parameter does not do.
    """
    template = read_template(settings.cluster_template)
    target_object = ClusterObject(template, ClusterApi(), target.take_over)
    candidate = predictor_of(template, placed(champion), rollout.mode)
    check = partial(verify, standard=standard_of(champion, expected, rollout, settings))
    return Move(target_object, champion, candidate, rollout, target, settings).make(check)


@dataclass(frozen=True, slots=True)
class Move:
    """A way from what the object is to what it should be.

    Args:
        candidate: the predictor that is to be served or tried.
    """

    object: ClusterObject
    champion: Champion
    candidate: Predictor
    rollout: Rollout
    target: Target
    settings: Settings

    def make(self, check: Check) -> Deployment:
        """What was done.

        Raises:
            DeploymentError: nothing; what was served before is served on, unless the message says otherwise.
        """
        started, before = time.monotonic(), self.object.read()
        wanted = settled(before.predictors, self.candidate, self.rollout.mode, self.rollout.share)
        was = leader(in_use(before.predictors))
        kept = shares(wanted) == shares(before.predictors)
        try:
            tried, live = self._keep(before, check) if kept else self._move(before, wanted, check)
        except DeploymentError as err:
            raise DeploymentError(
                f"Version {self.champion.version} of {self.champion.name} is not deployed to {self.object.title}. {err}"
            ) from err
        replaces = self.rollout.mode == "replace"
        done = "kept" if kept else "rolled" if was else "started"
        return Deployment(
            url=self.settings.cluster_gateway_url or self._endpoint.url,
            name=self.champion.name,
            version=self.champion.version,
            previous_version=version_of(was) if was else None,
            action=done if replaces else self.rollout.mode,
            pid=None,
            log=self._endpoint.log,
            candidate=None if replaces and kept else tried,
            live=live if replaces else None,
            seconds=round(time.monotonic() - started, 1),
        )

    def _keep(self, state: State, check: Check) -> tuple[Verification, Verification]:
        """How the candidate, which is in its place already, answers."""
        wait_for_pods(self.object, self.candidate, state, self.target)
        found = check(self._endpoint)
        return found, found

    def _move(self, before: State, wanted: list[Predictor], check: Check) -> tuple[Verification, Verification]:
        """How the candidate answered before it was given traffic, and afterwards, where callers ask it."""
        state = before
        try:
            state = self.object.apply(trial(before.predictors, self.candidate), before)
            wait_for_pods(self.object, self.candidate, state, self.target)
            tried = live = check(self._endpoint)
            if self.rollout.mode == "replace" and (gateway := self.settings.cluster_gateway_url):
                state = self.object.apply(switched(before.predictors, self.candidate), state)
                wait_for_gateway(gateway, self.champion.version, self.target)
                live = check(Endpoint(gateway, self.champion.version, self._endpoint.log))
            if shares(wanted) != shares(state.predictors):
                state = self.object.apply(wanted, state)
        except ConflictError:
            raise  # it is another's now
        except DeploymentError as err:
            raise DeploymentError(f"{err} {self._put_back(before, state)}") from err
        return tried, live

    def _put_back(self, before: State, state: State) -> str:
        """What became of what was served before, in words; `state` is the last that we wrote, as far as we know."""
        try:
            if state is before:
                state = self.object.read()
                if shares(state.predictors) != shares(trial(before.predictors, self.candidate)):
                    return "Nothing was changed."
            if before.predictors:
                self.object.apply(in_use(before.predictors), state)
                return "What was served before is served on."
            self.object.delete(state)
        except DeploymentError as err:
            return (
                f"Whether what was served before is served on cannot be told: {err} See to it that the predictor "
                f"{self.candidate['name']} gets no traffic."
            )
        return "Nothing was served before, and nothing is left."

    @property
    def _endpoint(self) -> Endpoint:
        """The candidate, at its own address."""
        name = self.candidate["name"]
        service = service_name(self.object.name, name)
        url = self.settings.cluster_service_url.format(service=service, namespace=self.object.namespace)
        log = f"kubectl logs -n {self.object.namespace} -l version={name} --all-containers --prefix"
        return Endpoint(url, self.champion.version, log)
