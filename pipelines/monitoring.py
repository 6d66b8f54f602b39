"""The pipeline that a clock triggers: whether traffic and errors are still what the champion was trained for."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.collect_profiles import collect_profiles
from steps.conclude_rollout import DeploymentFile, conclude_rollout
from steps.core.conditions import AlertSettings
from steps.core.drift import DriftSettings
from steps.core.error_tests import ErrorSettings
from steps.core.judged_window import WindowSettings
from steps.core.retraining import RetrainingSettings
from steps.decide_retraining import decide_retraining
from steps.drift_report import drift_report
from steps.find_champion import ModelChoice, find_champion
from steps.find_root_cause import CauseSettings, find_root_cause
from steps.judge_drift import judge_drift
from steps.measure_live_error import measure_live_error
from steps.monitoring.alerting import tell_of_failure
from steps.send_alerts import send_alerts
from steps.start_retraining import start_retraining
from steps.terminal.hooks import end_run, show_run


@pipeline(execution_mode=ExecutionMode.FAIL_FAST, on_failure=tell_of_failure, on_init=show_run, on_cleanup=end_run)
def monitoring_pipeline(
    model: ModelChoice,
    window: WindowSettings,
    drift: DriftSettings,
    cause: CauseSettings,
    error: ErrorSettings,
    deployment: DeploymentFile,
    retraining: RetrainingSettings,
    alerts: AlertSettings,
) -> None:
    """Judge the champion's traffic and its errors, conclude a rollout, tell people, and retrain where it is due."""
    champion = find_champion(model)
    judged, hours, profile, hourly = collect_profiles(champion, window)
    verdict = find_root_cause(champion, judge_drift(champion, judged, profile, drift), hours, cause)
    drift_report(champion, verdict, profile, hourly)
    live_error, _ = measure_live_error(champion, hours, error)
    conclude_rollout(deployment)
    decision = decide_retraining(verdict, live_error, retraining, after="conclude_rollout")
    send_alerts(champion, verdict, live_error, decision, alerts)
    start_retraining(decision, retraining, after="send_alerts")
