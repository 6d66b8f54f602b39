"""What MLflow keeps of an experiment's rows."""

import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.entities import DatasetInput

from serving.settings import read_settings
from steps.build_training_set import TrainingSet
from steps.core.fingerprint import fingerprint
from steps.tracking.experiment_data import FeastSource, Origin, log_datasets
from steps.tracking.runs import EXPERIMENT, mlflow_client, run_of
from tests.houses import FINGERPRINT, boston
from tests.training import prepared, publish_boston, training_parameters


def origin() -> Origin:
    training_set = TrainingSet(**training_parameters()["training_set"])
    return Origin(training_set=training_set, data_fingerprint=FINGERPRINT, columns={})


def logged() -> list[DatasetInput]:
    """What a run was told of the rows of the packaged houses with a derived feature besides."""
    train, test, scaler = prepared()
    for rows in (train, test):
        rows.insert(1, "TAX_PER_ROOM", rows["TAX"] / rows["RM"])
    with run_of("quick", read_settings(), {}) as run_id:
        log_datasets(origin(), train, test, scaler.features)
    return mlflow_client().get_run(run_id).inputs.dataset_inputs


def test_a_run_knows_its_rows_by_the_fingerprint_of_their_values(platform_dir: Path) -> None:
    train, test, _ = prepared()
    inputs = logged()
    kept = {given.tags[0].value: given.dataset for given in inputs}
    assert {context: dataset.digest for context, dataset in kept.items()} == {
        "all houses": FINGERPRINT[:36],
        "training": fingerprint(train)[:36],
        "test": fingerprint(test)[:36],
    }
    rows = {context: json.loads(dataset.profile)["num_rows"] for context, dataset in kept.items()}
    assert rows == {"all houses": 506, "training": 404, "test": 102}
    place = [mlflow_client().get_experiment_by_name(EXPERIMENT).experiment_id]
    assert len(mlflow_client().search_runs(place, f"dataset.digest = '{FINGERPRINT[:36]}'")) == 1
    assert mlflow_client().search_runs(place, "dataset.digest = 'another'") == []
    assert "TAX_PER_ROOM" in kept["training"].schema
    assert not list(Path(read_settings().mlflow_artifacts).rglob("*"))  # no copy of the rows


def test_the_run_above_is_told_of_all_houses_once(platform_dir: Path) -> None:
    experiment = mlflow_client().create_experiment("above", artifact_location=read_settings().mlflow_artifacts)
    train, test, scaler = prepared()
    with mlflow.start_run(experiment_id=experiment) as above:
        for name in ("one", "two"):
            with mlflow.start_run(run_name=name, nested=True):
                log_datasets(origin(), train, test, scaler.features)
    (told,) = mlflow_client().get_run(above.info.run_id).inputs.dataset_inputs
    assert (told.dataset.name, told.dataset.digest) == ("house_price_training", FINGERPRINT[:36])


def test_the_source_that_mlflow_keeps_builds_the_training_set_again(platform_dir: Path) -> None:
    publish_boston()
    inputs = logged()
    source = mlflow.data.get_source(inputs[0].dataset)
    assert isinstance(source, FeastSource)
    facts = source.to_dict()
    assert (facts["feature_service"], facts["data_fingerprint"]) == ("house_price_training", FINGERPRINT)
    pd.testing.assert_frame_equal(source.load()[boston().columns], boston(), check_dtype=False)


def test_a_source_cannot_be_guessed_from_an_address() -> None:
    with pytest.raises(NotImplementedError, match="made from its facts"):
        FeastSource._resolve("feast://somewhere")
