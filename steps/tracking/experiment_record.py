"""What MLflow keeps of an experiment besides what autologging finds."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

import pandas as pd
from sklearn.pipeline import make_pipeline
from xgboost import XGBRegressor

from steps.core.columns import matrix, target_name
from steps.core.experiments import Experiment, Validation
from steps.core.scaling import FittedScaler, as_estimator
from steps.core.search import Fitted
from steps.core.stability import borderline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL_NAME = "model"
EXAMPLE_ROWS = 3


def record(
    experiment: Experiment,
    validation: Validation,
    fitted: Fitted,
    scaler: FittedScaler,
    train: pd.DataFrame,
    metrics: Mapping[str, float],
    seconds: Mapping[str, float],
    figures: "Mapping[str, Figure]",
    columns: Mapping[str, Mapping[str, str]],
) -> str:
    """The address of the model in MLflow; parameters, metrics and plots are in the active run.

    The model takes raw features: it is the scaler and the regressor in one, so that nobody can forget the scaling.

    Args:
        columns: description, unit and allowed values of each column, which the model keeps as its metadata.
    """
    import mlflow

    mlflow.log_dict(experiment.model_dump(mode="json", exclude_none=True), "experiment.json")
    mlflow.log_params({f"model__{name}": value for name, value in fitted.parameters.items()})
    mlflow.log_params({f"validation__{name}": value for name, value in validation.model_dump().items()})
    mlflow.log_params({"n_features": len(scaler.features), "features": json.dumps(scaler.features)})
    mlflow.log_metrics({**metrics, **{f"seconds_{name}": value for name, value in seconds.items()}})
    for name, figure in figures.items():
        mlflow.log_figure(figure, f"plots/{name.replace(' ', '_').lower()}.png")
    raw = pd.DataFrame(matrix(train, scaler.features), columns=list(scaler.features))
    target = target_name(train)
    kept = {name: columns[name] for name in (*scaler.features, target) if name in columns}
    return _log_model(fitted.model, scaler, raw, target, kept)


def record_choice(choice: pd.DataFrame | None) -> None:
    """Keep in the active run how sure the choice of its features is, if that was examined."""
    import mlflow

    if choice is None:
        return
    mlflow.log_text(choice.to_csv(index=False), "feature_selection.csv")
    mlflow.log_params({"borderline_features": json.dumps(list(borderline(choice)))})


def _log_model(
    model: XGBRegressor, scaler: FittedScaler, raw: pd.DataFrame, target: str, columns: Mapping[str, Mapping[str, str]]
) -> str:
    import mlflow
    from mlflow.models import infer_signature

    pipeline = make_pipeline(as_estimator(scaler), model)
    logged = mlflow.sklearn.log_model(
        pipeline,
        name=MODEL_NAME,
        signature=infer_signature(raw, pd.DataFrame({target: pipeline.predict(raw)})),
        metadata={"columns": columns} if columns else None,  # a signature has names and types, but no units
        input_example=raw.head(EXAMPLE_ROWS),
        # Without them MLflow finds them out by loading the model in another process: nine seconds a call.
        pip_requirements=[
            f"{name}=={version(name)}" for name in ("scikit-learn", "xgboost", "numpy", "pandas", "skops")
        ],
        serialization_format="skops",
        skops_trusted_types=["xgboost.sklearn.XGBRegressor", "xgboost.core.Booster"],
    )
    return str(logged.model_uri)
