"""A point-in-time question to our offline store and to Feast's own: one answer from all, or a fault that is named."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from steps.core.errors import ConfigurationError, DataError
from steps.feature_store.point_in_time import point_in_time
from tests.small_store import DASK, DUCKDB, OURS, RM, STORES, asked, day, history, open_store, rows, seen, write

QUESTION = asked((2, 6), (1, 4.1), (3, 6), (1, 4), (2, 6))  # house 1 expires between two of them, 3 is unknown


@pytest.mark.parametrize("kind", STORES)
def test_no_row_is_lost_or_moved_by_any_store(tmp_path: Path, kind: str) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (2, 1, 1, 7.0), (2, 5, 5, 7.5), (2, 7, 7, 9.0))
    answer = point_in_time(open_store(tmp_path, kind, ttl_days=3), RM, QUESTION)
    assert answer.rows["house_id"].tolist() == [2, 1, 3, 1, 2]
    assert seen(answer.rows) == [7.5, None, None, 6.0, 7.5]
    assert answer.rows["event_timestamp"].tolist() == QUESTION["event_timestamp"].tolist()
    assert answer.expired.tolist() == [False, True, False, False, False]
    assert answer.never_observed.tolist() == [False, False, True, False, False]
    report = answer.report
    assert (report.rows, report.expired, report.never_observed) == (5, 1, 1)
    assert (report.expired_houses, report.never_observed_houses) == ([1], [3])


def test_what_feasts_store_for_files_does_to_rows_is_told(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (2, 5, 5, 7.5))
    report = point_in_time(open_store(tmp_path, DASK, ttl_days=3), RM, QUESTION).report
    assert report.lost == 1  # the expired one
    assert report.reordered


@pytest.mark.parametrize("kind", STORES)
def test_the_last_row_written_wins_in_all_stores(tmp_path: Path, kind: str) -> None:
    write(tmp_path, (1, 2, 8, 7.0), (1, 2, 3, 6.0))
    assert seen(point_in_time(open_store(tmp_path, kind), RM, asked((1, 4))).rows) == [7.0]


@pytest.mark.parametrize("kind", [DUCKDB, DASK])
def test_only_our_store_can_look_back(tmp_path: Path, kind: str) -> None:
    write(tmp_path, (1, 1, 1, 6.0))
    with pytest.raises(ConfigurationError, match=f"Feast's {kind} store cannot do"):
        point_in_time(open_store(tmp_path, kind), RM, asked((1, 4)), day(3).to_pydatetime())


def test_a_set_as_of_a_time_says_so(tmp_path: Path) -> None:
    write(tmp_path, (1, 1, 1, 6.0), (1, 1, 9, 6.6))
    answer = point_in_time(open_store(tmp_path), RM, asked((1, 4)), day(3).to_pydatetime())
    assert seen(answer.rows) == [6.0]
    assert answer.report.as_of == "2026-01-03T00:00:00+00:00"


def test_a_join_that_lets_a_later_row_in_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from steps.core.asof_sql import asof_join as query
    from steps.feature_store import asof_join

    monkeypatch.setattr(asof_join, "asof_join", lambda *args, **more: query(*args, **more).replace(">=", "<="))
    write(tmp_path, (1, 1, 1, 6.0), (1, 5, 5, 9.0))
    with pytest.raises(DataError, match=r"1 rows of houses see the future, first house_id 1: observed at 2026-01-05"):
        point_in_time(open_store(tmp_path), RM, asked((1, 4)))


@pytest.mark.parametrize("kind", [DUCKDB, DASK])
def test_a_store_of_feasts_that_lets_a_later_row_in_is_caught(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feast import FeatureStore

    write(tmp_path, (1, 1, 1, 6.0), (1, 5, 5, 9.0))
    store = open_store(tmp_path, kind)
    true = store.get_historical_features

    def leaking(entity_df: pd.DataFrame, features: Any) -> Any:
        return true(entity_df=entity_df.assign(event_timestamp=day(6)), features=features)

    monkeypatch.setattr(store, "get_historical_features", leaking)
    assert isinstance(store, FeatureStore)
    with pytest.raises(DataError, match=r"RM of house_id 1 is 9; by its history it was 6"):
        point_in_time(store, RM, asked((1, 4)))


def test_a_history_of_one_file_does_as_well(tmp_path: Path) -> None:
    rows((1, 1, 1, 6.0), (1, 3, 3, 6.5)).to_parquet(history(tmp_path), index=False)
    for kind in (OURS, DUCKDB, DASK):
        assert seen(point_in_time(open_store(tmp_path, kind), RM, asked((1, 2), (1, 4))).rows) == [6.0, 6.5]
