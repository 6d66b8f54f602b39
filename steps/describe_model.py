"""The step that gathers what the model card is made of: all that is known of the model before it has a version."""

import platform
from importlib.metadata import version
from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, get_step_context, step

from serving.contract import HOUSE_TARGET, read_feature_service, read_feature_view
from serving.settings import Settings, read_settings
from steps.build_training_set import TrainingSet
from steps.core.card_evidence import CardEvidence, Column, DataFacts, columns_of, leaving_out_of, selection_of
from steps.core.card_statements import CardStatements
from steps.core.cause import Cause
from steps.core.columns import feature_names, prices, target_name
from steps.core.evaluation import left_out_predictions
from steps.core.experiments import ExperimentResult, Validation
from steps.core.intervals import FittedIntervals
from steps.core.point_in_time import PointInTimeReport
from steps.core.price_tiers import price_tiers
from steps.core.promotion import Verdict
from steps.core.quality import QualityReport
from steps.core.sensitive import Admission, SensitiveFeatures
from steps.tracking.runs import git_commit

LIBRARIES = ("xgboost", "scikit-learn", "numpy", "pandas", "onnxruntime", "feast", "zenml", "mlflow")


@step(enable_cache=False)
def describe_model(
    statements: CardStatements,
    training_set: TrainingSet,
    houses: pd.DataFrame,
    derived: list[str],
    data_fingerprint: str,
    report: PointInTimeReport,
    train: pd.DataFrame,
    champion: ExperimentResult,
    left_out: pd.DataFrame,
    ranking: pd.DataFrame,
    validation: Validation,
    intervals: FittedIntervals,
    quality: QualityReport,
    verdict: Verdict,
    admission: Admission,
    sensitive_cost: pd.DataFrame,
    sensitive_features: SensitiveFeatures,
    cause: Cause,
) -> Annotated[CardEvidence, ArtifactConfig(name="card_evidence")]:
    """What the card is made of.

    Args:
        houses: all of them, with the features that the run leaves out.
        derived: the features of the houses that are computed from others.
        left_out: the champion's out-of-fold predictions of the training rows.
    """
    settings = read_settings()
    return CardEvidence(
        statements=statements,
        columns=contract_columns(settings, training_set.feature_service, houses, champion),
        data=data_facts(houses, derived, data_fingerprint, report, len(train), training_set.feature_service),
        champion=champion,
        validation=validation,
        intervals=intervals,
        tiers=price_tiers(prices(train), left_out_predictions(left_out), intervals),
        quality=quality,
        verdict=verdict,
        admission=admission,
        leaving_out=leaving_out_of(sensitive_cost),
        confidence=sensitive_features.cost.confidence,
        selection=selection_of(ranking),
        cause=cause,
        zenml_run=str(get_step_context().pipeline_run.id),
        git_commit=git_commit(settings.root),
        environment={"Python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    )


def contract_columns(
    settings: Settings, feature_service: str, houses: pd.DataFrame, champion: ExperimentResult
) -> list[Column]:
    """The features of the houses as the contract has them, then their price."""
    store, features, target = settings.feature_store(), feature_names(houses), target_name(houses)
    specs = [spec for spec in read_feature_service(store, feature_service) if spec.name in features]
    specs += [spec for spec in read_feature_view(store, HOUSE_TARGET) if spec.name == target]
    return columns_of(specs, champion.features)


def data_facts(
    houses: pd.DataFrame,
    derived: list[str],
    data_fingerprint: str,
    report: PointInTimeReport,
    training_houses: int,
    feature_service: str,
) -> DataFacts:
    """What the houses are, in figures."""
    return DataFacts(
        fingerprint=data_fingerprint,
        feature_service=feature_service,
        houses=len(houses),
        training_houses=training_houses,
        test_houses=len(houses) - training_houses,
        missing_values=int(houses.drop(columns=derived).isna().to_numpy().sum()),
        priced_from=report.first_time or "",
        priced_to=report.last_time or "",
        as_of=report.as_of,
    )
