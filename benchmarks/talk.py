"""The configuration that the talk's repository has: its two searches and its experiment with default parameters.

All cores on both levels, as it is written there: scikit-learn's processes and XGBoost's threads in each of them.
"""

from typing import Any

from sklearn.model_selection import KFold, RandomizedSearchCV
from xgboost import XGBRegressor

from steps.core.columns import Matrix
from steps.core.experiments import Experiment
from steps.core.search import Scaled

SEED = 42
TUNED = {
    "n_estimators": {"randint": [50, 500]},
    "max_depth": {"randint": [2, 15]},
    "learning_rate": {"uniform": [0.01, 0.3]},
    "min_child_weight": {"randint": [1, 10]},
    "subsample": {"uniform": [0.6, 0.2]},
    "colsample_bytree": {"uniform": [0.6, 0.2]},
}
TOP_TUNED = {
    "n_estimators": {"randint": [50, 300]},
    "max_depth": {"randint": [2, 10]},
    "learning_rate": {"uniform": [0.01, 0.29]},
    "min_child_weight": {"randint": [1, 10]},
    "subsample": {"uniform": [0.6, 0.4]},
    "colsample_bytree": {"uniform": [0.6, 0.4]},
    "gamma": {"uniform": [0.0, 0.5]},
    "reg_alpha": {"uniform": [0.0, 1.0]},
    "reg_lambda": {"uniform": [0.0, 1.0]},
}


def experiments(iterations: int, folds: int) -> list[Experiment]:
    """Its three experiments as ours are written; SHAP's features above the 20th percentile are ten of thirteen."""
    size = {"iterations": iterations, "folds": folds}
    blocks: list[dict[str, Any]] = [
        {"name": "all_features_tuned", "features": "all", "search": {**size, "space": TUNED}},
        {"name": "shap_top10_default", "features": {"shap_top": 10}, "search": None},
        {"name": "shap_top10_tuned", "features": {"shap_top": 10}, "search": {**size, "space": TOP_TUNED}},
    ]
    return [Experiment.model_validate({"parameters": {}, **block}) for block in blocks]


def carry_out(experiment: Experiment, X: Scaled, y: Matrix) -> XGBRegressor:
    """The experiment's model as the talk fits it."""
    if experiment.search is None:
        return XGBRegressor(random_state=SEED, n_jobs=-1).fit(X, y)
    search = RandomizedSearchCV(
        XGBRegressor(random_state=SEED, n_jobs=-1),
        {name: distribution.sampler() for name, distribution in experiment.search.space.items()},
        n_iter=experiment.search.iterations,
        scoring="neg_mean_squared_error",
        cv=KFold(experiment.search.folds, shuffle=True, random_state=SEED),
        random_state=SEED,
        n_jobs=-1,
    )
    model: XGBRegressor = search.fit(X, y).best_estimator_
    return model
