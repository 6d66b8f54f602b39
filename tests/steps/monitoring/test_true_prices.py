"""True prices joined to what was served, from the files that workers leave."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from serving.records.feedback import Feedback
from serving.records.hourly import FEEDBACK
from serving.records.receipts import Header, Served
from serving.records.sharing import share
from serving.records.spool import SPOOL, Spool
from serving.rollouts.pairs import Pairs
from serving.rollouts.state import folder_of
from serving.settings import Settings, read_settings
from steps.collect_profiles import open_store
from steps.monitoring.true_prices import TruePrices, join_true_prices
from tests.true_prices import tell

OUTPUTS = ("MEDV", "MEDV_low", "MEDV_high")


@pytest.fixture
def settings(platform_dir: Path) -> Settings:
    return read_settings()


def serve(settings: Settings, house: int | None, price: float, version: str = "7", **changes: Any) -> str:
    """The receipt of one row."""
    spool = Spool(settings.profiles_dir / SPOOL, Header(version, ("RM",), OUTPUTS))
    ids = None if house is None else [house]
    row = Served([[6.0]], [[price, price - 4, price + 4]], house_ids=ids, **{"client": "town/acme", **changes})
    receipt = spool.append(row)
    spool.close()
    return receipt


def joined(settings: Settings, days: int = 30, wait: int = 365, later: float = 0) -> TruePrices:
    return join_true_prices(settings, datetime.now(UTC) + timedelta(days=later), days, wait)


def found(settings: Settings) -> list[tuple[str, float, float]]:
    return [(one.priced.version, one.priced.price, one.truth) for one in joined(settings).joined]


def test_a_price_by_receipt_comes_with_its_interval_its_client_and_its_features(settings: Settings) -> None:
    tell(settings, [21.0], serve(settings, 4, 20.0))
    (one,), counts = joined(settings)
    priced = one.priced
    assert (priced.version, priced.house, priced.price, priced.low, priced.high) == ("7", "4", 20.0, 16.0, 24.0)
    assert (priced.client, priced.features, one.truth, one.shadow) == ("town/acme", (6.0,), 21.0, False)
    assert (counts.received, counts.joined, counts.without_prediction) == (1, 1, 0)


def test_a_price_of_a_house_is_of_the_newest_prediction_before_it_and_of_the_version_that_made_it(
    settings: Settings,
) -> None:
    serve(settings, 4, 20.0, "6")
    between = datetime.now(UTC)
    serve(settings, 4, 22.0, "7")
    serve(settings, 5, 30.0, "7")
    tell(settings, [21.0], house=4, at=between)
    assert found(settings) == [("6", 20.0, 21.0)]
    tell(settings, [23.0], house=4)
    assert found(settings) == [("6", 20.0, 21.0), ("7", 22.0, 23.0)]


def test_the_latest_price_of_a_prediction_wins_however_it_was_told(settings: Settings) -> None:
    receipt = serve(settings, 4, 20.0)
    tell(settings, [21.0], receipt)
    tell(settings, [23.0], house=4)
    (one,), counts = joined(settings)
    assert (one.truth, counts.replaced, counts.received) == (23.0, 1, 2)


def test_probes_what_ifs_and_houses_that_were_not_priced_have_no_part(settings: Settings) -> None:
    tell(settings, [21.0], serve(settings, 4, 20.0, probe=True))
    serve(settings, 5, 20.0, overridden=("RM",))
    for house in (4, 5, 6):
        tell(settings, [21.0], house=house)
    result = joined(settings)
    assert (result.joined, result.counts.received, result.counts.without_prediction) == ([], 3, 3)


def test_what_became_known_before_the_window_or_waited_too_long_does_not_count(settings: Settings) -> None:
    tell(settings, [21.0], serve(settings, 4, 20.0))
    assert joined(settings, days=3, later=4).joined == []
    old = Feedback(
        id="1", received=datetime.now(UTC).timestamp(), truth=21.0, version="7", receipt="r", row=0, price=2.0
    )
    write(settings, msgspec.structs.replace(old, priced_at=old.received - 10 * 86_400))
    assert [one.priced.price for one in joined(settings, wait=11).joined] == [20.0, 2.0]
    assert [one.priced.price for one in joined(settings, wait=9).joined] == [20.0]


def write(settings: Settings, one: Feedback) -> None:
    folder = settings.profiles_dir / FEEDBACK
    folder.mkdir(parents=True, exist_ok=True)
    hour = datetime.fromtimestamp(one.received, UTC).strftime("%Y-%m-%dT%H")
    (folder / f"v7.{hour}.1-1.jsonl").write_bytes(msgspec.json.encode(one) + b"\n")


def test_rows_of_the_same_features_are_one_house_where_no_id_was_sent(settings: Settings) -> None:
    for price in (20.0, 21.0):
        tell(settings, [22.0], serve(settings, None, price))
    one, two = joined(settings).joined
    assert one.priced.house == two.priced.house
    assert one.priced.receipt != two.priced.receipt


def test_a_shadow_is_held_against_the_same_truth_and_a_canary_by_its_own_receipts(settings: Settings) -> None:
    answered, canary = serve(settings, 4, 20.0, "7"), serve(settings, 5, 30.0, "8")
    folder = folder_of(settings.profiles_dir) / "v8-1a"
    folder.mkdir(parents=True)
    lines = [
        Pairs(time=1.0, receipt=answered, keys=[1], champion=[20.0], challenger=[26.0], half_widths=[4.0]),
        Pairs(time=1.0, receipt=canary, keys=[2], champion=[29.0], challenger=[30.0], half_widths=[4.0]),
    ]
    (folder / "p.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, lines)) + b'\n{"torn')
    for receipt in (answered, canary):
        tell(settings, [25.0], receipt)
    known = {(one.priced.version, one.priced.price, one.shadow) for one in joined(settings).joined}
    assert known == {("7", 20.0, False), ("8", 26.0, True), ("8", 30.0, False)}


def test_prices_by_receipt_come_from_all_machines_those_of_houses_from_this_one(
    settings: Settings, tmp_path: Path
) -> None:
    here = settings.model_copy(update={"profile_store": str(tmp_path / "shared")})
    other = here.model_copy(update={"profiles_dir": tmp_path / "other"})
    tell(other, [21.0], serve(other, 4, 20.0))
    serve(other, 5, 30.0)
    tell(other, [31.0], house=5)
    assert share(other.profiles_dir, open_store(other)) == 2  # the two files of true prices
    (one,), counts = joined(here)
    assert (one.priced.price, one.priced.client, one.priced.features) == (20.0, "town/acme", None)
    assert (counts.received, counts.without_prediction) == (2, 1)
    assert joined(settings).counts.received == 0  # without the store
