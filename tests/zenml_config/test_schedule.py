"""The configurations of the materialization pipeline, as ZenML reads them."""

import pytest
from zenml.config.pipeline_run_configuration import PipelineRunConfiguration

from zenml_config.environment import ROOT


def configuration(name: str) -> PipelineRunConfiguration:
    return PipelineRunConfiguration.from_yaml(str(ROOT / "zenml_config" / f"{name}.yaml"))


def test_the_schedule_of_a_cluster_is_one_that_zenml_accepts() -> None:
    schedule = configuration("materialization-scheduled").schedule
    assert schedule is not None
    assert (schedule.cron_expression, schedule.catchup) == ("*/10 * * * *", False)


def test_the_local_configuration_has_none_since_the_local_orchestrator_refuses_it(zenml_stack: None) -> None:
    from pipelines.materialization import materialization_pipeline

    assert configuration("materialization").schedule is None
    scheduled = str(ROOT / "zenml_config" / "materialization-scheduled.yaml")
    with pytest.raises(ValueError, match="does not support scheduling"):
        materialization_pipeline.with_options(config_path=scheduled)()
