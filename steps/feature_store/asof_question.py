"""What Feast asks the offline store, made into a job: which views, keys and columns, and whether the frame will do."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
from feast.feature_view import DUMMY_ENTITY_ID, FeatureView
from feast.infra.offline_stores.offline_store import RetrievalMetadata
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.utils import _get_requested_feature_views_to_features_dict, _get_requested_on_demand_feature_views

from steps.core.asof_sql import ViewQuery
from steps.core.errors import DataError
from steps.feature_store.asof_jobs import AsofJob, Resources
from steps.feature_store.view_schema import source_of, source_path

if TYPE_CHECKING:
    from feast.infra.registry.base_registry import BaseRegistry
    from feast.repo_config import RepoConfig

EVENT = "event_timestamp"


def historical_job(
    place: "tuple[RepoConfig, BaseRegistry, str]",
    feature_views: Sequence[FeatureView],
    feature_refs: list[str],
    entity_df: "pd.DataFrame | str | None",
    full_names: bool,
    by_row: bool,
    resources: Resources,
) -> AsofJob:
    """The job that answers a point-in-time question.

    Raises:
        DataError: the frame lacks a key or a time, or has a column that a feature is called.
    """
    config, registry, project = place
    if not isinstance(entity_df, pd.DataFrame):
        raise DataError(f"Wanted a data frame of entities and times, got {entity_df!r}. Read the rows first.")
    asked, _ = _get_requested_feature_views_to_features_dict(
        feature_refs, list(feature_views), _get_requested_on_demand_feature_views(feature_refs, project, registry)
    )
    questions = [
        (_view_query(view, features, full_names), source_path(source_of(view), config))
        for view, features in asked.items()
    ]
    time = _time_column(entity_df)
    frame = checked(entity_df, time, [query for query, _ in questions])
    span = [
        None if frame.empty else bound.floor("us").to_pydatetime() for bound in (frame[time].min(), frame[time].max())
    ]
    metadata = RetrievalMetadata(feature_refs, [name for name in frame.columns if name != time], *span)
    on_demand = OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry)
    return AsofJob(frame, time, questions, resources, by_row).described(on_demand, full_names, metadata)


def checked(entity_df: pd.DataFrame, time: str, views: Sequence[ViewQuery]) -> pd.DataFrame:
    """The frame with its times in UTC and its rows numbered from 0.

    Raises:
        DataError: a key or a time is missing, or a column is called as a feature that is asked for.
    """
    frame = entity_df.reset_index(drop=True)
    for view in views:
        if missing := [asked for asked, _ in view.keys if asked not in frame]:
            raise DataError(f"{view.name} needs the column {', '.join(missing)}; the rows have {_names(frame)}.")
        if twice := [name for _, name in view.features if name in frame]:
            raise DataError(
                f"The rows have a column {', '.join(twice)}, and {view.name} is asked for one of that name. "
                "Leave it out of the rows, or ask with full_feature_names."
            )
    try:
        times = pd.to_datetime(frame[time], utc=True)
    except (ValueError, TypeError) as err:
        raise DataError(f"The column {time} has something that is no time: {err}.") from err
    if times.isna().any():
        raise DataError(f"Row {int(times.isna().argmax())} has no {time}. Every row needs the time that it asks for.")
    return frame.assign(**{time: times})


def _view_query(view: FeatureView, features: Sequence[str], full_names: bool) -> ViewQuery:
    source = source_of(view)
    stored = {feature: column for column, feature in source.field_mapping.items()}
    prefix = f"{view.projection.name_alias or view.name}__" if full_names else ""
    ttl = view.ttl if isinstance(view.ttl, timedelta) and view.ttl else None
    return ViewQuery(
        name=view.name,
        keys=tuple(
            (view.projection.join_key_map.get(column.name, column.name), stored.get(column.name, column.name))
            for column in view.entity_columns
            if column.name != DUMMY_ENTITY_ID
        ),
        features=tuple((stored.get(feature, feature), f"{prefix}{feature}") for feature in features),
        event=source.timestamp_field,
        created=source.created_timestamp_column or None,
        ttl=ttl,
    )


def _time_column(frame: pd.DataFrame) -> str:
    """The column that Feast takes for the time: `event_timestamp`, or else the only one of a time's type."""
    if EVENT in frame:
        return EVENT
    times = [str(name) for name in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[name])]
    if len(times) != 1:
        raise DataError(f"The rows need a column {EVENT}; they have {_names(frame)}.")
    return times[0]


def _names(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame.columns))
