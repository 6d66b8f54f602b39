"""A challenger beside a champion, in one process."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from serving.bundle import read_metadata
from serving.errors import UnknownHouseError
from serving.model import HousePriceModel
from serving.protocol.grpc_messages import read_message, write_reply
from serving.protocol.openapi import document
from serving.protocol.seldon_protocol import install
from serving.records.feedback import read_feedback
from serving.records.hourly import FEEDBACK
from serving.records.rebuilding import replay
from serving.records.spool import SPOOL
from serving.rollouts.state import Mode, Rollout, amend, begin, folder_of, new_rollout
from tests.rollouts import rules, until, written_pairs
from tests.serving_platform import USED, ServingPlatform, offline_prices, reach

IDS = list(range(40))


@pytest.fixture
def champion(serving_platform: ServingPlatform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HousePriceModel:
    """Version 1, with receipts of the test's own."""
    from serving.settings import read_settings

    reach(monkeypatch, {**serving_platform.environment, "HPP_PROFILES_DIR": str(tmp_path)})
    model = HousePriceModel(serving_platform.bundles["1"], read_settings())
    model.load()
    return model


@pytest.fixture
def tried(champion: HousePriceModel, serving_platform: ServingPlatform) -> Iterator[Callable[..., Rollout]]:
    """A function that lets the champion's process try version 2 and waits until it does."""
    folder = folder_of(champion.settings.profiles_dir)
    started: list[Rollout] = []

    def start(mode: Mode, share: float = 1.0, bundle: Path | None = None, waiting: bool = True) -> Rollout:
        two = bundle or serving_platform.bundles["2"]
        rollout = new_rollout(champion.metadata, read_metadata(two), two, mode, share, rules(), "operator")
        begin(folder, rollout)
        started.append(rollout)
        until(lambda: challenger_of(champion) is not None or not waiting)
        return rollout

    yield start
    for rollout in started:
        amend(folder, rollout.id, status="stopped")
    until(lambda: challenger_of(champion) is None)


def challenger_of(champion: HousePriceModel) -> Any:
    assert champion.follower is not None
    champion.follower._next_look = 0.0  # it may look again at once
    return champion.follower.challenger()


def by_id(house_ids: list[int], **tags: bool) -> dict[str, Any]:
    return {"data": {"names": ["house_id"], "ndarray": [[one] for one in house_ids]}, "meta": {"tags": tags}}


def by_features(platform: ServingPlatform, house_ids: list[int], names: tuple[str, ...] = USED) -> dict[str, Any]:
    rows = platform.frame.set_index("house_id").loc[house_ids, list(names)]
    return {"data": {"names": list(names), "ndarray": rows.replace({np.nan: None}).to_numpy().tolist()}}


def versions(reply: dict[str, Any]) -> list[str]:
    tags = reply["meta"]["tags"]
    return tags["versions"] if "versions" in tags else [tags["version"]] * rows_of(reply)


def rows_of(reply: dict[str, Any]) -> int:
    return len(reply["data"]["ndarray"])


def receipts(reply: dict[str, Any]) -> list[str]:
    tags = reply["meta"]["tags"]
    return [own["receipt"] for own in tags["by_version"].values()] if "by_version" in tags else [tags["receipt"]]


def prices(reply: dict[str, Any]) -> list[float]:
    return [row[0] for row in reply["data"]["ndarray"]]


def test_a_shadow_prices_the_same_requests_and_answers_nobody(
    champion: HousePriceModel, tried: Callable[..., Rollout], serving_platform: ServingPlatform
) -> None:
    rollout = tried("shadow")
    reply = champion.price(by_id([1, 2, 3]))
    one, two = (offline_prices(serving_platform.bundles[version], serving_platform.frame) for version in "12")
    assert versions(reply) == ["1"] * 3
    assert prices(reply) == one[1:4]
    evidence = folder_of(champion.settings.profiles_dir) / rollout.id
    until(lambda: len(written_pairs(evidence)) == 1)
    (pairs,) = written_pairs(evidence)
    assert (pairs.champion, pairs.challenger) == (one[1:4], two[1:4])
    assert (pairs.receipt, pairs.house_ids) == (reply["meta"]["tags"]["receipt"], [1, 2, 3])
    halves = [max(price - low, high - price) for price, low, high in reply["data"]["ndarray"]]
    assert pairs.half_widths == halves
    assert not list((champion.settings.profiles_dir / SPOOL).glob("v2.*"))


def test_a_canary_answers_for_the_same_houses_alone_and_in_batches_and_each_row_says_by_whom(
    champion: HousePriceModel, tried: Callable[..., Rollout], serving_platform: ServingPlatform
) -> None:
    tried("canary", 0.3)
    batch = champion.price(by_id(IDS))
    whose = dict(zip(IDS, versions(batch), strict=True))
    assert set(whose.values()) == {"1", "2"}
    assert {"version", "receipt"}.isdisjoint(batch["meta"]["tags"])
    assert {one: versions(champion.price(by_id([one])))[0] for one in IDS} == whose
    assert versions(champion.price(by_id(IDS[::-1]))) == [whose[one] for one in reversed(IDS)]
    expected = {
        version: offline_prices(bundle, serving_platform.frame) for version, bundle in serving_platform.bundles.items()
    }
    assert prices(batch) == [expected[whose[one]][one] for one in IDS]
    what_if = {"data": {"names": ["RM", "house_id"], "ndarray": [[6.5, one] for one in IDS]}}
    assert versions(champion.price(what_if)) == list(whose.values())


def test_a_house_by_its_features_has_one_version_however_its_columns_are_ordered(
    champion: HousePriceModel, tried: Callable[..., Rollout], serving_platform: ServingPlatform
) -> None:
    tried("canary", 0.3)
    batch = versions(champion.price(by_features(serving_platform, IDS)))
    assert set(batch) == {"1", "2"}
    turned = champion.price(by_features(serving_platform, IDS, (*USED[::-1], "ZN")))
    assert versions(turned) == batch
    tensor = by_features(serving_platform, IDS)
    flat = [value for row in tensor["data"].pop("ndarray") for value in row]
    tensor["data"]["tensor"] = {"shape": [len(IDS), len(USED)], "values": flat}
    mixed = champion.price(tensor)
    assert mixed["meta"]["tags"]["versions"] == batch
    assert mixed["data"]["tensor"]["values"][::3] == prices(champion.price(by_features(serving_platform, IDS)))


def test_a_larger_share_only_adds_houses(champion: HousePriceModel, tried: Callable[..., Rollout]) -> None:
    rollout = tried("canary", 0.2)
    few = versions(champion.price(by_id(IDS)))
    amend(folder_of(champion.settings.profiles_dir), rollout.id, share=0.6)
    challenger_of(champion)
    more = versions(champion.price(by_id(IDS)))
    assert [one for one, two in zip(few, more, strict=True) if (one, two) == ("2", "1")] == []
    assert more.count("2") > few.count("2") > 0


def test_every_receipt_of_a_mixed_batch_replays_with_the_version_that_priced_it(
    champion: HousePriceModel, tried: Callable[..., Rollout], serving_platform: ServingPlatform
) -> None:
    tried("canary", 0.5)
    settings, seen = champion.settings, set()
    for message in (by_id(IDS), by_id([1]), by_features(serving_platform, list(range(300)))):
        reply = champion.price(message)
        replayed = [
            row for one in receipts(reply) for row in replay(one, settings.profiles_dir / SPOOL, settings.models_dir)
        ]
        assert len(replayed) == rows_of(reply)
        assert all(row.identical for row in replayed)
        seen |= {row.version for row in replayed}
    assert seen == {"1", "2"}


def test_reasons_and_features_of_a_mixed_batch_are_those_of_each_rows_version(
    champion: HousePriceModel, tried: Callable[..., Rollout]
) -> None:
    tried("canary", 0.5)
    tags = champion.price(by_id(IDS, explain=True, features=True))["meta"]["tags"]
    reply = champion.price(by_id(IDS, explain=True))
    sums = [one["base_value"] + sum(one["contributions"].values()) for one in tags["explanations"]]
    assert sums == pytest.approx(prices(reply), abs=1e-9)
    counts = {version: len(own["features"]["rows"]) for version, own in tags["by_version"].items()}
    assert counts == {version: tags["versions"].count(version) for version in "12"}


def test_the_feedback_of_a_mixed_batch_reaches_both_versions(
    champion: HousePriceModel, tried: Callable[..., Rollout], serving_platform: ServingPlatform
) -> None:
    install(serving_platform.var / "seldon-protocol")
    tried("canary", 0.5)
    reply = champion.price(by_id(IDS))
    truth = {"data": {"names": ["MEDV"], "ndarray": [[10.0 + one] for one in IDS]}}
    assert champion.accept_feedback({"response": reply, "truth": truth}) == len(IDS)
    kept = read_feedback(champion.settings.profiles_dir / FEEDBACK)
    assert {one.house_id: one.truth for one in kept} == {one: 10.0 + one for one in IDS}
    assert {one.house_id: one.version for one in kept} == dict(zip(IDS, versions(reply), strict=True))


def test_the_reply_to_a_mixed_batch_is_as_the_openapi_document_says(
    champion: HousePriceModel, tried: Callable[..., Rollout]
) -> None:
    tried("canary", 0.5)
    described = document(champion.contract, champion.metadata, champion.settings)
    schema = {"$ref": "#/components/schemas/Prediction", "components": described["components"]}
    reply = json.loads(msgspec.json.encode(champion.price(by_id(IDS, explain=True, features=True))))
    assert "versions" in reply["meta"]["tags"]
    Draft202012Validator(schema).validate(reply)
    del reply["meta"]["tags"]["versions"]
    assert not Draft202012Validator(schema).is_valid(reply)


def test_the_reply_to_a_mixed_batch_goes_over_grpc_as_it_is(
    champion: HousePriceModel, tried: Callable[..., Rollout], serving_platform: ServingPlatform
) -> None:
    install(serving_platform.var / "seldon-protocol")
    tried("canary", 0.5)
    reply = champion.price(by_id(IDS))
    sent = read_message(write_reply(reply))
    assert sent["meta"]["tags"]["versions"] == versions(reply)
    assert [own["receipt"] for own in sent["meta"]["tags"]["by_version"].values()] == receipts(reply)
    assert [row[0] for row in sent["data"]["ndarray"]] == prices(reply)


def test_a_challenger_that_raises_or_prices_nonsense_fails_no_request(
    champion: HousePriceModel, tried: Callable[..., Rollout], monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout = tried("canary")
    challenger = challenger_of(champion)
    for predict in (lambda _: 1 / 0, lambda raw: np.full(len(raw), np.nan, dtype=np.float32)):
        monkeypatch.setattr(challenger.model.predictor, "predict", predict)
        assert versions(champion.price(by_id([1, 2]))) == ["1", "1"]
    evidence = folder_of(champion.settings.profiles_dir) / rollout.id
    until(lambda: len(written_pairs(evidence)) == 2)
    assert [one.fault.partition(":")[0] for one in written_pairs(evidence)] == ["ZeroDivisionError", "ValueError"]


def test_a_challenger_that_cannot_be_loaded_leaves_the_champion_and_is_written_down(
    champion: HousePriceModel, tried: Callable[..., Rollout], serving_platform: ServingPlatform, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(serving_platform.bundles["2"], tmp_path / "broken"))
    (broken / "model.onnx").write_bytes(b"other")
    rollout = tried("canary", bundle=broken, waiting=False)
    assert versions(champion.price(by_id([1]))) == ["1"]
    evidence = folder_of(champion.settings.profiles_dir) / rollout.id
    until(lambda: bool(written_pairs(evidence)))
    (pairs,) = written_pairs(evidence)
    assert not pairs.loaded
    assert "model.onnx was changed" in pairs.fault


def test_an_unknown_house_is_refused_as_without_a_challenger(
    champion: HousePriceModel, tried: Callable[..., Rollout]
) -> None:
    tried("canary", 0.5)
    with pytest.raises(UnknownHouseError) as caught:
        champion.price(by_id([*IDS, 9999]))
    assert [detail["row"] for detail in caught.value.details] == [len(IDS)]


def test_a_probe_is_answered_by_the_champion_and_is_no_evidence(
    champion: HousePriceModel, tried: Callable[..., Rollout]
) -> None:
    tried("canary")
    assert versions(champion.price(by_id(IDS, probe=True))) == ["1"] * len(IDS)


def test_a_rollout_of_another_champion_is_not_followed(
    champion: HousePriceModel, serving_platform: ServingPlatform
) -> None:
    one, two = (read_metadata(bundle) for bundle in serving_platform.bundles.values())
    rollout = new_rollout(two, one, serving_platform.bundles["1"], "canary", 1.0, rules(), "operator")
    begin(folder_of(champion.settings.profiles_dir), rollout)
    assert challenger_of(champion) is None
    assert champion.follower is not None
    assert champion.follower._wanted is None


def test_a_state_that_cannot_be_read_leaves_the_champion(
    champion: HousePriceModel, tried: Callable[..., Rollout]
) -> None:
    tried("canary")
    (folder_of(champion.settings.profiles_dir) / "state.json").write_text("{")
    assert challenger_of(champion) is None
    assert versions(champion.price(by_id([1]))) == ["1"]
