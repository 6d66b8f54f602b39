"""The end of a trial in a cluster, where a person judges by what Prometheus has of each version (docs/kubernetes.md).

    python -m pipelines.trial_on_cluster promote "REASON"     # the version that is tried serves as champion
    python -m pipelines.trial_on_cluster withdraw "REASON"    # it is no challenger any more; the champion alone serves

Both move the alias in the registry and deploy the champion; killed in between, the same command goes on.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from serving.errors import ServingError
from serving.settings import Settings, read_settings
from steps.cluster.trial import tried_in_cluster
from steps.conclude_rollout import VERDICT, end_challenge
from steps.core.errors import ConfigurationError, PlatformError
from steps.models.registry import version_under
from steps.tracking.runs import ALIAS, CHALLENGER, MODEL, mlflow_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

Deploy = Callable[[], None]  # the deployment pipeline, of the version with the champion's alias


def promote(client: "MlflowClient", version: str, reason: str, deploy: Deploy) -> None:
    """The version serves as champion.

    Raises:
        PlatformError, ServingError: the deployment's; the champion stays, and the version is still tried.
    """
    before = version_under(client, ALIAS)
    client.set_registered_model_alias(MODEL, ALIAS, version)
    try:
        deploy()
    except Exception:
        if before is not None:
            client.set_registered_model_alias(MODEL, ALIAS, before)
        raise
    client.set_model_version_tag(MODEL, version, VERDICT, f"promoted: {reason}")
    end_challenge(client, version)


def withdraw(client: "MlflowClient", version: str, reason: str, deploy: Deploy) -> None:
    """The champion alone serves, and the version is no challenger.

    Raises:
        PlatformError, ServingError: the deployment's; the version is still tried.
    """
    deploy()
    client.set_model_version_tag(MODEL, version, VERDICT, f"stopped: {reason}")
    end_challenge(client, version)


def tried(client: "MlflowClient", settings: Settings) -> str:
    """The version that is tried, or whose trial was concluded and the conclusion killed.

    Raises:
        ConfigurationError: there is none.
        DeploymentError: the cluster does not answer.
    """
    version = tried_in_cluster(settings) or version_under(client, CHALLENGER)
    if version is None:
        raise ConfigurationError("No version is tried in the cluster, and none is challenger in the registry.")
    return version


def _deploy(settings: Settings) -> Deploy:
    from pipelines.ended import completed
    from pipelines.on_cluster import run
    from zenml_config.cluster_stack import register_cluster_stack

    register_cluster_stack(os.environ)

    def deploy() -> None:
        completed(run("deployment", settings))

    return deploy


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 if the trial is not concluded."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.trial_on_cluster", description=__doc__)
    parser.add_argument("conclusion", choices=("promote", "withdraw"))
    parser.add_argument("reason", help="in words; it is kept with the version in the registry")
    given = parser.parse_args(arguments)
    settings, client = read_settings(), mlflow_client()
    conclude = promote if given.conclusion == "promote" else withdraw
    try:
        version = tried(client, settings)
        conclude(client, version, given.reason, _deploy(settings))
    except (PlatformError, ServingError) as err:
        sys.stderr.write(f"{err}\n")
        return 1
    sys.stdout.write(f"Version {version}: {given.conclusion}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
