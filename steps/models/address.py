"""Where the pods of a cluster get a version's bundle: MLflow's copy of it, at the store's own address."""

from pathlib import Path

from serving.bundle import METADATA, digest
from steps.core.predictors import Placed
from steps.find_champion import Champion
from steps.tracking.runs import mlflow_client, tracking_uri

PROXIED = "mlflow-artifacts:"


def placed(champion: Champion) -> Placed:
    """The bundle where pods can get it, with the digest of the copy that was checked here."""
    document = (Path(champion.bundle) / METADATA).read_bytes()
    artifacts = mlflow_client().get_run(champion.mlflow_run_id).info.artifact_uri
    return Placed(champion.version, address_of(artifacts, champion.version, tracking_uri()), digest(document))


def address_of(artifacts: str, version: str, tracking: str) -> str:
    """Where a version's bundle is, as `python -m serving.fetch` takes it.

    Args:
        artifacts: where the artifacts of its run are: `s3://…`, or `mlflow-artifacts:/…` behind MLflow's own server.
        version: of the model.
        tracking: the address of MLflow's server.
    """
    if artifacts.startswith(PROXIED):
        path = artifacts.removeprefix(PROXIED).lstrip("/")
        artifacts = f"{tracking.rstrip('/')}/api/2.0/mlflow-artifacts/artifacts/{path}"
    return f"{artifacts.rstrip('/')}/bundle/v{version}"
