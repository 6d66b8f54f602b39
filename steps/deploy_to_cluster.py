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
from steps.bundle_address import placed
from steps.cluster_api import ClusterApi
from steps.cluster_object import ClusterObject, ConflictError, State, read_template
from steps.core.errors import DeploymentError
from steps.core.predictors import (
    Predictor,
    in_use,
    is_available,
    leader,
    predictor_of,
    service_name,
    settled,
    switched,
    trial,
    version_of,
)
from steps.core.verified import Verification
from steps.deployed import Deployment, Rollout, Target
from steps.find_champion import Champion
from steps.service_answers import ready_version
from steps.verification import standard_of, verify

if TYPE_CHECKING:
    import pandas as pd

IN_A_ROW = 5  # answers of the candidate, by which the gateway's processes are taken to know of it


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
        kept = _shares(wanted) == _shares(before.predictors)
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
        self._wait(state)
        found = check(self._endpoint)
        return found, found

    def _move(self, before: State, wanted: list[Predictor], check: Check) -> tuple[Verification, Verification]:
        """How the candidate answered before it was given traffic, and afterwards, where callers ask it."""
        state = before
        try:
            state = self.object.apply(trial(before.predictors, self.candidate), before)
            self._wait(state)
            tried = live = check(self._endpoint)
            if self.rollout.mode == "replace" and (gateway := self.settings.cluster_gateway_url):
                state = self.object.apply(switched(before.predictors, self.candidate), state)
                self._reach(gateway)
                live = check(Endpoint(gateway, self.champion.version, self._endpoint.log))
            if _shares(wanted) != _shares(state.predictors):
                state = self.object.apply(wanted, state)
        except ConflictError:
            raise  # it is another's now
        except DeploymentError as err:
            raise DeploymentError(f"{err} {self._put_back(before, state)}") from err
        return tried, live

    def _put_back(self, before: State, state: State) -> str:
        """What became of what was served before, in words; `state` is the last that we wrote."""
        if state is before:
            return "Nothing was changed."
        try:
            if before.predictors:
                self.object.apply(in_use(before.predictors) or before.predictors, state)
                return "What was served before is served on."
            self.object.delete(state)
        except DeploymentError as err:
            return (
                f"It could not be put back: {err} Put it back by hand: the candidate is the predictor "
                f"{self.candidate['name']}."
            )
        return "Nothing was served before, and nothing is left."

    def _reach(self, gateway: str) -> None:
        """Return when the gateway, which hears of a change a little later, has sent several calls to the candidate.

        Raises:
            DeploymentError: it does not in time.
        """
        end, in_a_row = time.monotonic() + self.target.ready_timeout_seconds, 0
        while in_a_row < IN_A_ROW:
            found = ready_version(gateway)
            in_a_row = in_a_row + 1 if found == self.champion.version else 0
            if time.monotonic() >= end:
                raise DeploymentError(
                    f"{gateway}/health/ready tells of version {found} after {self.target.ready_timeout_seconds:g} s, "
                    f"wanted {self.champion.version}."
                )
            if not in_a_row:
                time.sleep(self.target.poll_seconds)

    @property
    def _endpoint(self) -> Endpoint:
        """The candidate, at its own address."""
        name = self.candidate["name"]
        service = service_name(self.object.name, name)
        url = self.settings.cluster_service_url.format(service=service, namespace=self.object.namespace)
        log = f"kubectl logs -n {self.object.namespace} -l version={name} --all-containers --prefix"
        return Endpoint(url, self.champion.version, log)

    def _wait(self, state: State) -> None:
        """Return when the candidate's pods are ready.

        Raises:
            ConflictError: somebody else changed what is wanted.
            DeploymentError: they are not in time; it says what the pods suffer from.
        """
        end, name = time.monotonic() + self.target.ready_timeout_seconds, self.candidate["name"]
        now, fault = state, ""
        while not is_available(now.status, self.object.name, self.candidate):
            if time.monotonic() >= end:
                why = fault or "; ".join(self.object.complaints(self.candidate)) or now.status.get("description", "")
                raise DeploymentError(
                    f"The pods of {name} are not ready after {self.target.ready_timeout_seconds:g} s: "
                    f"{why or 'the cluster does not say why'}."
                )
            time.sleep(self.target.poll_seconds)
            try:
                now, fault = self.object.read(), ""
            except DeploymentError as err:  # an API server that restarts may answer again in time
                fault = str(err)
                continue
            if now.generation != state.generation:
                raise ConflictError(f"{self.object.title} was changed by somebody else while {name} came up.")


def _shares(predictors: list[Predictor]) -> list[tuple[str, int, bool]]:
    """Who gets what of the traffic."""
    return [(one["name"], one.get("traffic", 0), bool(one.get("shadow"))) for one in predictors]
