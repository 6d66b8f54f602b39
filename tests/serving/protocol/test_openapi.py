"""The OpenAPI document of the service."""

from typing import Any

import pytest
import schemathesis
from jsonschema import Draft202012Validator

from serving.model import HousePriceModel
from serving.protocol.front import Front
from serving.protocol.openapi import ERRORS, document
from tests.serving.protocol.test_front import call, data, post, raw
from tests.serving_platform import MISSING, USED, ServingPlatform


@pytest.fixture(scope="module")
def described(model: HousePriceModel) -> dict[str, Any]:
    return document(model.contract, model.metadata, model.settings)


def fits(described: dict[str, Any], name: str, value: Any) -> bool:
    """Whether the value is what the named schema describes."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
    return bool(Draft202012Validator(schema).is_valid(value))


def test_it_is_an_openapi_document_and_each_of_its_schemas_is_one(described: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(described).validate()
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", ["/seldon.json", "/openapi.json"])
def test_the_service_answers_it_in_place_of_seldons(front: Front, described: dict[str, Any], path: str) -> None:
    assert call(front, "GET", path).json == described


def test_a_feature_is_described_as_the_registry_does(described: dict[str, Any], model: HousePriceModel) -> None:
    schemas = described["components"]["schemas"]
    assert {name.removeprefix("Feature_") for name in schemas if "Feature_" in name} == {
        *model.contract.features,
        *model.contract.derived,
    }
    spec, schema = model.contract.features["RM"], schemas["Feature_RM"]
    assert (schema["minimum"], schema["maximum"], schema["x-unit"]) == (spec.minimum, spec.maximum, spec.unit)
    assert spec.description in schema["description"]
    for name, spec in model.contract.features.items():
        assert fits(described, f"Feature_{name}", None) == spec.nullable
        assert fits(described, f"Feature_{name}", spec.minimum)
        assert not fits(described, f"Feature_{name}", spec.maximum + 1)
    assert not fits(described, "Feature_CHAS", 0.5)
    assert not fits(described, "Feature_RAD", 2.5)


def test_what_the_service_prices_fits_it_and_so_do_its_replies(
    front: Front, described: dict[str, Any], serving_platform: ServingPlatform
) -> None:
    shuffled = tuple(reversed(USED))
    requests = [
        data(list(USED), raw(serving_platform, 17), raw(serving_platform, MISSING)),
        data(list(shuffled), raw(serving_platform, 17, shuffled), probe=True),
        data(["house_id"], [5], [400]),
        data(["RM", "house_id", "LSTAT"], [8.5, 17, None], tags={"probe": True, "explain": True}),
        data(["RM", "house_id"], [8.5, MISSING], tags={"features": True}),
        data(list(USED), raw(serving_platform, MISSING), tags={"features": True}),
        {"data": {"names": ["house_id"], "tensor": {"shape": [2, 1], "values": [5.0, 7.0]}}},
    ]
    for request in requests:
        reply = post(front, request)
        assert reply.status == 200
        assert fits(described, "PredictionRequest", request)
        assert fits(described, "Prediction", reply.json)


def test_an_error_reply_fits_it(front: Front, described: dict[str, Any]) -> None:
    assert fits(described, "Error", post(front, data(["house_id", "RM"], [5, 100], [6, "x"])).json)
    assert not fits(described, "Error", {"status": {"code": 422}})


def test_every_error_that_the_service_knows_is_described(described: dict[str, Any]) -> None:
    statuses = {int(name.removeprefix("Error")) for name in described["components"]["responses"]}
    assert statuses == set(ERRORS) == {400, 401, 403, 404, 405, 413, 415, 422, 429, 503}
    predict = described["paths"]["/api/v1.0/predictions"]["post"]
    assert set(predict["responses"]) == {"200", "400", "401", "403", "404", "413", "415", "422", "429", "503"}
    assert predict["security"] == [{"key": []}]


def test_the_limits_are_those_of_the_service(described: dict[str, Any], model: HousePriceModel) -> None:
    assert str(model.settings.max_body_bytes) in described["info"]["description"]
    rows = described["components"]["schemas"]["HouseIds"]["properties"]["ndarray"]
    assert rows["maxItems"] == model.contract.max_rows
