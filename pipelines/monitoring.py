"""The pipeline that a clock triggers: whether traffic and errors are still what the champion was trained for."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.collect_profiles import collect_profiles
from steps.conclude_rollout import DeploymentFile, conclude_rollout
from steps.core.drift import DriftSettings
from steps.core.error_tests import ErrorSettings
from steps.core.judged_window import WindowSettings
from steps.drift_report import drift_report
from steps.find_champion import ModelChoice, find_champion
from steps.find_root_cause import CauseSettings, find_root_cause
from steps.judge_drift import judge_drift
from steps.measure_live_error import measure_live_error


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def monitoring_pipeline(
    model: ModelChoice,
    window: WindowSettings,
    drift: DriftSettings,
    cause: CauseSettings,
    error: ErrorSettings,
    deployment: DeploymentFile,
) -> None:
    """Judge the champion's traffic and its errors, find what is behind a drift, tell, and conclude a rollout."""
    champion = find_champion(model)
    judged, hours, profile, hourly = collect_profiles(champion, window)
    verdict = find_root_cause(champion, judge_drift(champion, judged, profile, drift), hours, cause)
    drift_report(champion, verdict, profile, hourly)
    measure_live_error(champion, hours, error)
    conclude_rollout(deployment)
