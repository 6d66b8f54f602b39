"""Receipts that callers of the service ask for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.client import Client
from serving.errors import TooLargeError
from serving.model import HousePriceModel
from serving.protocol.front import RECEIPTS, Front
from serving.records.replays import Replays
from serving.records.spool import SPOOL
from tests.serving.access.test_tenants import NEAR, ask, houses, key_for  # noqa: F401  # a fixture
from tests.serving.conftest import Reply
from tests.serving.protocol.test_front import call, data, post, refusal
from tests.serving_platform import MISSING, ServingPlatform

OPERATOR = Client("", "operator", 0)


def look(front: Front, receipt: str, **more: str) -> Reply:
    return call(front, "GET", f"{RECEIPTS}/{receipt}", media_type=None, **more)


def served(front: Front, *rows: list[Any]) -> Any:
    return post(front, data(["house_id", "RM"], *rows)).json


def test_it_tells_what_was_served_and_that_it_comes_out_the_same(front: Front) -> None:
    reply = served(front, [17, 6.125], [MISSING, 7.5])
    found = look(front, reply["meta"]["tags"]["receipt"]).json
    assert (found["identical"], found["receipt"]) == (True, reply["meta"]["tags"]["receipt"])
    answered = [list(row["answered"].values()) for row in found["rows"]]
    assert answered == reply["data"]["ndarray"]
    assert [row["rebuilt"] for row in found["rows"]] == [row["answered"] for row in found["rows"]]
    first = {one["feature"]: one for one in found["rows"][0]["features"]}
    assert (first["RM"]["value"], first["RM"]["event_time"]) == (6.125, None)
    assert first["LSTAT"]["event_time"] is not None
    assert {one["feature"]: one["value"] for one in found["rows"][1]["features"]}["CRIM"] is None


def test_one_row_can_be_asked_for(front: Front) -> None:
    receipt = served(front, [17, 6.125], [18, 7.5])["meta"]["tags"]["receipt"]
    (row,) = look(front, f"{receipt}/1").json["rows"]
    assert (row["row"], row["house_id"], row["identical"]) == (1, 18, True)
    refusal(look(front, f"{receipt}/2"), 404, "RECEIPT_NOT_FOUND")


@pytest.mark.parametrize("asked", ["", "x", "../../etc/passwd", "v1.2026-01-01T00.1-1.0.AAAAAAAAAAAAAAAAAAAA/x"])
def test_what_is_no_receipt_is_refused(front: Front, asked: str) -> None:
    refusal(look(front, asked), 422, "MALFORMED_RECEIPT")


def test_an_unknown_receipt_and_another_method_are_refused(front: Front) -> None:
    unknown = "v1.2020-01-01T00.1-1.0.AAAAAAAAAAAAAAAAAAAA"
    refusal(look(front, unknown), 404, "RECEIPT_NOT_FOUND")
    assert call(front, "POST", f"{RECEIPTS}/{unknown}", b"{}").status == 405


def test_it_needs_a_key_and_counts_as_a_call(front: Front) -> None:
    receipt = served(front, [17, 6.0])["meta"]["tags"]["receipt"]
    refusal(look(front, receipt, HTTP_X_API_KEY="hpp_0_0"), 401, "UNAUTHORIZED")
    # The audit names the path, and not what was asked for.
    line = json.loads(max(front.admission.audit.folder.glob("refused-*.jsonl")).read_text().splitlines()[-1])
    assert line["path"] == RECEIPTS


def test_a_tenant_sees_his_own_receipts_only_and_the_operator_all(
    front: Front,
    serving_platform: ServingPlatform,
    key_for: Callable[..., str],  # noqa: F811
) -> None:
    (near, _), acme, other = houses(serving_platform), key_for("acme", NEAR), key_for("other", NEAR)
    receipt = ask(front, acme, data(["house_id"], [near])).json["meta"]["tags"]["receipt"]
    assert look(front, receipt, HTTP_X_API_KEY=acme).json["identical"] is True
    assert look(front, receipt).json["identical"] is True
    refused = refusal(look(front, receipt, HTTP_X_API_KEY=other), 403, "OUTSIDE_TENANT")
    assert refused["details"][0]["allowed"] == "receipts of the tenant other"
    operators = served(front, [near, 6.0])["meta"]["tags"]["receipt"]
    assert look(front, operators, HTTP_X_API_KEY=acme).status == 403


def replays(model: HousePriceModel, models: Path, most_rows: int = 10) -> Replays:
    return Replays(model.settings.profiles_dir / SPOOL, models, most_rows, model.tenants)


def test_without_its_bundle_it_still_tells_what_was_served_and_no_folder_of_the_server(
    model: HousePriceModel, front: Front, tmp_path: Path
) -> None:
    reply = served(front, [17, 6.125])
    found = replays(model, tmp_path).find(reply["meta"]["tags"]["receipt"], OPERATOR)
    (row,) = found["rows"]
    assert (found["identical"], row.rebuilt, row.identical) == (None, None, False)
    assert list(row.answered.values()) == reply["data"]["ndarray"][0]
    assert str(tmp_path) not in str(found)


def test_more_rows_than_are_told_of_at_a_time_are_asked_for_one_by_one(model: HousePriceModel, front: Front) -> None:
    receipt = served(front, [17, 6.0], [18, 6.0])["meta"]["tags"]["receipt"]
    few = replays(model, model.settings.models_dir, most_rows=1)
    with pytest.raises(TooLargeError, match="<receipt>/<row>"):
        few.find(receipt, OPERATOR)
    assert len(few.find(f"{receipt}/1", OPERATOR)["rows"]) == 1
