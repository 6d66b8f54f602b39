"""Houses as Feast's offline store knows them at one moment: values, event times, and what was known before."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.contract import HOUSE_FEATURES, read_feature_service
from serving.online.online_read import View, views_of
from steps.core.errors import DeploymentError
from steps.core.fingerprint import HOUSE_ID
from steps.core.skew import Known
from steps.core.skew_hints import History

if TYPE_CHECKING:
    from feast import FeatureStore

EVENT = "event_timestamp"
START = datetime(1970, 1, 1, tzinfo=UTC)


class Newest(NamedTuple):
    """The last observation of every house before a moment.

    Attributes:
        house_ids: (n,) ascending.
        times: (n,) when each was observed, in seconds since 1970; of several views, in the one observed longest ago.
        until: (n,) when the first of its views expires, in seconds since 1970.
    """

    house_ids: NDArray[np.int64]
    times: NDArray[np.float64]
    until: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_]) -> "Newest":
        """Of these houses alone."""
        return Newest(self.house_ids[chosen], self.times[chosen], self.until[chosen])


def newest(store: "FeatureStore", service: str, names: Sequence[str], moment: datetime) -> Newest:
    """When the houses of the feature service were observed last."""
    times, until = [], []
    for view in views_of(store, service, names):
        observed = _seconds(_pulled(store, view, [], moment, "latest"))
        times.append(observed)
        until.append(observed + view.ttl_s)
    oldest, first = (pd.concat(each, axis=1).min(axis=1).sort_index() for each in (times, until))
    return Newest(oldest.index.to_numpy(np.int64), oldest.to_numpy(), first.to_numpy())


def known(store: "FeatureStore", service: str, names: Sequence[str], asked: Newest, moment: datetime) -> Known:
    """The features of the houses by Feast's point-in-time join, derived ones by Feast's own function, as training does.

    Args:
        names: the order of the values; stored features that only derived ones of the service need may be among them.

    Raises:
        DeploymentError: Feast's answer is not whole.
    """
    entities = pd.DataFrame({HOUSE_ID: asked.house_ids, EVENT: pd.Timestamp(moment)})
    with _quiet():
        job = store.get_historical_features(entity_df=entities, features=_references(store, service, names))
        answer = job.to_df()
    values = answer.set_index(HOUSE_ID)[list(names)]
    if len(values) != len(asked.house_ids) or set(values.index) != set(asked.house_ids.tolist()):
        raise DeploymentError(
            f"Feast's offline store answered {len(values)} rows for {len(asked.house_ids)} houses. "
            "Check HPP_OFFLINE_STORE and the parquet files in HPP_OFFLINE_DIR."
        )
    matrix = values.loc[asked.house_ids].to_numpy(dtype=np.float64, na_value=np.nan)
    return Known(matrix, asked.times, np.ones(len(matrix), dtype=bool))


def earlier_values(
    store: "FeatureStore", service: str, names: Sequence[str], house_ids: Sequence[int], moment: datetime
) -> History:
    """The values before the last observation, by the positions of house and feature: what a stale value may equal."""
    places = {house: position for position, house in enumerate(house_ids)}
    found: dict[tuple[int, int], frozenset[float]] = {}
    stored = [name for name in names if name not in computed(store, service)]
    for view in views_of(store, service, stored):
        history = _pulled(store, view, view.features, moment, "all")
        history = history[history[HOUSE_ID].isin(places)].sort_values(EVENT)
        before = history[history.duplicated(HOUSE_ID, keep="last")]
        for name in view.features:
            position = list(names).index(name)
            values = before[name].astype("float64").groupby(before[HOUSE_ID].map(places)).agg(frozenset)
            found |= {(place, position): earlier for place, earlier in zip(values.index.tolist(), values, strict=True)}
    return found


def computed(store: "FeatureStore", service: str) -> set[str]:
    """The names of the service's derived features."""
    return {spec.name for spec in read_feature_service(store, service) if spec.ratio}


def _references(store: "FeatureStore", service: str, names: Sequence[str]) -> list[str]:
    """The features as Feast names them, those that the service does not have from the view of the stored ones."""
    projections = store.get_feature_service(service).feature_view_projections
    views = {field.name: projection.name for projection in projections for field in projection.features}
    return [f"{views.get(name, HOUSE_FEATURES)}:{name}" for name in names]


def _pulled(store: "FeatureStore", view: View, features: Sequence[str], moment: datetime, which: str) -> pd.DataFrame:
    """`house_id`, the event time and the features of a view's observations up to the moment: the latest, or all."""
    from feast.infra.offline_stores.offline_utils import get_offline_store_from_config

    offline = get_offline_store_from_config(store.config.offline_store)
    source = view.definition.batch_source
    pull = offline.pull_latest_from_table_or_query if which == "latest" else offline.pull_all_from_table_or_query
    with _answering(source), _quiet():
        job = pull(
            config=store.config,
            data_source=source,
            join_key_columns=[HOUSE_ID],
            feature_name_columns=list(features or view.features[:1]),
            timestamp_field=source.timestamp_field,
            created_timestamp_column=source.created_timestamp_column,
            start_date=START,
            end_date=moment,
        )
        rows: pd.DataFrame = job.to_df()
    return rows.rename(columns={source.timestamp_field: EVENT})


@contextlib.contextmanager
def _answering(source: object) -> Iterator[None]:
    try:
        yield
    except Exception as err:  # whatever the configured store raises of a table that is not there
        raise DeploymentError(
            f"Feast's offline store does not answer of {getattr(source, 'path', source)}: {err}. Run the feature "
            "pipeline first (zenml_config/features.yaml), or set HPP_OFFLINE_STORE and HPP_OFFLINE_DIR right."
        ) from err


def _seconds(rows: pd.DataFrame) -> "pd.Series[float]":
    """The event times by house, in seconds since 1970."""
    times = pd.to_datetime(rows[EVENT], utc=True).dt.as_unit("us").astype("int64") / 1e6
    return times.set_axis(rows[HOUSE_ID].astype("int64"))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Feast prints progress."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
