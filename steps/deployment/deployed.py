"""How a version is deployed, and what a deployment leaves."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from steps.core.verified import Verification


class Rollout(BaseModel):
    """How a version is put in place.

    Attributes:
        tolerance: the allowed difference of a served price, or of an end of its interval, from the offline one, in the
            target's unit.
        event_time_resolution_seconds: stored features whose event times are closer than this in the two stores are of
            the same observation.
        start_timeout_seconds: how long a service may take until it is ready.
        mode: replace: the version is served. shadow, canary: it is tried beside the one that is served
            (docs/rollout.md; in a cluster docs/kubernetes.md).
        share: of the houses, in a cluster of the calls, that a canary answers for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tolerance: float = Field(ge=0)
    event_time_resolution_seconds: float = Field(gt=0)
    start_timeout_seconds: float = Field(gt=0)
    mode: Literal["replace", "shadow", "canary"]
    share: float = Field(gt=0, le=1)


class Target(BaseModel):
    """Where a version is served.

    Attributes:
        place: local: on this machine. kubernetes: as a SeldonDeployment in the cluster that this process is in, or that
            its kubeconfig names.
        ready_timeout_seconds: of kubernetes: how long the pods of a version may take, the pull of their image included.
        poll_seconds: of kubernetes: how often the cluster is asked.
        take_over: of kubernetes: whether what others changed in the object is overwritten.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Literal["local", "kubernetes"]
    ready_timeout_seconds: float = Field(gt=0)
    poll_seconds: float = Field(gt=0)
    take_over: bool


class Deployment(BaseModel):
    """What was done and what runs now.

    Attributes:
        action: `kept`: the version was being served and answers rightly. `shadow`, `canary`: it is tried beside the
            one that is served, which is `previous_version`.
        previous_version: the version that was served before, if any.
        pid: of the service's main process; None in a cluster.
        log: where its log is; in a cluster how to read it.
        candidate: how the version answered when it was tried beside the service that it replaces, if there was one.
        live: how the service answers now; None where the version is only tried.
        seconds: how long it took.
    """

    url: str
    name: str
    version: str
    previous_version: str | None
    action: Literal["started", "rolled", "kept", "shadow", "canary"]
    pid: int | None
    log: str
    candidate: Verification | None
    live: Verification | None
    seconds: float
