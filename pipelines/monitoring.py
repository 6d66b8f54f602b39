"""The pipeline that a clock triggers: whether the traffic is still what the champion was trained on."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.collect_profiles import collect_profiles
from steps.core.drift import DriftSettings
from steps.core.judged_window import WindowSettings
from steps.drift_report import drift_report
from steps.find_champion import ModelChoice, find_champion
from steps.find_root_cause import CauseSettings, find_root_cause
from steps.judge_drift import judge_drift


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def monitoring_pipeline(model: ModelChoice, window: WindowSettings, drift: DriftSettings, cause: CauseSettings) -> None:
    """Collect the champion's traffic, judge it, find what is behind a drift and whom it concerns, and tell."""
    champion = find_champion(model)
    judged, hours, profile, hourly = collect_profiles(champion, window)
    verdict = find_root_cause(champion, judge_drift(champion, judged, profile, drift), hours, cause)
    drift_report(champion, verdict, profile, hourly)
