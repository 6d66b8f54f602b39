"""The whole application in this process: our layer, the model, Seldon's app."""

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.model import HousePriceModel
from serving.pricing.predictor import Predictor
from serving.protocol.front import Front
from tests.serving.conftest import PREDICTIONS, Reply
from tests.serving_platform import MISSING, USED, ServingPlatform


@cache
def key_of(file: Path) -> str:
    return file.read_text().strip()


def call(
    front: Front, method: str, path: str, body: bytes = b"", media_type: str | None = "application/json", **more: str
) -> Reply:
    started: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        started.update(status=int(status.split()[0]), headers={name.lower(): value for name, value in headers})

    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_API_KEY": key_of(front.model.settings.api_key_file),
        **({"CONTENT_TYPE": media_type} if media_type is not None else {}),
        **more,
    }
    answer = b"".join(front(environ, start_response))
    return Reply(started["status"], started["headers"], answer)


def post(front: Front, message: Any, path: str = PREDICTIONS) -> Reply:
    return call(front, "POST", path, json.dumps(message).encode())


def data(names: list[str], *rows: list[Any], **meta: Any) -> dict[str, Any]:
    return {"data": {"names": names, "ndarray": list(rows)}, "meta": meta}


def raw(platform: ServingPlatform, house: int, names: tuple[str, ...] = USED) -> list[Any]:
    values = platform.frame.loc[house, list(names)]
    return [None if np.isnan(value) else float(value) for value in values]


def refusal(reply: Reply, code: int, reason: str) -> dict[str, Any]:
    status = reply.json["status"]
    assert (reply.status, status["code"], status["reason"], status["status"]) == (code, code, reason, "FAILURE")
    assert set(status) == {"code", "reason", "info", "status", "details"}
    return status


def test_raw_features_and_house_id_give_the_same_price(front: Front, serving_platform: ServingPlatform) -> None:
    by_raw = post(front, data(list(USED), raw(serving_platform, 17), raw(serving_platform, MISSING)))
    by_id = post(front, data(["house_id"], [17], [MISSING]))
    assert by_raw.prices == by_id.prices


def test_the_order_of_the_names_and_unused_features_do_not_change_the_price(
    front: Front, serving_platform: ServingPlatform
) -> None:
    thirteen = tuple(sorted((*USED, "ZN", "CHAS", "RAD")))
    one = post(front, data(list(thirteen), raw(serving_platform, 17, thirteen))).prices
    assert one == post(front, data(list(USED), raw(serving_platform, 17))).prices


def test_the_reply_says_which_model_answered(front: Front) -> None:
    reply = post(front, data(["house_id"], [1])).json
    tags = reply["meta"]["tags"]
    assert reply["data"]["names"] == ["MEDV", "MEDV_low", "MEDV_high"]
    assert (tags["model"], tags["version"], tags["feature_service"]) == ("house-price", "1", "house_price_v1")
    assert tags["features_used"] == list(USED)
    assert tags["inference_ms"] > 0


def test_house_ids_keep_their_order_and_may_repeat(front: Front) -> None:
    first, second = post(front, data(["house_id"], [5], [400])).prices
    assert post(front, data(["house_id"], [400], [5], [400.0])).prices == [second, first, second]


def test_given_values_override_the_stored_ones(front: Front, serving_platform: ServingPlatform) -> None:
    values = raw(serving_platform, 17)
    values[USED.index("RM")], values[USED.index("LSTAT")] = 8.5, None
    expected = post(front, data(list(USED), values)).prices
    assert post(front, data(["LSTAT", "house_id", "RM"], [None, 17, 8.5])).prices == expected


def test_a_feature_that_the_model_does_not_use_overrides_nothing(front: Front) -> None:
    assert post(front, data(["house_id", "ZN"], [17, 5])).prices == post(front, data(["house_id"], [17])).prices


def test_unknown_houses_are_all_named_with_404(front: Front) -> None:
    status = refusal(post(front, data(["house_id"], [-1], [5], [506])), 404, "HOUSE_NOT_FOUND")
    assert [(one["row"], one["value"]) for one in status["details"]] == [(0, -1), (2, 506)]


def test_a_tensor_is_answered_with_a_tensor(front: Front) -> None:
    reply = post(front, {"data": {"names": ["house_id"], "tensor": {"shape": [2, 1], "values": [5.0, 7.0]}}}).json
    rows = post(front, data(["house_id"], [5], [7])).json["data"]["ndarray"]
    assert reply["data"]["tensor"] == {"shape": [2, 3], "values": [*rows[0], *rows[1]]}


def test_every_price_stands_in_its_interval(front: Front) -> None:
    reply = post(front, data(["house_id"], *[[house] for house in range(506)])).json
    assert reply["data"]["names"] == ["MEDV", "MEDV_low", "MEDV_high"]
    # A price beyond the range is itself the end of its interval.
    assert all(1 <= low <= price <= high <= max(50, price) for price, low, high in reply["data"]["ndarray"])
    assert reply["meta"]["tags"]["coverage"] == 0.9


def test_the_reasons_of_every_row_add_up_to_its_price_when_they_are_asked_for(front: Front) -> None:
    plain = post(front, data(["house_id"], [1], [MISSING])).json
    reply = post(front, data(["house_id"], [1], [MISSING], tags={"explain": True})).json
    assert "explanations" not in plain["meta"]["tags"]
    assert reply["data"] == plain["data"]
    for (price, _, _), reasons in zip(reply["data"]["ndarray"], reply["meta"]["tags"]["explanations"], strict=True):
        assert reasons["base_value"] + sum(reasons["contributions"].values()) == pytest.approx(price, abs=1e-4)
        assert set(reasons["contributions"]) == set(USED)


def test_the_features_that_were_used_are_in_the_reply_when_they_are_asked_for(
    front: Front, serving_platform: ServingPlatform
) -> None:
    plain = post(front, data(["house_id", "RM"], [1, 8.5], [MISSING, 7])).json
    reply = post(front, data(["house_id", "RM"], [1, 8.5], [MISSING, 7], tags={"features": True})).json
    assert "features" not in plain["meta"]["tags"]
    assert reply["data"] == plain["data"]
    used = reply["meta"]["tags"]["features"]
    assert used["names"] == list(USED)
    stored = serving_platform.frame.set_index("house_id").loc[[1, MISSING], list(USED)]
    wanted = stored.assign(RM=[8.5, 7.0]).astype(object)
    assert used["rows"] == wanted.where(wanted.notna(), None).to_numpy().tolist()
    assert len(set(used["event_times"])) == 1


def test_features_that_the_caller_sent_have_no_event_time(front: Front, serving_platform: ServingPlatform) -> None:
    sent = raw(serving_platform, MISSING)
    used = post(front, data(list(USED), sent, tags={"features": True})).json["meta"]["tags"]["features"]
    assert (used["rows"], used["event_times"]) == ([sent], None)


@pytest.mark.parametrize("tag", ["explain", "features"])
def test_reasons_and_features_of_more_rows_than_the_limit_are_413(front: Front, tag: str) -> None:
    many = [[1]] * (front.model.settings.max_explained_rows + 1)
    refusal(post(front, data(["house_id"], *many, tags={tag: True})), 413, "TOO_LARGE")
    assert post(front, data(["house_id"], *many)).status == 200


def test_bad_features_are_422_with_details(front: Front) -> None:
    status = refusal(post(front, data(["house_id", "RM"], [5, 100], [6, "x"])), 422, "INVALID_FEATURES")
    assert [(one["row"], one["feature"], one["value"]) for one in status["details"]] == [(0, "RM", 100), (1, "RM", "x")]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"NaN", b'{"data": {"names": ["RM"], "ndarray": [[Infinity]]}}', b"\xff\xfe", b"[" * 100_000, b"\x00"],
)
def test_what_is_no_json_is_400(front: Front, body: bytes) -> None:
    refusal(call(front, "POST", PREDICTIONS, body), 400, "NOT_JSON")


@pytest.mark.parametrize(
    "media_type", [None, "", "text/plain", "application/x-www-form", "multipart/form-data; boundary=x"]
)
def test_another_media_type_is_415(front: Front, media_type: str | None) -> None:
    refusal(call(front, "POST", PREDICTIONS, b"{}", media_type), 415, "UNSUPPORTED_MEDIA_TYPE")


def test_the_media_type_may_name_a_charset(front: Front) -> None:
    body = json.dumps(data(["house_id"], [1])).encode()
    assert call(front, "POST", PREDICTIONS, body, "Application/JSON; charset=utf-8").status == 200


def test_a_body_over_the_limit_is_413(front: Front) -> None:
    refusal(call(front, "POST", PREDICTIONS, b" " * 200_001), 413, "TOO_LARGE")


@pytest.mark.parametrize("path", ["/", "/nope", "/ready", "/live", "/transform-input", "/predict/", "/static/x", "/.."])
def test_an_unknown_path_is_404(front: Front, path: str) -> None:
    refusal(call(front, "GET", path), 404, "PATH_NOT_FOUND")


@pytest.mark.parametrize(("method", "path"), [("GET", PREDICTIONS), ("PUT", "/metadata"), ("POST", "/health/ready")])
def test_another_method_is_405_and_says_which_is_allowed(front: Front, method: str, path: str) -> None:
    reply = call(front, method, path)
    refusal(reply, 405, "METHOD_NOT_ALLOWED")
    assert reply.headers["allow"] in ("GET", "POST")


def test_seldons_own_app_answers_health_and_metadata(front: Front) -> None:
    assert call(front, "GET", "/health/ping").body == b"pong"
    assert call(front, "GET", "/health/status").json["strData"] == "house-price v1 is ready"
    assert call(front, "GET", "/metadata").json["versions"] == ["1"]


def test_head_has_the_headers_of_get_and_no_body(front: Front) -> None:
    reply = call(front, "HEAD", "/health/ping")
    assert (reply.status, reply.headers["content-length"], reply.body) == (200, "4", b"")


def test_requests_and_rows_are_counted(front: Front) -> None:
    post(front, data(["house_id"], [1], [2]))
    text = call(front, "GET", "/metrics").body.decode()
    assert 'hpp_requests_total{code="200",path="/api/v1.0/predictions"}' in text
    assert "hpp_rows_total" in text


def test_without_a_model_everything_but_live_is_503(front: Front, serving_platform: ServingPlatform) -> None:
    model = HousePriceModel(serving_platform.bundles["1"], front.model.settings)
    empty = Front(model, front.admission, lambda *_: [], lambda: (b"", ""))
    assert call(empty, "GET", "/health/live").status == 200
    refusal(call(empty, "GET", "/health/ready"), 503, "MODEL_NOT_READY")
    refusal(post(empty, data(["house_id"], [1])), 503, "MODEL_NOT_READY")
    refusal(post(empty, {"truth": {}}, "/api/v1.0/feedback"), 503, "MODEL_NOT_READY")


def test_a_fault_of_the_service_itself_shows_no_trace(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Predictor, raw: Any) -> Any:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(Predictor, "predict", fail)
    reply = post(front, data(["house_id"], [1]))
    refusal(reply, 500, "INTERNAL_ERROR")
    assert b"secret" not in reply.body


def test_an_error_of_seldons_app_has_our_shape(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HousePriceModel, "health_status", lambda self: 1 / 0)
    reply = call(front, "GET", "/health/status")
    refusal(reply, 500, "INTERNAL_ERROR")
    assert b"division" not in reply.body


def test_feedback_is_kept_with_its_truth_and_answered_by_seldons_app(front: Front, model: HousePriceModel) -> None:
    from serving.records.feedback import read_feedback

    reply = post(front, data(["house_id"], [3])).json
    message = {
        "request": {"data": {"names": ["house_id"], "ndarray": [[3]]}},
        "response": reply,
        "truth": {"data": {"names": ["MEDV"], "ndarray": [[33.4]]}},
        "reward": 0.5,
    }
    answer = post(front, message, "/api/v1.0/feedback")
    assert (answer.status, "data" in answer.json) == (200, True)
    receipt = reply["meta"]["tags"]["receipt"]
    (kept,) = (one for one in read_feedback(model.feedback.folder) if one.receipt == receipt)
    assert (kept.version, kept.row, kept.truth) == ("1", 0, 33.4)
    assert kept.price == reply["data"]["ndarray"][0][0]


def test_feedback_on_an_unknown_receipt_is_404_and_a_changed_id_422(front: Front) -> None:
    receipt = post(front, data(["house_id"], [3])).json["meta"]["tags"]["receipt"]
    elsewhere = receipt.replace(receipt.split(".")[1], "1999-01-01T00")
    truth = {"data": {"names": ["MEDV"], "ndarray": [[33.4]]}}
    for wrong, code, reason in [
        (elsewhere, 404, "RECEIPT_NOT_FOUND"),
        (receipt[:-3] + "___", 422, "RECEIPT_ALTERED"),
        ("../../x", 422, "MALFORMED_RECEIPT"),
    ]:
        message = {"request": {"meta": {"tags": {"receipt": wrong}}}, "truth": truth}
        refusal(post(front, message, "/api/v1.0/feedback"), code, reason)


@pytest.mark.parametrize(
    "message",
    [[], {}, "x", {"request": 3}, {"reward": "much"}, {"request": {"data": {"tensor": {"shape": [3], "values": [1]}}}}],
)
def test_feedback_that_seldon_would_fail_at_is_422(front: Front, message: Any) -> None:
    refusal(post(front, message, "/api/v1.0/feedback"), 422, "INVALID_FEATURES")


def test_seldons_own_route_gets_the_same_reply_and_the_same_error(front: Front, model: HousePriceModel) -> None:
    own = json.loads(json.dumps(model.predict_raw(data(["house_id"], [1]))["data"]))
    assert own == post(front, data(["house_id"], [1])).json["data"]
    assert model.predict_raw({})["status"]["code"] == 422


def test_a_full_disk_does_not_stop_the_answers(
    front: Front, model: HousePriceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model.spool, "append", full)
    assert post(front, data(["house_id"], [1])).status == 200
    assert b"hpp_rows_not_recorded_total 1.0" in call(front, "GET", "/metrics").body


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200),
    st.sampled_from(["POST", "GET", "PUT"]),
    st.sampled_from([PREDICTIONS, "/api/v1.0/feedback"]),
)
def test_no_body_makes_the_service_fail(front: Front, body: bytes, method: str, path: str) -> None:
    reply = call(front, method, path, body)
    assert reply.status in (400, 405, 422)
    assert reply.json["status"]["code"] == reply.status
