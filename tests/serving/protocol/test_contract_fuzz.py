"""Generated requests, within the service's OpenAPI document and beyond it."""

from typing import Any

import pytest
from schemathesis import GenerationMode

from serving.protocol.front import Front
from tests.serving import fuzz
from tests.serving.protocol.test_front import call, key_of


@pytest.fixture(scope="module")
def document(front: Front) -> dict[str, Any]:
    """The document that the service gives of itself."""
    reply = call(front, "GET", "/seldon.json")
    assert reply.status == 200
    described: dict[str, Any] = reply.json
    return described


@pytest.fixture(scope="module")
def headers(front: Front) -> dict[str, str]:
    """A key in the header."""
    return {"X-API-Key": key_of(front.model.settings.api_key_file)}


def test_every_kind_of_request_has_a_documented_answer(
    front: Front, document: dict[str, Any], headers: dict[str, str]
) -> None:
    def send(path: str, body: bytes) -> tuple[int, str, bytes]:
        reply = call(front, "POST", path, body)
        return reply.status, reply.headers["content-type"], reply.body

    outcomes = fuzz.campaign(document, {"app": front}, headers, send, 800)
    seen = {status for _, status in outcomes}
    assert {200, 400, 404, 422} <= seen


def test_what_the_document_describes_exactly_is_priced(
    front: Front, document: dict[str, Any], headers: dict[str, str]
) -> None:
    outcomes = fuzz.from_document(fuzz.only_exact(document), {"app": front}, headers, 100, GenerationMode.POSITIVE)
    assert {status for _, status in outcomes} <= {200, 404}  # 404: the house is not in the store
    assert sum(count for (_, status), count in outcomes.items() if status == 200) > 10
