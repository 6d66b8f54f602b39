"""What `/metadata` says of a model, in Seldon's format."""

from typing import Any

from serving.agreement import formulas
from serving.bundle import Metadata


def model_metadata(metadata: Metadata) -> dict[str, Any]:
    """Name, version, inputs, outputs, and under `custom` the metrics and where the version came from."""
    custom = {name: f"{value:g}" for name, value in metadata.metrics.items()}
    custom |= {name: getattr(metadata, name) for name in ("experiment", "feature_service")}
    custom |= {name: getattr(metadata, name) for name in ("mlflow_run_id", "zenml_run_id")}
    custom |= {name: getattr(metadata, name) for name in ("data_fingerprint", "git_commit", "created_at")}
    if metadata.derived:
        custom["derived"] = formulas(metadata.derived)
    columns = {"names": list(metadata.inputs), "shape": [-1, len(metadata.inputs)]}
    answers = {"names": list(output_names(metadata.target)), "shape": [-1, 3]}
    return {
        "name": metadata.model_name,
        "versions": [metadata.model_version],
        "platform": "seldon",
        "inputs": [{"messagetype": "ndarray", "schema": columns}],
        "outputs": [{"messagetype": "ndarray", "schema": answers}],
        "custom": custom,
    }


def output_names(target: str) -> tuple[str, str, str]:
    """The names of an answered row's values: the price and the ends of its interval."""
    return target, f"{target}_low", f"{target}_high"
