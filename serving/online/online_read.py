"""One reader of Feast's online store: the features of houses and when they were observed, without Feast's response."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from serving.contract import HOUSE_FEATURES
from serving.errors import ContractError
from serving.protocol.requests import HOUSE_ID

if TYPE_CHECKING:
    from feast import FeatureStore

NEVER = math.inf
Numbers = tuple[float, tuple[float, ...]]  # event time in seconds since 1970, values


class View(NamedTuple):
    """What is read of one feature view.

    Attributes:
        definition: Feast's feature view; it must be the registry's own, since the store derives its table from it.
        features: names of the features to read.
        positions: their places in a row.
        ttl_s: how old a value may be, in seconds; infinite where the view says 0.
    """

    definition: Any
    features: tuple[str, ...]
    positions: tuple[int, ...]
    ttl_s: float


class Stored(NamedTuple):
    """What the store has of a house.

    Attributes:
        values: in the order of the service's features, NaN where one is missing.
        event_time: of the view that was observed longest ago, in seconds since 1970.
        fresh_until: when the first of the views expires, in seconds since 1970.
        ttl_s: of the view that expires first.
        observed: event time of the view that expires first.
    """

    values: tuple[float, ...]
    event_time: float
    fresh_until: float
    ttl_s: float
    observed: float


def views_of(store: "FeatureStore", service: str, features: Sequence[str]) -> list[View]:
    """The views that hold these stored features of a feature service, and where they stand in a row.

    Raises:
        ContractError: a view is not of houses alone, or none has a feature.
    """
    at = {name: position for position, name in enumerate(features)}
    views = []
    for name, offered in _offered(store, service).items():
        names = tuple(feature for feature in offered if feature in at)
        if not names:
            continue  # what is not used need not be fresh
        view = store.get_feature_view(name)
        if view.join_keys != [HOUSE_ID]:
            raise ContractError(f"The feature view {view.name} has the keys {view.join_keys}; wanted {[HOUSE_ID]}.")
        ttl = view.ttl.total_seconds() if view.ttl else 0.0
        views.append(View(view, names, tuple(at[name] for name in names), ttl or NEVER))
    if missing := set(at) - {name for view in views for name in view.features}:
        raise ContractError(f"The feature service {service} does not have {sorted(missing)}, which the model needs.")
    return views


def _offered(store: "FeatureStore", service: str) -> dict[str, list[str]]:
    """The stored features by view: those of the service, and all that its derived ones may be computed from.

    An on-demand view itself is never read: Feast would run the function that the registry keeps of it.
    """
    projections = store.get_feature_service(service).feature_view_projections
    stored = [projection for projection in projections if projection.batch_source is not None]
    offered = {projection.name: [field.name for field in projection.features] for projection in stored}
    if len(stored) < len(projections):
        offered[HOUSE_FEATURES] = [field.name for field in store.get_feature_view(HOUSE_FEATURES).features]
    return offered


class OnlineReader:
    """A connection of its own to the online store; one thread at a time may use it.

    Args:
        config: Feast's configuration of the repository.
        views: what to read.
        width: the number of values of a row.
    """

    def __init__(self, config: Any, views: Sequence[View], width: int) -> None:
        from feast.infra.online_stores.helpers import get_online_store_from_config
        from feast.protos.feast.types.EntityKey_pb2 import EntityKey
        from feast.protos.feast.types.Value_pb2 import Value

        from serving.online.stored_values import takes_plain_rows

        self._key, self._value = EntityKey, Value
        self._config, self._views, self._width = config, views, width
        self._store: Any = get_online_store_from_config(config.online_store)
        self._quick = hasattr(self._store, "read_numbers") and all(takes_plain_rows(view.definition) for view in views)
        self._in_order = len(views) == 1 and views[0].positions == tuple(range(width))

    def read(self, house_ids: Sequence[int]) -> list[Stored | None]:
        """What the store has of each house, None where it has nothing."""
        parts = [self._read(view, house_ids) for view in self._views]
        if self._in_order:
            ttl_s = self._views[0].ttl_s
            return [row and Stored(row[1], row[0], row[0] + ttl_s, ttl_s, row[0]) for row in parts[0]]
        return [self._stored(row) for row in zip(*parts, strict=True)]

    def _read(self, view: View, house_ids: Sequence[int]) -> list[Numbers | None]:
        if self._quick:  # one of our own stores, without a message of Feast's for each value
            found: list[Numbers | None] = self._store.read_numbers(
                self._config, view.definition, house_ids, view.features
            )
            return found
        keys = [self._key(join_keys=[HOUSE_ID], entity_values=[self._value(int64_val=one)]) for one in house_ids]
        # The list of names is made anew: the Redis store appends to the one that it gets.
        rows = self._store.online_read(self._config, view.definition, keys, list(view.features))
        return [_numbers(view.features, *row) for row in rows]

    def _stored(self, parts: Sequence[Numbers | None]) -> Stored | None:
        values = [math.nan] * self._width
        times: list[tuple[float, float, float]] = []
        for view, part in zip(self._views, parts, strict=True):
            if part is None:
                continue
            observed, numbers = part
            times.append((observed + view.ttl_s, view.ttl_s, observed))
            for position, value in zip(view.positions, numbers, strict=True):
                values[position] = value
        if not times:
            return None
        fresh_until, ttl_s, observed = min(times)
        return Stored(tuple(values), min(time for _, _, time in times), fresh_until, ttl_s, observed)


def _numbers(names: Sequence[str], moment: datetime | None, found: dict[str, Any] | None) -> Numbers | None:
    if not moment or not found or not (observed := moment.timestamp()):  # Redis: 1970 where there is nothing
        return None
    return observed, tuple(math.nan if (value := found.get(name)) is None else _number(value) for name in names)


def _number(value: Any) -> float:
    kind = value.WhichOneof("val")
    return math.nan if kind is None else float(getattr(value, kind))
