"""Tenants: keys that see their own houses and receipts only."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from serving.access.key_ring import read_keys
from serving.client import Segment, tenant_of
from serving.errors import KeysError
from serving.keys import make_key, revoke_key, segment
from serving.model import HousePriceModel
from serving.protocol.front import Front
from serving.protocol.grpc_methods import Methods
from serving.records.receipts import read_receipt
from serving.records.spool import SPOOL
from tests.serving.conftest import PREDICTIONS, Reply
from tests.serving.protocol.test_front import call, data, raw, refusal
from tests.serving_platform import USED, ServingPlatform

FEEDBACK = "/api/v1.0/feedback"
NEAR = Segment("RAD", 1, 8)
Post = Callable[[Any], Reply]


@pytest.fixture
def key_for(model: HousePriceModel, front: Front) -> Iterator[Callable[..., str]]:
    """A function that makes a key of a tenant, which is revoked afterwards."""
    made = []

    def make(tenant: str | None, *segments: Segment) -> str:
        key = make_key(model.settings.api_keys, "team", 1000, tenant, segments)
        made.append(key)
        front.admission.ring._look()  # type: ignore[union-attr]  # the fixture's service has keys
        return key

    yield make
    for key in made:
        revoke_key(model.settings.api_keys, key.split("_")[1])


def ask(front: Front, key: str, message: Any, path: str = PREDICTIONS) -> Reply:
    return call(front, "POST", path, json.dumps(message).encode(), HTTP_X_API_KEY=key)


def houses(platform: ServingPlatform) -> tuple[int, int]:
    """A house with RAD of at most 8, and one beyond it."""
    rad = platform.frame["RAD"]
    return int(rad.index[rad <= 8][0]), int(rad.index[rad > 8][0])


def test_a_tenants_key_prices_its_own_houses_and_is_told_so(
    front: Front, model: HousePriceModel, serving_platform: ServingPlatform, key_for: Callable[..., str]
) -> None:
    (near, _), key = houses(serving_platform), key_for("acme", NEAR)
    by_id = ask(front, key, data(["house_id"], [near]))
    names = (*USED, *(() if "RAD" in USED else ("RAD",)))
    by_raw = ask(front, key, data(list(names), raw(serving_platform, near, names)))
    assert (
        by_id.prices
        == by_raw.prices
        == call(front, "POST", PREDICTIONS, json.dumps(data(["house_id"], [near])).encode()).prices
    )
    tags = by_id.json["meta"]["tags"]
    assert tags["tenant"] == "acme"
    kept = read_receipt(model.settings.profiles_dir / SPOOL, tags["receipt"]).served.client
    assert (kept, tenant_of(kept)) == ("acme/team", "acme")


@pytest.mark.parametrize("form", ["id", "raw", "what-if", "hidden"])
def test_other_houses_are_refused_however_they_are_asked_for(
    front: Front, serving_platform: ServingPlatform, key_for: Callable[..., str], form: str
) -> None:
    (near, far), key = houses(serving_platform), key_for("acme", NEAR)
    names = (*USED, *(() if "RAD" in USED else ("RAD",)))
    message = {
        "id": data(["house_id"], [near], [far]),
        "raw": data(list(names), raw(serving_platform, near, names), raw(serving_platform, far, names)),
        "what-if": data(["house_id", "RAD"], [near, 5], [near, 24]),
        "hidden": data(["house_id", "RAD"], [near, 5], [far, 5]),  # its stored value counts, too
    }[form]
    status = refusal(ask(front, key, message), 403, "OUTSIDE_TENANT")
    (fault,) = status["details"]
    assert fault["row"] == 1
    assert "RAD=1..8" in fault["allowed"]
    assert fault["remedy"]
    stored = form in ("id", "hidden")
    assert (fault["feature"], fault["value"]) == (("house_id", far) if stored else ("RAD", 24))
    line = json.loads(max(front.admission.audit.folder.glob("refused-*.jsonl")).read_text().splitlines()[-1])
    assert (line["status"], line["client"]) == (403, "acme/team")


def test_ranges_of_one_column_are_alternatives_and_columns_must_all_hold(
    front: Front, serving_platform: ServingPlatform, key_for: Callable[..., str]
) -> None:
    near, far = houses(serving_platform)
    both = key_for("acme", NEAR, Segment("RAD", 24, 24))
    assert ask(front, both, data(["house_id"], [near], [far])).status == 200
    neither = key_for("acme", NEAR, Segment("TAX", 100, 101))
    refusal(ask(front, neither, data(["house_id"], [near])), 403, "OUTSIDE_TENANT")
    unknown = key_for("acme", Segment("RADIUS", 1, 8))
    refusal(ask(front, unknown, data(["house_id"], [near])), 403, "OUTSIDE_TENANT")


def test_raw_features_without_the_column_are_refused(
    front: Front, serving_platform: ServingPlatform, key_for: Callable[..., str]
) -> None:
    near, _ = houses(serving_platform)
    unused = next(name for name in serving_platform.frame.columns if name not in {*USED, "house_id", "MEDV"})
    key = key_for("acme", Segment(unused, -1e6, 1e6))
    status = refusal(ask(front, key, data(list(USED), raw(serving_platform, near))), 403, "OUTSIDE_TENANT")
    assert "add the column" in status["details"][0]["remedy"]
    assert ask(front, key, data(["house_id"], [near])).status == 200  # the store knows it


def test_true_prices_are_taken_for_the_tenants_own_receipts_and_houses_only(
    front: Front, serving_platform: ServingPlatform, key_for: Callable[..., str]
) -> None:
    near, far = houses(serving_platform)
    acme, other, operator = key_for("acme", NEAR), key_for("other"), key_for(None)
    receipt = ask(front, acme, data(["house_id"], [near])).json["meta"]["tags"]["receipt"]
    truth = {"data": {"names": ["MEDV"], "ndarray": [[20.0]]}}
    of_receipt = {"request": {"meta": {"tags": {"receipt": receipt}}}, "truth": truth}
    refusal(ask(front, other, of_receipt, FEEDBACK), 403, "OUTSIDE_TENANT")
    assert ask(front, acme, of_receipt, FEEDBACK).status == 200
    assert ask(front, operator, of_receipt, FEEDBACK).status == 200

    def of_house(house: int) -> Any:
        return {"request": {"data": {"names": ["house_id"], "ndarray": [[house]]}}, "truth": truth}

    assert ask(front, acme, of_house(near), FEEDBACK).status == 200
    refusal(ask(front, acme, of_house(far), FEEDBACK), 403, "OUTSIDE_TENANT")


def test_grpc_refuses_the_same(
    front: Front, model: HousePriceModel, serving_platform: ServingPlatform, key_for: Callable[..., str]
) -> None:
    (near, far), key = houses(serving_platform), key_for("acme", NEAR)
    methods = Methods(model, front.admission)

    def predict(house: int) -> Any:
        from google.protobuf.json_format import ParseDict

        request = ParseDict(data(["house_id"], [house]), methods.messages.SeldonMessage()).SerializeToString()
        return methods._guarded("/seldon.protos.Seldon/Predict", methods.predict)(request, context(key))

    assert predict(near).meta.tags["tenant"].string_value == "acme"
    with pytest.raises(RefusedError) as refused:
        predict(far)
    code, reason = refused.value.args
    assert code == grpc.StatusCode.PERMISSION_DENIED
    assert json.loads(reason)["status"]["reason"] == "OUTSIDE_TENANT"


class RefusedError(Exception):
    """What abort raises."""


def context(key: str) -> Any:
    """The part of grpc's context that a method uses."""

    def abort(code: grpc.StatusCode, reason: str) -> None:
        raise RefusedError(code, reason)

    return SimpleNamespace(
        invocation_metadata=lambda: (("x-api-key", key),),
        peer=lambda: "ipv4:10.0.0.7:1",
        set_trailing_metadata=lambda _: None,
        abort=abort,
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [("RAD=1..8", NEAR), ("LSTAT=.5..7.25", Segment("LSTAT", 0.5, 7.25)), ("X=-2..-1", Segment("X", -2, -1))],
)
def test_a_segment_is_written_with_both_ends(text: str, found: Segment) -> None:
    assert segment(text) == found


@pytest.mark.parametrize("text", ["", "RAD", "RAD=1", "RAD=8..1", "RAD=1..nan", "=1..2", "A B=1..2", "RAD=1..8..9"])
def test_what_is_no_segment_is_refused(text: str) -> None:
    import argparse

    with pytest.raises(argparse.ArgumentTypeError, match=r"wanted COLUMN=LOW\.\.HIGH"):
        segment(text)


def test_keys_of_tenants_are_kept_and_a_file_from_before_there_were_any_is_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    make_key(path, "old", 10)
    assert "tenant" not in path.read_text()
    make_key(path, "team", 10, "acme", [NEAR])
    assert [key.client.label for key in read_keys(path)] == ["old", "acme/team"]
    assert read_keys(path)[1].client.segments == (NEAR,)
    with pytest.raises(KeysError, match="add --tenant"):
        make_key(path, "team", 10, None, [NEAR])
    with pytest.raises(KeysError, match="Wanted names"):
        make_key(path, "team", 10, "a/b")
