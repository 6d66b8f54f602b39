"""The step that gives the run's best model a version, a bundle and a feature service, and its alias last."""

from typing import TYPE_CHECKING, Annotated

import pandas as pd
from pydantic import BaseModel
from zenml import ArtifactConfig, get_step_context, log_metadata, step
from zenml.logger import get_logger
from zenml.metadata.metadata_types import MetadataType
from zenml.types import HTMLString

from serving.bundle import CARD, CARD_PAGE, write_bundle
from serving.settings import Settings, read_settings
from steps.artifacts.page_materializer import PageMaterializer
from steps.core.card_evidence import CardEvidence
from steps.core.errors import PlatformError
from steps.core.experiments import ExperimentResult
from steps.core.intervals import FittedIntervals
from steps.core.model_card import description
from steps.core.promotion import Verdict
from steps.core.scaling import FittedScaler, restrict
from steps.feature_store.definitions import apply_definitions
from steps.models.bundle import collect_files, describe, has_bundle
from steps.models.card import card_files, card_tags
from steps.models.registry import RETIRED, Bundle, bundle_folder, read_version, version_under, versions
from steps.tracking.run_facts import describe_run
from steps.tracking.runs import ALIAS, CHALLENGER, MODEL, mlflow_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = get_logger(__name__)

NO_CARD = b"<!doctype html><meta charset=utf-8><p>This version was registered before there were model cards.</p>"


class RegisteredModel(BaseModel):
    """The version of the run's best model.

    Attributes:
        alias: "champion": it serves from now on; "challenger": the champion stays.
        bundle: its folder.
        is_new: this run made it; otherwise the same model from the same data had a version already.
    """

    name: str
    version: str
    alias: str
    bundle: str
    feature_service: str
    is_new: bool


@step(enable_cache=False, output_materializers={"registered_model": PageMaterializer})
def register(
    verdict: Verdict,
    champion: ExperimentResult,
    model: bytes,
    left_out: pd.DataFrame,
    intervals: FittedIntervals,
    scaler: FittedScaler,
    train: pd.DataFrame,
    data_fingerprint: str,
    evidence: CardEvidence,
) -> tuple[
    Annotated[RegisteredModel, ArtifactConfig(name="registered_model")],
    Annotated[HTMLString, ArtifactConfig(name="model_card")],
]:
    """The champion as a registered version with its alias; nothing new if it is the version that serves.

    The second is the version's model card.
    """
    run = str(get_step_context().pipeline_run.id)
    registered = enrol(
        *(champion, model, intervals, restrict(scaler, champion.features), train, data_fingerprint, run),
        read_settings(),
        CHALLENGER if verdict.outcome == "challenge" else ALIAS,
        evidence,
        left_out,
    )
    did = "is registered" if registered.is_new else "was registered already"
    logger.info("%s v%s %s as %s: %s", registered.name, registered.version, did, registered.alias, registered.bundle)
    facts: dict[str, MetadataType] = {
        **registered.model_dump(),
        "gate": verdict.reason,
        **champion.metrics,
        **intervals.metrics,
    }
    log_metadata(metadata=facts, artifact_name="registered_model", infer_artifact=True)
    describe_run(
        rows=len(train),
        fingerprint=data_fingerprint,
        experiment=champion.name,
        cv_rmse=champion.metrics["cv_rmse"],
        cv_rmse_sd=champion.metrics["cv_rmse_sd"],
        verdict=verdict.outcome,
        version=registered.version,
        alias=registered.alias,
        cause=evidence.cause.kind,
    )
    card = read_version(read_settings(), registered.version).files.get(CARD_PAGE, NO_CARD)
    return registered, HTMLString(card.decode())


def enrol(
    champion: ExperimentResult,
    model: bytes,
    intervals: FittedIntervals,
    scaler: FittedScaler,
    train: pd.DataFrame,
    data_fingerprint: str,
    zenml_run: str,
    settings: Settings,
    alias: str = ALIAS,
    evidence: CardEvidence | None = None,
    left_out: pd.DataFrame | None = None,
) -> RegisteredModel:
    """The version of the model, complete and with the alias. A challenger that becomes champion is one no more.

    Killed at any point, the next run finds the version by the model, the intervals and the data's fingerprint and goes
    on where this one ended: version, bundle, MLflow's copy of it, feature service, tags; the alias is set last.

    Args:
        evidence: what the version's card is made of; none: it has no card.
        left_out: the champion's out-of-fold predictions; none: the bundle does not keep their errors.
    """
    client = mlflow_client()
    version, is_new = _version(client, champion, intervals, data_fingerprint)
    folder = bundle_folder(settings, version)
    if not has_bundle(folder):
        metadata = describe(champion, intervals, train, data_fingerprint, zenml_run, settings, version)
        files = collect_files(model, intervals, scaler, train, left_out)
        write_bundle(folder, metadata, files | (card_files(evidence, metadata) if evidence else {}))
        is_new = True
    bundle = read_version(settings, version)
    if bundle.model_digest != champion.model_digest:
        raise PlatformError(
            f"{folder} holds another model than version {version} of {MODEL} in MLflow: it comes from a registry that "
            "is gone. Move the folder away, or point HPP_MODELS_DIR to an empty one, and run again."
        )
    if version_under(client, alias) != version:
        client.log_artifacts(champion.mlflow_run_id, str(folder), f"bundle/v{version}")
        apply_definitions(settings)  # feature_repo/model_services.py makes the version's feature service of the bundle
        for key, value in (_tags(bundle, str(folder)) | (card_tags(evidence) if evidence else {})).items():
            client.set_model_version_tag(MODEL, version, key, value)
        if evidence and CARD in bundle.files:  # a version from before there were cards stays without
            client.update_model_version(MODEL, version, description(evidence))
        if RETIRED in client.get_model_version(MODEL, version).tags:  # the same model from the same data, once more
            client.delete_model_version_tag(MODEL, version, RETIRED)
        client.set_registered_model_alias(MODEL, alias, version)
    if alias == ALIAS and version_under(client, CHALLENGER) == version:
        client.delete_registered_model_alias(MODEL, CHALLENGER)
    _report_orphans(client, settings, version)
    feature_service = bundle.metadata.feature_service
    return RegisteredModel(
        name=MODEL, version=version, alias=alias, bundle=str(folder), feature_service=feature_service, is_new=is_new
    )


def _version(
    client: "MlflowClient", champion: ExperimentResult, intervals: FittedIntervals, data_fingerprint: str
) -> tuple[str, bool]:
    """The version with this model and these intervals from these data, and whether it was made now."""
    from mlflow.exceptions import MlflowException

    identity = {
        "model_digest": champion.model_digest,
        "intervals_digest": intervals.digest,
        "data_fingerprint": data_fingerprint,
    }
    for known in versions(client):
        if identity.items() <= known.tags.items():
            return str(known.version), False
    try:
        client.create_registered_model(MODEL, description="Prices of houses, in the unit of the contract.")
    except MlflowException as err:
        if err.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    # A server of MLflow takes a logged model as the source only where it is named beside it.
    logged_model = champion.model_uri.removeprefix("models:/")
    made = client.create_model_version(
        MODEL, champion.model_uri, champion.mlflow_run_id, tags=identity, model_id=logged_model
    )
    return str(made.version), True


def _tags(bundle: Bundle, folder: str) -> dict[str, str]:
    metadata = bundle.metadata
    return {
        "experiment": metadata.experiment,
        "feature_service": metadata.feature_service,
        "zenml_run": metadata.zenml_run_id,
        "git_commit": metadata.git_commit,
        "bundle": folder,
    }


def _report_orphans(client: "MlflowClient", settings: Settings, serving: str) -> None:
    for known in versions(client):
        if (
            str(known.version) != serving
            and RETIRED not in known.tags
            and not bundle_folder(settings, str(known.version)).exists()
        ):
            logger.warning(
                "Version %s of %s has no bundle: its run was stopped in between. It is never served.",
                known.version,
                MODEL,
            )
