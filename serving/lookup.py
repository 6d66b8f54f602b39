"""Features of houses from Feast's online store, for many threads at once."""

import logging
import queue
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from serving.errors import OnlineStoreError, UnknownHouseError
from serving.faults import Faults
from serving.requests import HOUSE_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from feast import FeatureStore

logger = logging.getLogger(__name__)
LONGEST_WAIT_S = 10


class FeatureLookup:
    """Online features by house id.

    Feast's SQLite store shares one connection between threads, which loses and mixes up answers: each look-up takes
    a store of its own from a pool, and puts it back.

    Args:
        open_store: makes a Feast store.
        service: the feature service's name.
        features: the features to return, in this order.
        size: how many look-ups may run at once.
    """

    def __init__(
        self, open_store: "Callable[[], FeatureStore]", service: str, features: Sequence[str], size: int
    ) -> None:
        self.features = tuple(features)
        self._pool: queue.LifoQueue[tuple[Any, Any]] = queue.LifoQueue()
        for _ in range(size):
            store = open_store()
            held = (store, store.get_feature_service(service))
            _ask(held, [0])  # the first look-up opens the database: no caller should wait for that
            self._pool.put(held)

    def find(self, house_ids: Sequence[int]) -> list[list[float | None]]:
        """The features of each house, in the order of the ids, None where a value is missing.

        Raises:
            UnknownHouseError: with one detail for each row whose house is not in the store.
            OnlineStoreError: the store does not answer.
        """
        distinct = list(dict.fromkeys(house_ids))
        found = dict(zip(distinct, self._read(distinct), strict=True))
        faults = Faults()
        for row, house_id in enumerate(house_ids):
            if found[house_id] is None:
                remedy = "no such house in the online store: send another id, or raw features"
                faults.add(row=row, feature=HOUSE_ID, value=house_id, remedy=remedy)
        faults.raise_if_any(UnknownHouseError)
        return [found[house_id] or [] for house_id in house_ids]

    def _read(self, house_ids: list[int]) -> list[list[float | None] | None]:
        with self._store() as held:
            response = _ask(held, house_ids)
        return _by_house(response, self.features, len(house_ids))

    @contextmanager
    def _store(self) -> "Iterator[tuple[Any, Any]]":
        try:
            held = self._pool.get(timeout=LONGEST_WAIT_S)
        except queue.Empty as err:
            raise OnlineStoreError("All look-ups of the online store are busy; try again.") from err
        try:
            yield held
        finally:
            self._pool.put(held)


def _ask(held: tuple[Any, Any], house_ids: Sequence[int]) -> Any:
    store, service = held
    try:
        return store.get_online_features(features=service, entity_rows=[{HOUSE_ID: i} for i in house_ids])
    except Exception as err:  # whatever the configured store's client raises
        logger.exception("Online look-up failed")
        raise OnlineStoreError(
            "The online store does not answer; try again, or send raw features instead of house ids."
        ) from err


def _by_house(response: Any, features: Sequence[str], count: int) -> list[list[float | None] | None]:
    """The values house by house; None for a house of which the store has nothing."""
    from feast.protos.feast.serving.ServingService_pb2 import FieldStatus

    proto = response.proto
    at = {name: index for index, name in enumerate(proto.metadata.feature_names.val)}
    columns = [proto.results[at[name]] for name in features]
    absent = FieldStatus.NOT_FOUND
    return [
        None
        if all(column.statuses[row] == absent for column in columns)
        else [_value(column.values[row]) for column in columns]
        for row in range(count)
    ]


def _value(value: Any) -> float | None:
    return float(value.double_val) if value.WhichOneof("val") == "double_val" else None
