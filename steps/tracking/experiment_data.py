"""What MLflow keeps of the rows that an experiment was fitted and tested on: their identity, and never a copy."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from mlflow.data.dataset_source import DatasetSource
from pydantic import BaseModel, ConfigDict

from serving.settings import read_settings
from steps.build_training_set import TrainingSet, read_training_set
from steps.core.columns import feature_names, matrix, prices, target_name
from steps.core.fingerprint import HOUSE_ID, fingerprint

ALL = "all houses"
DIGEST_LENGTH = 36  # what MLflow keeps of a digest: 144 bits of ours


class Origin(BaseModel):
    """Where the houses of an experiment come from.

    Attributes:
        data_fingerprint: of all houses, those of the test among them, with all stored features, left out or not.
        columns: description, unit and allowed values of each column.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    training_set: TrainingSet
    data_fingerprint: str
    columns: dict[str, dict[str, str]]


class FeastSource(DatasetSource):
    """A training set of Feast as a source of MLflow's; `load` builds it again.

    Args:
        facts: the fields of a `TrainingSet`, and `data_fingerprint`.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = dict(facts)

    @staticmethod
    def _get_source_type() -> str:
        return "feast"

    def load(self) -> pd.DataFrame:
        """The training set as it is in Feast now, or as of the time that it was asked for then."""
        wanted = {name: value for name, value in self._facts.items() if name in TrainingSet.model_fields}
        return read_training_set(read_settings(), TrainingSet(**wanted))[0]

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:  # noqa: ARG004  # MLflow's interface
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> "FeastSource":
        raise NotImplementedError(f"A Feast source is made from its facts, not from {raw_source!r}.")

    def to_dict(self) -> dict[str, Any]:
        """The facts, as JSON has them."""
        return self._facts

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> "FeastSource":
        """The source of the facts."""
        return cls(source_dict)


def register_source() -> None:
    """Let `mlflow.data.get_source` read a FeastSource back, in this process."""
    from mlflow.data import dataset_source_registry

    known: list[Any] = dataset_source_registry.get_registered_sources()  # classes, whatever its types say
    if FeastSource not in known:
        register: Any = dataset_source_registry.register_dataset_source
        register(FeastSource)


def log_datasets(origin: Origin, train: pd.DataFrame, test: pd.DataFrame, stored: Sequence[str]) -> None:
    """Tell the active run its rows: all, those that trained, those that tested; and the run above it the first.

    Args:
        stored: the features that identify the rows; derived ones follow from them.
    """
    import mlflow

    register_source()
    name, whole = origin.training_set.feature_service, origin.data_fingerprint
    everything = _dataset(origin, name, pd.concat([train, test]), whole)
    mlflow.log_input(everything, context=ALL)
    for context, rows in (("training", train), ("test", test)):
        own = fingerprint(rows[[HOUSE_ID, *(column for column in rows if column in stored), target_name(rows)]])
        mlflow.log_input(_dataset(origin, f"{name}, {context} rows", rows, own), context=context)
    _tell_parent(everything, ALL)


def _dataset(origin: Origin, name: str, rows: pd.DataFrame, identity: str) -> Any:
    """MLflow's data set, which keeps names, types and the number of rows."""
    from mlflow.data.pandas_dataset import from_pandas

    facts = origin.training_set.model_dump(mode="json") | {"data_fingerprint": origin.data_fingerprint}
    features, target = feature_names(rows), target_name(rows)
    frame = pd.DataFrame(matrix(rows, features), columns=features).assign(**{target: prices(rows)})
    source = FeastSource(facts | {"rows_fingerprint": identity})
    return from_pandas(frame, source=source, targets=target, name=name, digest=identity[:DIGEST_LENGTH])


def _tell_parent(dataset: Any, context: str) -> None:
    """Tell the run above the active one, if there is one, of the data set, too."""
    import mlflow
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_PARENT_RUN_ID

    run = mlflow.active_run()
    parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID) if run else None
    if parent:
        tags = [InputTag(key=MLFLOW_DATASET_CONTEXT, value=context)]
        told = DatasetInput(dataset=Dataset(**dataset.to_dict()), tags=tags)
        mlflow.MlflowClient().log_inputs(run_id=parent, datasets=[told])
