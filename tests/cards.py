"""What a model card is made of, by hand."""

import pandas as pd

from serving.contract import FeatureSpec
from serving.pricing.ratios import Ratio
from steps.core.card_evidence import CardEvidence, DataFacts, columns_of, leaving_out_of, selection_of
from steps.core.card_statements import CardStatements
from steps.core.cause import Cause
from steps.core.experiments import ExperimentResult, Validation
from steps.core.intervals import FittedIntervals
from steps.core.price_tiers import PriceTier
from steps.core.promotion import Verdict
from steps.core.quality import Difference, QualityReport, Standing
from steps.core.sensitive import Admission
from steps.read_statements import statements_in
from tests.houses import FINGERPRINT
from tests.training import result
from zenml_config.environment import ROOT

INTERVALS = FittedIntervals(
    coverage=0.9,
    minimum=1,
    maximum=50,
    prices=(10.0, 40.0),
    half_widths=(1.0, 1.0),
    residuals=12,
    houses=6,
    tier_edges=(),
    metrics={"oof_coverage": 0.901, "oof_interval_width": 9.5, "test_coverage": 0.87, "test_interval_width": 9.1},
)
VERDICT = Verdict(outcome="promote", rule="first", reason="there is no champion yet", champion_version=None)


def statements() -> CardStatements:
    """Those of the packaged data."""
    return statements_in(ROOT / "zenml_config" / "model_card.yaml")


def evidence(
    champion: ExperimentResult | None = None,
    verdict: Verdict = VERDICT,
    said: CardStatements | None = None,
    fingerprint: str = FINGERPRINT,
) -> CardEvidence:
    """Everything that is known of a small model."""
    champion = champion or result("quick", cv_mae=2.1, cv_r2=0.85).model_copy(update={"features": ("RM", "B")})
    return CardEvidence(
        statements=said or statements(),
        columns=columns_of(
            [
                _spec("RM"),
                _spec("B", sensitive=True),
                _spec("LSTAT", sensitive=True),
                _spec("LSTAT_PER_ROOM", sensitive=True, ratio=Ratio("LSTAT", "RM")),
                _spec("MEDV"),
            ],
            champion.features,
        ),
        data=DataFacts(
            fingerprint=fingerprint,
            feature_service="house_price_training",
            houses=506,
            training_houses=404,
            test_houses=102,
            missing_values=7,
            priced_from="2026-03-01T12:00:00+00:00",
            priced_to="2026-03-02T12:00:00+00:00",
            as_of=None,
        ),
        champion=champion,
        validation=Validation(folds=5, repeats=2, seed=1, model_seed=1),
        intervals=INTERVALS,
        tiers=[PriceTier(name="dearest third", homes=134, low=24, high=50, rmse=5.25, bias=-1.5, coverage=0.83)],
        quality=QualityReport(
            champion="quick",
            houses=506,
            folds=5,
            repeats=1,
            nested=False,
            confidence=0.95,
            group_columns=["RAD", "TAX"],
            groups=78,
            repeated=[_standing("quick", 3.21, None), _standing("catboost_defaults", 3.33, -0.12)],
            grouped=[_standing("quick", 4.56, None)],
        ),
        verdict=verdict,
        admission=Admission(
            sensitive=["B", "LSTAT"], waivers={"B": "The reason for B."}, left_out=["LSTAT", "LSTAT_PER_ROOM"]
        ),
        leaving_out=leaving_out_of(
            pd.DataFrame(
                {
                    "left_out": ["B"],
                    "rmse_with": [3.36],
                    "rmse_without": [3.35],
                    "cost": [-0.0123],
                    "low": [-0.2],
                    "high": [0.18],
                    "p_value": [0.9],
                }
            )
        ),
        confidence=0.95,
        selection=selection_of(
            pd.DataFrame(
                {
                    "feature": ["RM", "B"],
                    "frequency": [1.0, 0.63],
                    "rank_low": [1, 8],
                    "rank_high": [2, 12],
                    "borderline": [False, True],
                }
            )
        ),
        cause=Cause(kind="drift", reason="RM has drifted", version="3"),
        zenml_run="zenml-run",
        git_commit="c0ffee",
        environment={"Python": "3.12.1", "xgboost": "3.4.1"},
    )


def _spec(name: str, sensitive: bool = False, ratio: Ratio | None = None) -> FeatureSpec:
    return FeatureSpec(name, f"What {name} is", "1000 USD", "continuous", 1, 50, 0, sensitive, ratio)


def _standing(name: str, rmse: float, difference: float | None) -> Standing:
    apart = None if difference is None else Difference(mean=difference, low=-0.4, high=0.2, p_value=0.4)
    return Standing(name=name, rmse=[rmse], mean_rmse=rmse, sd_rmse=0.5, mean_r2=0.88, mean_mae=2.2, difference=apart)
