"""The OpenAPI document of the service, made from what the loaded model takes."""

from typing import Any

from serving.bundle import Metadata
from serving.protocol.openapi_schemas import ref, schemas
from serving.protocol.requests import RequestContract
from serving.records.receipts import ID_PATTERN
from serving.settings import Settings

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
ERRORS = {
    400: "The body is not JSON.",
    401: "The key is missing or unknown.",
    403: "A house or a receipt is not the tenant's whose key it is; every fault is listed.",
    404: "A house or a receipt is unknown, there is no verdict on drift yet, or nothing is served under the path.",
    405: "The path does not take this method; the header Allow names those that it takes.",
    413: "The request has more rows or bytes than the service takes.",
    415: "The body is not declared as JSON.",
    422: "The request asks for what the contract does not allow; every fault is listed.",
    429: "The client has used its limit; the header Retry-After says for how many seconds to wait.",
    503: "No model is ready, or a part that the service needs does not answer.",
}
OF_A_CALL = (400, 401, 403, 413, 415, 422, 429, 503)
RECEIPT = {"in": "path", "name": "receipt", "required": True, "schema": {"type": "string", "pattern": ID_PATTERN}}
RECEIPT |= {"description": "`meta.tags.receipt` of a reply."}
ROW = {"in": "path", "name": "row", "required": True, "schema": {"type": "integer", "minimum": 0, "maximum": 9_999_999}}


def document(contract: RequestContract, metadata: Metadata, settings: Settings) -> dict[str, Any]:
    """The document, as OpenAPI 3.1.

    Args:
        contract: what a request to the loaded model may say.
        metadata: what its bundle says of itself.
        settings: the limits of the service.
    """
    key = {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The key that the operator gave."}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "House price service",
            "version": f"{metadata.model_name} v{metadata.model_version}",
            "description": _description(contract, metadata, settings),
        },
        "paths": _paths(),
        "components": {
            "schemas": schemas(contract, metadata),
            "responses": {f"Error{code}": _error(code) for code in ERRORS},
            "securitySchemes": {"key": key},
        },
    }


def _description(contract: RequestContract, metadata: Metadata, settings: Settings) -> str:
    return (
        f"Prices of houses ({metadata.target}, {metadata.units.get(metadata.target, '')}) by Seldon's protocol, "
        f"from the feature service {metadata.feature_service}. A request has at most {contract.max_rows} rows and "
        f"{settings.max_body_bytes} bytes. `/predict` and `/api/v0.1/predictions` are other names of the prediction "
        "path, `/send-feedback` and `/api/v0.1/feedback` of the feedback path. Every error has the same shape."
    )


def _paths() -> dict[str, Any]:
    ready = {"type": "object", "required": ["status", "model", "version"]}
    return {
        "/api/v1.0/predictions": {
            "post": _call("predict", "Prices of houses", "PredictionRequest", ref("Prediction"), (*OF_A_CALL, 404))
        },
        "/api/v1.0/feedback": {
            "post": _call("feedback", "True prices", "Feedback", {"type": "object"}, (*OF_A_CALL, 404))
        },
        "/api/v1.0/receipts/{receipt}": {"get": _receipt("receipt", RECEIPT)},
        "/api/v1.0/receipts/{receipt}/{row}": {"get": _receipt("receiptRow", RECEIPT, ROW)},
        "/versions": {"get": _get("versions", "The versions that are here", ref("Versions"), errors=(503,))},
        "/health/live": {"get": _get("live", "Whether the process answers", {"type": "object"})},
        "/health/ready": {"get": _get("ready", "Whether a model is loaded", ready, errors=(503,))},
        "/health/ping": {"get": _get("ping", "Seldon's sign of life", {"type": "string"}, "text/html")},
        "/health/status": {"get": _get("status", "What is served, in words", {"type": "object"}, errors=(503,))},
        "/metadata": {"get": _get("metadata", "What the model says of itself", {"type": "object"}, errors=(503,))},
        "/metrics": {"get": _get("metrics", "Figures for Prometheus", {"type": "string"}, "text/plain")},
        "/drift": {
            "get": _get("drift", "The verdicts on drift and on the live error", {"type": "object"}, errors=(404, 503))
        },
        "/seldon.json": {"get": _get("openapi", "This document", {"type": "object"}, errors=(503,))},
    }


def _call(name: str, summary: str, request: str, reply: dict[str, Any], errors: tuple[int, ...]) -> dict[str, Any]:
    """An operation that takes a message; as a form too, in whose field `json` Seldon's client sends it."""
    field = {"type": "string", "contentMediaType": JSON, "contentSchema": ref(request)}
    form = {"type": "object", "required": ["json"], "properties": {"json": field}}
    content = {JSON: {"schema": ref(request)}, FORM: {"schema": form}}
    called = _get(name, summary, reply, errors=errors)
    return called | {"requestBody": {"required": True, "content": content}, "security": [{"key": []}]}


def _receipt(name: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    """An operation that tells of a receipt."""
    errors = tuple(code for code in (*OF_A_CALL, 404) if code not in (400, 415))  # it has no body
    summary = "What was served, and whether it comes out the same again"
    return _get(name, summary, ref("Receipt"), errors=errors) | {
        "parameters": list(parameters),
        "security": [{"key": []}],
    }


def _get(
    name: str, summary: str, reply: dict[str, Any], media_type: str = JSON, errors: tuple[int, ...] = ()
) -> dict[str, Any]:
    answers: dict[str, Any] = {"200": {"description": summary, "content": {media_type: {"schema": reply}}}}
    answers |= {str(code): {"$ref": f"#/components/responses/Error{code}"} for code in sorted(errors)}
    return {"operationId": name, "summary": summary, "responses": answers}


def _error(code: int) -> dict[str, Any]:
    error: dict[str, Any] = {"description": ERRORS[code], "content": {JSON: {"schema": ref("Error")}}}
    if code == 429:
        error["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    if code == 405:
        error["headers"] = {"Allow": {"schema": {"type": "string"}}}
    return error
