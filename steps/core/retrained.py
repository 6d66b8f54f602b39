"""What became of a retraining."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from steps.core.cause import Cause

Ending = Literal[
    "not started",
    "nothing new",
    "registered",
    "tried",
    "served",
    "gate refused",
    "training failed",
    "deployment failed",
    "took too long",
]


class Outcome(BaseModel):
    """How it ended.

    Attributes:
        ending: `nothing new`: the model is one that has a version already. `registered`: the new version is in the
            registry, and nothing more was wanted. `tried`: it is tried beside the champion. `served`: it is served.
        reason: in words.
        training_run, deployment_run: the names of ZenML's runs; empty where there is none.
        version, alias: the new one's in the registry; empty where there is none.
        log: where the output of both pipelines is; empty: where this was started.
    """

    model_config = ConfigDict(frozen=True)

    ending: Ending
    cause: Cause | None
    reason: str
    training_run: str = ""
    deployment_run: str = ""
    version: str = ""
    alias: str = ""
    log: str = ""

    @property
    def in_words(self) -> str:
        """In one sentence."""
        named = f" (run {self.training_run})" if self.training_run else ""
        version = f" version {self.version}" if self.version else ""
        return f"{self.ending}{version}{named}: {self.reason}"
