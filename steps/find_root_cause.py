"""The step that says which drifted feature moves the prices, and whom it concerns."""

from typing import Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field
from zenml import ArtifactConfig, log_metadata, step
from zenml.metadata.metadata_types import MetadataType

from serving.bundle import MODEL as MODEL_FILE
from serving.bundle import REFERENCE_PROFILE, SCALER
from serving.records.spool import SPOOL
from serving.settings import Settings, read_settings
from steps.core.drift_verdict import DriftVerdict, RootCause
from steps.core.importance import ShapValues, shap_values
from steps.core.prediction import load_booster
from steps.core.reference import REFERENCE_SHAP, ReferenceShap, read_reference_shap
from steps.core.root_cause import find_callers, find_segments, rank_effects
from steps.core.scaling import from_bundle, scale
from steps.core.sketches import read_sketches
from steps.find_champion import Champion
from steps.models.registry import Bundle, read_version
from steps.monitoring.blast_radius import affected_services, affected_versions
from steps.monitoring.served_rows import served_rows


class CauseSettings(BaseModel):
    """How the root cause is looked for.

    Attributes:
        rows: so many of the window's rows are looked at.
        seed: of their draw.
        segment_features: features that part the houses; the first that the model uses is taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(ge=1, le=100_000)
    seed: int = Field(ge=0)
    segment_features: tuple[str, ...]


@step(enable_cache=False)
def find_root_cause(
    champion: Champion, verdict: DriftVerdict, hours: list[str], cause: CauseSettings
) -> Annotated[DriftVerdict, ArtifactConfig(name="drift_verdict")]:
    """The verdict with its root cause: the features by what they do to the price, and whom the drifted ones concern."""
    complete = verdict.model_copy(update={"root_cause": explain(champion, verdict, hours, cause, read_settings())})
    log_metadata(metadata=facts_of(complete), infer_artifact=True)
    return complete


def facts_of(verdict: DriftVerdict) -> dict[str, MetadataType]:
    """What runs can be filtered by."""
    facts: dict[str, MetadataType] = {
        "status": verdict.status,
        "version": verdict.window.version,
        "rows": verdict.window.rows,
        "drifted": ", ".join(verdict.drifted),
        "prediction_drifted": verdict.prediction_drifted,
    }
    if verdict.drifted and verdict.root_cause is not None:
        first = verdict.root_cause.effects[0]
        facts["root_cause"] = first.feature
        if first.price_effect is not None:
            facts["price_effect"] = first.price_effect
    return facts


def explain(
    champion: Champion, verdict: DriftVerdict, hours: list[str], wanted: CauseSettings, settings: Settings
) -> RootCause:
    """Where the drift comes from and whom it concerns.

    The rows are those of this machine's receipts: profiles of other machines have a part in the verdict, their rows
    have none in the price effects, the segments and the callers.
    """
    bundle = read_version(settings, champion.version)
    rows = served_rows(settings.profiles_dir / SPOOL, champion.version, hours, wanted.rows, wanted.seed)
    shap = explained(bundle, rows)
    known = shap_of_training(bundle)
    effects = rank_effects(verdict, champion.features, shap, known)
    changes = [one.price_effect for one in effects if one.price_effect is not None]
    reference = read_sketches(bundle.files[REFERENCE_PROFILE])
    first = effects[0].feature
    return RootCause(
        effects=effects,
        price_change=sum(changes) if changes else None,
        sampled_rows=len(rows),
        feature_services=affected_services(verdict.drifted, settings) if verdict.drifted else (),
        model_versions=affected_versions(verdict.drifted, settings) if verdict.drifted else (),
        segments=find_segments(rows, reference, wanted.segment_features),
        callers=find_callers(rows, first, reference[first]),
    )


def explained(bundle: Bundle, rows: pd.DataFrame) -> ShapValues | None:
    """The SHAP values of the rows, or None: there are none."""
    if not len(rows):
        return None
    fitted = from_bundle(bundle.files[SCALER], len(rows))
    return shap_values(load_booster(bundle.files[MODEL_FILE]), scale(rows, fitted), fitted.features)


def shap_of_training(bundle: Bundle) -> ReferenceShap | None:
    """The SHAP values of the training rows, or None: the version was registered before bundles had them."""
    data = bundle.files.get(REFERENCE_SHAP)
    return None if data is None else read_reference_shap(data)
