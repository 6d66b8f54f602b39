"""The step that lets features through to training: a sensitive one needs a waiver, or is left out."""

from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.logger import get_logger
from zenml.metadata.metadata_types import MetadataType

from serving.contract import read_feature_service
from serving.settings import Settings, read_settings
from steps.artifacts.materializers import FrameMaterializer
from steps.artifacts.page_materializer import PageMaterializer
from steps.build_training_set import TrainingSet
from steps.core.columns import feature_names
from steps.core.experiments import Experiments
from steps.core.sensitive import Admission, SensitiveFeatures, admit, check_experiments

logger = get_logger(__name__)


@step(
    enable_cache=False,
    output_materializers={"admitted_houses": FrameMaterializer, "admission": PageMaterializer},
)
def admit_features(
    houses: pd.DataFrame,
    derived: list[str],
    training_set: TrainingSet,
    sensitive_features: SensitiveFeatures,
    experiments: Experiments,
) -> tuple[
    Annotated[pd.DataFrame, ArtifactConfig(name="admitted_houses")],
    Annotated[list[str], ArtifactConfig(name="admitted_derived_features")],
    Annotated[Admission, ArtifactConfig(name="admission")],
]:
    """The houses without what is left out, the derived ones of their features, and what became of the sensitive ones.

    The run ends here if one of those has no waiver and is not left out.
    """
    admission = admission_of(read_settings(), training_set.feature_service, houses, sensitive_features)
    check_experiments(experiments, admission.left_out)
    logger.info(
        "Sensitive features: %s; waived: %s; left out: %s",
        *(", ".join(names) or "none" for names in (admission.sensitive, admission.waivers, admission.left_out)),
    )
    facts: dict[str, MetadataType] = admission.model_dump()
    log_metadata(metadata=facts, artifact_name="admission", infer_artifact=True)
    admitted = houses.drop(columns=admission.left_out)
    return admitted, [name for name in derived if name in admitted], admission


def admission_of(
    settings: Settings, feature_service: str, houses: pd.DataFrame, sensitive_features: SensitiveFeatures
) -> Admission:
    """What becomes of the houses' sensitive features, as the contract tags them.

    Raises:
        ConfigurationError: one has no waiver and is not left out, or a name is none of theirs.
    """
    known = feature_names(houses)
    specs = read_feature_service(settings.feature_store(), feature_service)
    return admit([spec for spec in specs if spec.name in known], sensitive_features)
