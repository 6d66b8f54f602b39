"""The pipeline that a retraining triggers: from Feast to a registered version."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.admit_features import admit_features
from steps.build_training_set import TrainingSet, build_training_set
from steps.choose_champion import choose_champion
from steps.core.cause import BY_HAND, Cause
from steps.core.compute import Compute
from steps.core.experiments import Experiments, Validation
from steps.core.intervals import IntervalSettings
from steps.core.promotion import Promotion
from steps.core.quality import QualitySettings
from steps.core.sensitive import SensitiveFeatures
from steps.core.splitting import Preparation
from steps.core.stability import FeatureSelection
from steps.describe_model import describe_model
from steps.fit_intervals import fit_intervals
from steps.gate import gate
from steps.measure_sensitive import measure_sensitive
from steps.prepare import prepare
from steps.quality_report import quality_report
from steps.rank_features import rank_features
from steps.read_statements import ModelCard, read_statements
from steps.register import register
from steps.run_experiment import run_experiment
from steps.terminal.hooks import end_run, show_run
from steps.tracking.zenml_tracker import tracked


@pipeline(execution_mode=ExecutionMode.FAIL_FAST, on_init=show_run, on_cleanup=end_run)
def training_pipeline(
    training_set: TrainingSet,
    preparation: Preparation,
    validation: Validation,
    compute: Compute,
    feature_selection: FeatureSelection,
    experiments: Experiments,
    intervals: IntervalSettings,
    quality: QualitySettings,
    promotion: Promotion,
    sensitive_features: SensitiveFeatures,
    model_card: ModelCard,
    cause: Cause = BY_HAND,
) -> None:
    """Build the training set, carry out the experiments, choose one, register it as champion or challenger.

    Args:
        cause: why it runs; who starts it by hand says nothing.
    """
    statements = read_statements(model_card)
    known, fingerprint, mlflow_experiment, all_derived, meanings, report = build_training_set(training_set)
    houses, derived, admission = admit_features(known, all_derived, training_set, sensitive_features, experiments)
    train, test, scaler = prepare(houses, preparation)
    ranking, _, _ = rank_features(train, scaler, validation, feature_selection, derived, admission, meanings)
    results, models, left_out = [], [], []
    for experiment in experiments:
        carry_out = tracked(run_experiment, experiment.name, cause)
        result, model, _, predictions = carry_out(
            *(
                train,
                test,
                scaler,
                ranking,
                feature_selection,
                training_set,
                fingerprint,
                meanings,
                mlflow_experiment,
                experiment,
                validation,
                compute,
            ),
            id=experiment.name,
        )
        results.append(result)
        models.append(model)
        left_out.append(predictions)
    champion, model, _, predictions = choose_champion(results, models, left_out, validation, quality)
    quality_found, _ = quality_report(champion, houses, experiments, validation, quality, compute, derived)
    sensitive_cost, _ = measure_sensitive(
        known, train, all_derived, admission, validation, sensitive_features.cost, meanings
    )
    fitted, _ = fit_intervals(champion, model, predictions, scaler, train, test, intervals)
    verdict, _, _ = gate(champion, predictions, fitted, scaler, train, fingerprint, validation, promotion)
    evidence = describe_model(
        *(statements, training_set, known, all_derived, fingerprint, report, train, champion, predictions, ranking),
        *(validation, fitted, quality_found, verdict, admission, sensitive_cost, sensitive_features, cause),
    )
    register(verdict, champion, model, predictions, fitted, scaler, train, fingerprint, evidence)
