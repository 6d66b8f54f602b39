"""The step that puts the definitions of the feature repository into the Feast registry and reads the contract there."""

from dataclasses import asdict
from typing import Annotated, Any

from zenml import log_metadata, step

from serving.contract import HOUSE_FEATURES, HOUSE_TARGET, FeatureSpec, read_feature_view
from serving.settings import read_settings
from steps.artifacts.contract_materializer import ContractMaterializer
from steps.feature_store.definitions import apply_definitions

Contract = list[dict[str, Any]]


@step(enable_cache=False, output_materializers=ContractMaterializer)
def apply_contract() -> Annotated[Contract, "contract"]:
    """The columns of the contract, features first, then the target, as the Feast registry now holds them."""
    store = apply_definitions(read_settings())
    specs = [*read_feature_view(store, HOUSE_FEATURES), *read_feature_view(store, HOUSE_TARGET)]
    log_metadata(
        metadata={"columns": [spec.name for spec in specs], "feast_project": store.project}, infer_artifact=True
    )
    return [asdict(spec) for spec in specs]


def read_specs(contract: Contract) -> tuple[FeatureSpec, ...]:
    """The contract of an artifact, as specifications."""
    return tuple(FeatureSpec(**column) for column in contract)
