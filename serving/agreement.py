"""What a model bundle and the data contract in Feast's registry must agree on before the model serves."""

from collections.abc import Mapping

from serving.bundle import Metadata
from serving.contract import (
    ALL_FEATURES,
    HOUSE_FEATURES,
    HOUSE_TARGET,
    FeatureSpec,
    read_feature_service,
    read_feature_view,
)
from serving.errors import BundleError, ContractError
from serving.pricing.ratios import Ratio
from serving.protocol.requests import RequestContract
from serving.settings import Settings


def request_contract(metadata: Metadata, settings: Settings) -> RequestContract:
    """What a request to the model may say.

    Raises:
        BundleError: the model needs a feature that the contract does not have.
        ContractError: the registry lacks the model's feature service, or defines a derived feature in another way.
    """
    store = settings.feature_store()
    features = {spec.name: spec for spec in read_feature_view(store, HOUSE_FEATURES)}
    if unknown := [name for name in metadata.inputs if name not in features]:
        raise BundleError(f"The model needs {unknown}, which the feature view {HOUSE_FEATURES} does not have.")
    served = {spec.name: spec for spec in read_feature_service(store, metadata.feature_service)}
    known = {name: spec.ratio for name, spec in served.items()}
    if known != (needed := {name: metadata.derived.get(name) for name in metadata.features}):
        raise ContractError(
            f"Feature service {metadata.feature_service} has {formulas(known)}; the model needs "
            f"{formulas(needed)}. Run `feast -c feature_repo apply`."
        )
    # The version's own definition goes before the one that the contract has by now.
    derived = {spec.name: spec for spec in (*read_feature_service(store, ALL_FEATURES), *served.values())}
    derived = {name: spec for name, spec in derived.items() if spec.ratio}
    return RequestContract(features, metadata.inputs, settings.max_rows, derived)


def target_of(metadata: Metadata, settings: Settings) -> FeatureSpec:
    """What the contract says of the price that the model tells.

    Raises:
        ContractError: the contract does not have it.
    """
    for spec in read_feature_view(settings.feature_store(), HOUSE_TARGET):
        if spec.name == metadata.target:
            return spec
    raise ContractError(f"The feature view {HOUSE_TARGET} does not have {metadata.target}, which the model prices.")


def formulas(features: Mapping[str, Ratio | None]) -> str:
    """The names, each derived one with its definition."""
    return ", ".join(f"{name} = {ratio.formula}" if ratio else name for name, ratio in features.items())
