"""The point-in-time join of our offline store, through Feast's own interface."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steps.core.errors import ConfigurationError, DataError
from tests.small_store import RM, asked, day, history, open_store, rows, seen, write

Observed = tuple[int, float, float, float | None]


def test_a_row_sees_the_last_observation_up_to_its_time_and_never_a_later_one(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (1, 3, 3, 6.5), (1, 5, 5, 9.0))
    job = open_store(tmp_path).get_historical_features(asked((1, 4), (1, 3), (1, 2.9), (1, 0.5)), RM)
    assert seen(job.to_df()) == [6.5, 6.5, 6.0, None]


def test_what_was_written_last_decides_between_observations_for_the_same_time(tmp_path: Path) -> None:
    write(tmp_path, (1, 2, 8, 7.0), (1, 2, 3, 6.0), (1, 1, 9, 5.0))
    assert seen(open_store(tmp_path).get_historical_features(asked((1, 4)), RM).to_df()) == [7.0]


def test_rows_come_back_in_their_order_doubled_and_unknown_ones_too(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (2, 1, 1, 7.0))
    question = asked((2, 4), (99, 4), (1, 4), (2, 4), (1, 2)).set_index(pd.Index([9, 9, 3, 1, 0]))
    answer = open_store(tmp_path).get_historical_features(question, RM).to_df()
    assert answer["house_id"].tolist() == [2, 99, 1, 2, 1]
    assert seen(answer) == [7.0, None, 6.0, 7.0, 6.0]
    assert answer.index.tolist() == [0, 1, 2, 3, 4]


def test_an_expired_value_is_missing_and_told_and_its_row_stays(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (2, 5, 5, 7.0))
    job = open_store(tmp_path, ttl_days=3).get_historical_features(asked((1, 4), (1, 4.1), (2, 6), (3, 6)), RM)
    assert seen(job.to_df()) == [6.0, None, 7.0, None]
    (observation,) = job.observations
    assert observation.expired.tolist() == [False, True, False, False]
    times = [day(1), day(1), day(5), pd.NaT]
    assert pd.DatetimeIndex(observation.times).equals(pd.DatetimeIndex(times).tz_localize(None).as_unit("us"))


def test_arrow_and_pandas_say_the_same_and_missing_is_null(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (2, 1, 1, None))
    job = open_store(tmp_path).get_historical_features(asked((2, 4), (1, 4), (3, 4)), ["houses:RM", "houses:AGE"])
    table = job.to_arrow()
    assert table["RM"].to_pylist() == [None, 6.0, None]
    pd.testing.assert_frame_equal(table.to_pandas(), job.to_df(), check_dtype=False)
    assert list(job.to_df().columns) == ["house_id", "event_timestamp", "RM", "AGE"]


def test_a_value_that_was_corrected_later_keeps_its_old_value_for_a_set_as_known_before(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (2, 1, 1, 7.0))
    write(tmp_path, (1, 1, 10, 6.6))
    ask = asked((1, 4), (2, 4))
    store = open_store(tmp_path)
    assert seen(store.get_historical_features(ask, RM).to_df()) == [6.6, 7.0]
    known = store.get_historical_features(ask, RM).as_known_at(day(9).to_pydatetime())
    assert seen(known.to_df()) == [6.0, 7.0]
    assert seen(store.get_historical_features(ask, RM).as_known_at(day(10).to_pydatetime()).to_df()) == [6.6, 7.0]


def test_a_time_of_knowledge_without_a_zone_is_refused(tmp_path: Path) -> None:
    job = open_store(tmp_path).get_historical_features(asked((1, 4)), RM)
    with pytest.raises(ConfigurationError, match="2026-01-09T00:00:00: write it with a time zone"):
        job.as_known_at(datetime(2026, 1, 9))


def test_feasts_own_filter_lets_each_row_know_what_was_written_by_its_own_time(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (1, 2, 10, 6.6), (1, 3, 5, 6.3))
    job = open_store(tmp_path).get_historical_features(
        asked((1, 4), (1, 6), (1, 11), (1, 0)), RM, filter_by_created_timestamp=True
    )
    assert seen(job.to_df()) == [6.0, 6.3, 6.3, None]  # the row for day 2 came when the one for day 3 was known


@pytest.mark.parametrize(
    "times",
    [
        ["2026-01-04T01:00:00+02:00", "2026-01-04T00:00:00+02:00"],
        pd.DatetimeIndex(["2026-01-04T01:00", "2026-01-04T00:00"]).tz_localize("Europe/Kyiv"),
        pd.DatetimeIndex(["2026-01-03T23:00", "2026-01-03T22:00"]),
    ],
    ids=["text with a zone", "another zone", "no zone: UTC"],
)
def test_times_are_compared_as_moments_whatever_their_zone(tmp_path: Path, times: object) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (1, 3 + 23 / 24, 5, 6.5))  # 3 January, 23:00 UTC
    question = pd.DataFrame({"house_id": [1, 1], "event_timestamp": times})
    assert seen(open_store(tmp_path).get_historical_features(question, RM).to_df()) == [6.5, 6.0]


def test_a_history_without_zones_is_read_as_utc(tmp_path: Path) -> None:
    naive = rows((1, 1, 1, 6.0), (1, 3, 3, 6.5))
    times = {name: naive[name].dt.tz_localize(None) for name in ("event_timestamp", "created_timestamp")}
    naive.assign(**times).to_parquet(history(tmp_path), index=False)
    assert seen(open_store(tmp_path).get_historical_features(asked((1, 3), (1, 2.99)), RM).to_df()) == [6.5, 6.0]


def test_a_part_of_a_microsecond_does_not_reach_an_observation_after_it(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (1, 3, 3, 6.5))
    question = pd.DataFrame({"house_id": [1], "event_timestamp": [day(3) - pd.Timedelta(1, "ns")]})
    assert seen(open_store(tmp_path).get_historical_features(question, RM).to_df()) == [6.0]


def test_before_anything_is_published_everything_is_missing(tmp_path: Path) -> None:
    job = open_store(tmp_path).get_historical_features(asked((1, 4), (2, 4)), RM)
    assert seen(job.to_df()) == [None, None]
    assert open_store(tmp_path).get_historical_features(asked((1, 4)).head(0), RM).to_df().empty


def test_a_feature_that_the_history_lacks_so_far_is_missing(tmp_path: Path) -> None:
    rows((1, 1, 1, 6.0)).drop(columns="AGE").to_parquet(history(tmp_path), index=False)
    answer = open_store(tmp_path).get_historical_features(asked((1, 4)), ["houses:AGE", "houses:RM"]).to_df()
    assert (seen(answer, "AGE"), seen(answer)) == ([None], [6.0])


def test_full_names_carry_the_view(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0))
    answer = open_store(tmp_path).get_historical_features(asked((1, 4)), RM, full_feature_names=True).to_df()
    assert seen(answer, "houses__RM") == [6.0]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (asked((1, 4)).drop(columns="house_id"), "houses needs the column house_id"),
        (asked((1, 4)).drop(columns="event_timestamp"), "need a column event_timestamp; they have house_id"),
        (asked((1, 4)).assign(event_timestamp="soon"), "event_timestamp has something that is no time"),
        (asked((1, 4), (2, 5)).assign(event_timestamp=[day(1), None]), "Row 1 has no event_timestamp"),
        (asked((1, 4)).assign(RM=5.0), "have a column RM, and houses is asked for one of that name"),
        ("SELECT 1", "Wanted a data frame"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(tmp_path: Path, question: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_store(tmp_path).get_historical_features(question, RM)


def test_a_damaged_history_is_named(tmp_path: Path) -> None:
    history(tmp_path).write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"houses\.parquet is no readable history"):
        open_store(tmp_path).get_historical_features(asked((1, 4)), RM).to_df()


def test_the_latest_rows_come_in_batches_in_the_order_of_houses(tmp_path: Path) -> None:
    write(tmp_path, *((house, 1, 1, 5.0) for house in (3, 1, 2, 5, 4)))
    write(tmp_path, (2, 2, 2, 6.0), (4, 9, 9, 8.0), (1, 1, 2, 7.0))
    store = open_store(tmp_path)
    view = store.get_feature_view("houses")
    job = store._get_provider().offline_store.pull_latest_from_table_or_query(
        store.config, view.batch_source, ["house_id"], ["RM"], "event_timestamp", "created_timestamp", day(1), day(5)
    )
    batches = list(job.to_batches(2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    table = pa.Table.from_batches(batches)
    assert table["house_id"].to_pylist() == [1, 2, 3, 4, 5]
    assert table["RM"].to_pylist() == [7.0, 6.0, 5.0, 5.0, 5.0]  # house 4's later row lies after the span
    assert job.to_arrow().equals(table)


def test_feast_materializes_from_it(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (1, 3, 3, 6.5), (2, 1, 1, None))
    store = open_store(tmp_path)
    store.materialize(day(0).to_pydatetime(), day(9).to_pydatetime())
    online = store.get_online_features(features=RM, entity_rows=[{"house_id": house} for house in (1, 2)]).to_dict()
    assert online["RM"] == [6.5, None]


def test_a_push_appends_and_is_seen(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0))
    store = open_store(tmp_path)
    store.write_to_offline_store("houses", rows((1, 2, 2, 6.5), (7, 2, 2, None)))
    assert seen(store.get_historical_features(asked((1, 4), (7, 4)), RM).to_df()) == [6.5, None]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (rows((1, 2, 2, 6.5)).drop(columns="AGE"), "Missing: AGE"),
        (rows((1, 2, 2, 6.5)).assign(PRICE=1.0), "unknown: PRICE"),
        (rows((1, 2, 2, 6.5)).assign(RM="many"), "RM for houses must be double"),
        (rows((1, 2, 2, 6.5), (2, 2, 2, 6.5)).astype({"house_id": "Int64"}).assign(house_id=[1, None]), "Row 1 for"),
        (rows((1, 2, 2, 6.5)).assign(event_timestamp=pd.NaT), "Row 0 for houses has no event_timestamp"),
        (rows((1, 2, 2, 6.5)).assign(house_id=1.5), "house_id for houses must be int64"),
    ],
)
def test_rows_that_break_the_schema_are_refused_and_nothing_is_written(
    tmp_path: Path, table: pd.DataFrame, message: str
) -> None:
    write(tmp_path, (1, 1, 1, 6.0))
    before = sorted(path.name for path in history(tmp_path).iterdir())
    store = open_store(tmp_path)
    offline, view = store._get_provider().offline_store, store.get_feature_view("houses")
    with pytest.raises(DataError, match=message):
        offline.offline_write_batch(store.config, view, pa.Table.from_pandas(table, preserve_index=False), None)
    assert sorted(path.name for path in history(tmp_path).iterdir()) == before


def reference(
    observed: list[Observed], question: list[tuple[int, float]], ttl: float, known: float | None
) -> list[float | None]:
    """The join, as one would do it by hand."""
    answer: list[float | None] = []
    for house, at in question:
        past = [row for row in observed if row[0] == house and row[1] <= at and (known is None or row[2] <= known)]
        best = max(past, key=lambda row: (row[1], row[2]), default=None)
        answer.append(best[3] if best and (not ttl or best[1] >= at - ttl) else None)
    return answer


DAYS = st.integers(0, 8).map(float)
HISTORIES = st.lists(st.tuples(st.integers(0, 3), DAYS, DAYS, st.sampled_from([None, 4.0, 5.0, 6.0, 7.0])), max_size=14)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    observed=HISTORIES.map(lambda found: list({row[:3]: row for row in found}.values())),
    question=st.lists(st.tuples(st.integers(0, 4), DAYS), min_size=1, max_size=12),
    ttl=st.sampled_from([0.0, 2.0]),
    known=st.none() | DAYS,
)
def test_it_answers_as_a_search_by_hand_does(
    tmp_path_factory: pytest.TempPathFactory,
    observed: list[Observed],
    question: list[tuple[int, float]],
    ttl: float,
    known: float | None,
) -> None:
    from steps.core.asof_sql import ViewQuery
    from steps.feature_store.asof_join import connect, join

    folder = tmp_path_factory.mktemp("join")
    for start in range(0, len(observed), 5):
        write(folder, *observed[start : start + 5])
    view = ViewQuery(
        "houses",
        (("house_id", "house_id"),),
        (("RM", "RM"),),
        "event_timestamp",
        "created_timestamp",
        timedelta(days=ttl) if ttl else None,
    )
    frame = asked(*question)
    spine = pa.table(
        {
            "row": pa.array(range(len(frame)), pa.int64()),
            "at": pa.array(frame["event_timestamp"].astype("datetime64[us, UTC]")),
            "key0": pa.array(frame["house_id"]),
        }
    )
    as_of = None if known is None else day(known).to_pydatetime().astimezone(UTC)
    files = sorted(history(folder).glob("*.parquet"))
    with connect() as connection:
        answer, _ = join(connection, spine, view, files, as_of)
    got = [None if np.isnan(value) else value for value in answer.block[0]]
    assert got == reference(observed, question, ttl, known)
