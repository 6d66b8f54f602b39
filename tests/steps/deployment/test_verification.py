"""The parity of a real service, on each online store, with the offline store: clean, and with injected skews."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from serving.bundle import read_metadata
from serving.keys import deployment_key
from serving.service import Service, start, stop
from serving.settings import Settings, read_settings
from steps.check_parity import main
from steps.core.errors import DeploymentError
from steps.core.sampling import Sample
from steps.core.skew import EVENT_TIME
from steps.core.verified import Verification
from steps.deployment.verification import Standard, inspect, verify
from steps.feature_store.definitions import apply_definitions
from steps.find_champion import from_metadata
from steps.predict_offline import predict_houses
from tests.online_store import fill
from tests.ports import free_port
from tests.redis_server import redis_server
from tests.serving_platform import MISSING, USED, ServingPlatform, reach

MOVED = [5, 17]  # houses whose features changed a month ago
ALL = Sample(most=1000, newest=0, seed=1)
# Our two, and the one of Feast's own that keeps whole seconds only.
STORES = (
    "serving.online.sqlite_rows.SqliteRowsOnlineStore",
    "serving.online.redis_rows.RedisRowsOnlineStore",
    "sqlite",
)
on_our_stores = pytest.mark.parametrize("live", STORES[:2], indirect=True)
Frame = pd.DataFrame
Skew = Callable[[Frame, Frame], Frame]


@dataclass(frozen=True)
class Live:
    """A running service, the store that it looks up, and what this store should hold: now, and before that."""

    service: Service
    settings: Settings
    store: Any
    present: Frame
    former: Frame
    key: str

    @property
    def standard(self) -> Standard:
        """What the service is held to now."""
        bundle = Path(self.service.bundle)
        champion = from_metadata(read_metadata(bundle), bundle)
        expected = predict_houses(champion, ALL, self.settings)
        return Standard(champion, expected, 1e-5, 1.0, self.settings, self.key)

    def spoiled(self, skew: Skew) -> Verification:
        """What is found after the online store was filled with a skew."""
        fill(self.store, skew(self.present.copy(), self.former.copy()))
        return inspect(self.service, self.standard)


def observations(frame: Frame) -> tuple[Frame, Frame]:
    """What is known of the houses now, and what was known of two of them before; times have microseconds."""
    now = datetime.now(UTC).replace(microsecond=654_321)
    features = frame.drop(columns="MEDV")
    times = {"event_timestamp": now - timedelta(days=30), "created_timestamp": now - timedelta(days=1)}
    present = features.assign(**times)
    before = features[features["house_id"].isin(MOVED)].assign(RM=6.25, CRIM=0.125, **times)
    return present, before.assign(event_timestamp=now - timedelta(days=60))


@pytest.fixture(scope="module")
def live(
    request: pytest.FixtureRequest, serving_platform: ServingPlatform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """A service on a platform of its own, with the model v1; it looks each house up anew."""
    var = tmp_path_factory.mktemp("parity")
    with contextlib.ExitStack() as stack:
        place = f'path: "{var}/online.db"'
        if "redis" in request.param:
            place = f'connection_string: "127.0.0.1:{stack.enter_context(redis_server(var))}"'
        online = f"{{type: {request.param}, {place}}}"
        own = {"HPP_VAR_DIR": str(var), "HPP_PROFILES_DIR": str(var / "profiles"), "HPP_ONLINE_STORE": online}
        own |= {"HPP_OFFLINE_DIR": str(var / "offline"), "HPP_LOOKUP_CACHE_SECONDS": "0", "HPP_WORKERS": "1"}
        own |= {"HPP_REGISTRY": f'{{registry_type: sql, path: "sqlite:///{var}/registry.db"}}'}
        own |= {"HPP_REST_PORT": str(free_port()), "HPP_METRICS_PORT": str(free_port())}
        reach(stack.enter_context(pytest.MonkeyPatch.context()), {**serving_platform.environment, **own})
        settings = read_settings()
        present, former = observations(serving_platform.frame)
        (var / "offline").mkdir()
        pd.concat([former, present]).to_parquet(var / "offline" / "house_features.parquet")
        store = apply_definitions(settings)
        fill(store, present)
        deployment_key(settings)  # the service takes a second to notice a new one
        service = start(serving_platform.bundles["1"], settings)
        try:
            yield Live(service, settings, store, present, former, serving_platform.key)
        finally:
            stop(service, settings)


def stale(present: Frame, former: Frame) -> Frame:
    return pd.concat([present[~present["house_id"].isin(MOVED)], former])


def stale_under_a_new_time(present: Frame, former: Frame) -> Frame:
    return stale(present, former).assign(event_timestamp=present["event_timestamp"].max())


def unit_change(present: Frame, _: Frame) -> Frame:
    return present.assign(TAX=present["TAX"] / 100)


def swapped_columns(present: Frame, _: Frame) -> Frame:
    return present.rename(columns={"RM": "DIS", "DIS": "RM"})


def default_for_missing(present: Frame, _: Frame) -> Frame:
    return present.assign(CRIM=present["CRIM"].fillna(0.0))


def rounding(present: Frame, _: Frame) -> Frame:
    return present.assign(LSTAT=present["LSTAT"].round(1))


def lost_house(present: Frame, _: Frame) -> Frame:
    return present[present["house_id"] != 42]


def old_time(present: Frame, _: Frame) -> Frame:
    return present.assign(event_timestamp=present["event_timestamp"] - timedelta(seconds=2))


def expired(present: Frame, _: Frame) -> Frame:
    late = present["event_timestamp"].where(present["house_id"] != 42, present["event_timestamp"] - timedelta(days=400))
    return present.assign(event_timestamp=late)


@pytest.mark.parametrize("live", STORES, indirect=True)
def test_clean_stores_raise_no_alarm_though_one_keeps_whole_seconds_only(live: Live) -> None:
    fill(live.store, live.present)
    found = verify(live.service, live.standard)
    assert found.fault is None
    assert (found.stored_features.houses, found.stored_features.features) == (506, list(USED))
    assert found.by_house_id.rows == found.by_raw_features.rows == 506
    assert main(["--times", "3"]) == 0


@on_our_stores
@pytest.mark.parametrize(
    ("skew", "counts", "hint"),
    [
        (stale, {"CRIM": 2, "RM": 2, EVENT_TIME: 2}, "stale value"),
        (stale_under_a_new_time, {"CRIM": 2, "RM": 2}, "stale value"),
        (unit_change, {"TAX": 506}, "unit change: 0.01 times the offline value"),
        (swapped_columns, {"DIS": 506, "RM": 506}, "swapped with"),
        (default_for_missing, {"CRIM": 1}, "default in place of a missing value"),
        (rounding, {"LSTAT": 454}, "rounded to"),
        (lost_house, {EVENT_TIME: 1}, "unknown house"),
        (old_time, {EVENT_TIME: 506}, "stale value"),
        (expired, {EVENT_TIME: 1}, "stale value, expired"),
    ],
)
def test_a_skew_is_found_counted_by_feature_and_its_kind_guessed(
    live: Live, skew: Skew, counts: dict[str, int], hint: str
) -> None:
    stores = live.spoiled(skew).stored_features
    assert stores.by_feature == counts
    assert all(one.hint.startswith(hint) for one in stores.differences)
    assert all(one.offline_time for one in stores.differences)


@on_our_stores
def test_a_difference_fails_the_deployment_by_name_and_the_whole_table_is_kept(live: Live) -> None:
    fill(live.store, default_for_missing(live.present.copy(), live.former))
    with pytest.raises(
        DeploymentError, match=rf"1 of 506 houses \(CRIM 1\).*CRIM of house {MISSING} is None"
    ) as caught:
        verify(live.service, live.standard)
    page = Path(str(caught.value).split("is in ")[1].removesuffix("."))
    assert page.is_relative_to(live.settings.var_dir)
    assert "default in place of a missing value" in page.read_text()
    assert main([]) == 1


@on_our_stores
def test_a_house_that_was_written_between_the_two_readings_is_no_difference(live: Live) -> None:
    fill(live.store, live.present)
    standard = live.standard
    standard.expected.loc[3, "RM"] += 1  # as if the offline store had been read before an observation came
    assert inspect(live.service, standard).stored_features.differences == []
