"""How fresh the online rows are, from figures that can be checked by eye."""

from datetime import UTC, datetime

import numpy as np

from steps.core.freshness import cells, offline_freshness, render, with_online

NOW = datetime(1970, 1, 11, tzinfo=UTC)  # ten days after the epoch
DAY_US = 86_400 * 10**6
EVENTS = np.array([1, 5, 9, 9], np.int64) * DAY_US
OFFLINE = offline_freshness("houses", True, 5.5 * 86_400, EVENTS, NOW)


def test_the_offline_store_tells_how_many_houses_how_old_and_how_many_have_expired() -> None:
    assert (OFFLINE.houses, OFFLINE.ttl_days, OFFLINE.expired) == (4, 5.5, 0.25)
    assert (OFFLINE.oldest, OFFLINE.newest) == ("1970-01-02T00:00:00+00:00", "1970-01-10T00:00:00+00:00")
    assert offline_freshness("houses", True, 0, EVENTS, NOW).expired == 0


def test_a_house_that_is_missing_or_older_online_is_behind() -> None:
    found = with_online(OFFLINE, EVENTS, [86_400.0, None, 9 * 86_400.0, 8 * 86_400.0], unmaterialized=2)
    assert (found.looked_up, found.online, found.behind, found.unmaterialized) == (4, 3, 2, 2)
    assert (found.newest_online, found.lag_s) == ("1970-01-10T00:00:00+00:00", 0)


def test_the_lag_is_from_the_newest_online_to_the_newest_offline() -> None:
    assert with_online(OFFLINE, EVENTS, [86_400.0, None, None, 8 * 86_400.0], 2).lag_s == 86_400
    nothing = with_online(OFFLINE, EVENTS, [None] * 4, 4)
    assert (nothing.lag_s, nothing.newest_online, nothing.behind) == (None, None, 4)


def test_the_page_and_the_table_say_what_is_behind() -> None:
    found = with_online(OFFLINE, EVENTS, [None] * 4, 4)
    target = offline_freshness("prices", False, 0, EVENTS, NOW)
    page = render([found, target])
    assert "1 of 2 views are behind" in page
    assert "prices (offline only)" in page
    assert cells(found)[:5] == ("houses", "4", "4", "0 / 4", "4")
    assert "up to date" in render([with_online(OFFLINE, EVENTS, [9 * 86_400.0] * 4, 0)])
