"""Why a training run was started, as it is kept with the run and with the version that it makes."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

CauseKind = Literal["by hand", "weekly", "drift", "error"]
VERDICTS: tuple[CauseKind, ...] = ("drift", "error")
TAG = "cause"  # of MLflow's runs and versions; ZenML's runs have `cause=drift` and so on


class Cause(BaseModel):
    """Why.

    Attributes:
        reason: in words.
        verdict_run: the id of ZenML's run that judged so.
        version: that it judged.
        feature: that moves the prices most, of those that have drifted.
        window: from when to when the judged traffic is, ISO 8601.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: CauseKind = "by hand"
    reason: str = ""
    verdict_run: str = ""
    version: str = ""
    feature: str = ""
    window: str = ""

    @property
    def tag(self) -> str:
        """What ZenML's runs of this cause can be filtered by."""
        return f"{TAG}={self.kind}"

    @property
    def tags(self) -> dict[str, str]:
        """What MLflow's runs and versions have of it, by name."""
        named = self.model_dump(exclude={"kind"}, exclude_defaults=True)
        return {TAG: self.kind, **{f"{TAG}_{name}": value for name, value in named.items()}}

    @property
    def in_words(self) -> str:
        """In one sentence."""
        parts = (
            f"the verdict on version {self.version}" * bool(self.version),
            f"of the traffic {self.window}" * bool(self.window),
            f"in ZenML's run {self.verdict_run}" * bool(self.verdict_run),
        )
        source = " ".join(part for part in parts if part)
        said = "; ".join(part for part in (self.reason.removesuffix("."), source) if part)
        return f"{self.kind}: {said}" if said else self.kind


BY_HAND = Cause()
