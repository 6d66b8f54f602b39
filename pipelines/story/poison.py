"""The poisoned model: trained by hand on a file with a unit mistake, and registered past the pipeline and its gate."""

from typing import Any

from pipelines.story.plot import Poisoned
from serving.settings import Settings
from steps.build_training_set import TrainingSet, derived_features, read_training_set
from steps.core.columns import target_name
from steps.core.experiments import Experiment, Validation
from steps.core.fingerprint import fingerprint
from steps.core.intervals import IntervalSettings
from steps.core.scaling import fit_scaler, restrict
from steps.core.splitting import Preparation, split
from steps.fit_intervals import calibrate, price_range
from steps.register import enrol
from steps.run_experiment import conduct
from steps.tracking.runs import CHALLENGER


def poisoned_version(plot: Poisoned, training: dict[str, Any], settings: Settings) -> tuple[str, float]:
    """The registered version of a model that learned one feature in another unit, and its RMSE on its own test rows.

    It is what a notebook does with the platform's functions: no gate sees it, since none is asked.

    Args:
        training: the parameters of the training pipeline.
    """
    wanted = TrainingSet.model_validate(training["training_set"])
    houses, _ = read_training_set(settings, wanted)
    stored = houses.drop(columns=derived_features(settings, wanted.feature_service))
    wrong = stored.assign(**{plot.feature: stored[plot.feature] * plot.factor})
    train, test = split(wrong, Preparation.model_validate(training["preparation"]))
    scaler, validation = fit_scaler(train), Validation.model_validate(training["validation"])
    fixed = next(one for one in training["experiments"] if not one["search"])
    experiment = Experiment.model_validate(fixed | {"name": "notebook"})
    result, model, _, left_out = conduct(train, test, scaler, list(scaler.features), experiment, validation, {})
    made = (result, model, left_out, scaler, train, test, IntervalSettings.model_validate(training["intervals"]))
    intervals, _ = calibrate(*made, price_range(settings, target_name(train)))
    own = restrict(scaler, result.features)
    registered = enrol(result, model, intervals, own, train, fingerprint(wrong), "none", settings, CHALLENGER)
    return registered.version, result.metrics["test_rmse"]
