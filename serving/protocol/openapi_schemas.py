"""The schemas of the service's OpenAPI document, made from the contract of the loaded model."""

from collections.abc import Sequence
from typing import Any

from serving.bundle import Metadata
from serving.contract import FeatureSpec
from serving.protocol.requests import HOUSE_ID, INT64, RequestContract

Schema = dict[str, Any]
FEATURE = "Feature_"


def schemas(contract: RequestContract, metadata: Metadata) -> dict[str, Schema]:
    """Every named schema of the document."""
    features = {FEATURE + name: feature(spec) for name, spec in (contract.features | contract.derived).items()}
    return features | {
        HOUSE_ID: {
            "type": "integer",
            "format": "int64",
            "minimum": INT64[0],
            "maximum": INT64[-1],
            "description": "The house's id in the feature store.",
            "examples": [17],
        },
        "PredictionRequest": _request(contract),
        **_data_forms(contract),
        "RequestTags": _request_tags(),
        "Prediction": _prediction(contract, metadata),
        "Feedback": _feedback(metadata.target),
        "Receipt": _receipt(),
        "Versions": _versions(),
        "Error": _error(),
    }


def feature(spec: FeatureSpec) -> Schema:
    """What the Feast registry says of a feature, as the schema of one value."""
    schema: Schema = {"description": f"{spec.description} Unit: {spec.unit}. Allowed: {spec.allowed}."}
    schema |= {"x-meaning": spec.description, "x-unit": spec.unit, "x-sensitive": spec.sensitive}
    if spec.ratio:
        schema["description"] += f" Computed as {spec.ratio.formula}; it is never sent."
        schema |= {"readOnly": True, "x-derived-from": spec.ratio.formula}
    null: list[Any] = [None] if spec.nullable else []
    if spec.kind == "binary":
        return schema | {"enum": [spec.minimum, spec.maximum, *null]}
    kinds = ["integer" if spec.kind == "integer" else "number", *(["null"] if null else [])]
    return schema | {"type": kinds, "minimum": spec.minimum, "maximum": spec.maximum}


def ref(name: str) -> Schema:
    """A reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def _request(contract: RequestContract) -> Schema:
    forms = ["RawFeatures", "AllFeatures", "HouseIds", "WhatIf", "AnyColumns", "Tensor"]
    return {
        "type": "object",
        "required": ["data"],
        "properties": {
            "data": {"anyOf": [ref(name) for name in forms]},
            "meta": {"type": ["object", "null"], "properties": {"tags": ref("RequestTags")}},
        },
        "description": f"A Seldon message of at most {contract.max_rows} rows.",
        "examples": [{"data": {"names": [HOUSE_ID], "ndarray": [[17], [42]]}}],
    }


def _data_forms(contract: RequestContract) -> dict[str, Schema]:
    columns = [HOUSE_ID, *contract.features]
    overrides = [_table([HOUSE_ID, name], contract) for name in contract.features]
    described: dict[str, Schema] = {
        "RawFeatures": _table(contract.used, contract) | {"description": "The stored features that the model needs."},
        "AllFeatures": _table(list(contract.features), contract)
        | {"description": "Every feature of the contract; those that the model does not use are only checked."},
        "HouseIds": _table([HOUSE_ID], contract) | {"description": "Houses whose features are looked up."},
        "WhatIf": {"anyOf": overrides, "description": "Houses with a feature changed."},
    }
    names: Schema = {"type": "array", "items": {"enum": columns}, "minItems": 1, "uniqueItems": True}
    value: Schema = {"type": ["number", "null"]}
    rows: Schema = {"type": "array", "items": {"type": "array", "items": value, "minItems": 1}}
    any_columns = {"names": names, "ndarray": rows | _row_limits(contract)}
    size = {"type": "integer", "minimum": 1}
    sizes: Schema = {"type": "array", "prefixItems": [size, size], "minItems": 2, "items": False}
    tensor = {"shape": sizes, "values": {"type": "array", "items": value, "minItems": 1}}
    needed = f"either {HOUSE_ID} or all of {', '.join(contract.used)}"
    return described | {
        "AnyColumns": _object(any_columns)
        | {
            "description": f"Columns in any order, one value a name in each row; needed: {needed}. "
            "What is given beside house_id overrides the stored value. Each value keeps to the schema of its feature."
        },
        "Tensor": _object({"names": names, "tensor": _object(tensor)})
        | {"description": "The same as rows times columns values in one list, row by row."},
    }


def _table(names: Sequence[str], contract: RequestContract) -> Schema:
    """Rows of exactly these columns in this order."""
    columns = [ref(name if name == HOUSE_ID else FEATURE + name) for name in names]
    row = {"type": "array", "prefixItems": columns, "minItems": len(names), "maxItems": len(names)}
    return _object(
        {"names": {"const": list(names)}, "ndarray": {"type": "array", "items": row} | _row_limits(contract)}
    )


def _row_limits(contract: RequestContract) -> Schema:
    return {"minItems": 1, "maxItems": contract.max_rows}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _request_tags() -> Schema:
    explain = {"type": "boolean", "description": "true: the reply has each row's reasons in `meta.tags.explanations`."}
    probe = {"type": "boolean", "description": "true: the rows are a test; they are left out of the drift profiles."}
    features = {"type": "boolean", "description": "true: the reply has what each price was made from, in `features`."}
    return {"type": "object", "properties": {"explain": explain, "features": features, "probe": probe}}


def _prediction(contract: RequestContract, metadata: Metadata) -> Schema:
    target, unit = metadata.target, metadata.units.get(metadata.target, "")
    columns = [target, f"{target}_low", f"{target}_high"]
    width = {"minItems": len(columns), "maxItems": len(columns)}
    row = {"type": "array", "items": {"type": "number"}, **width}
    described = f"The price and the ends of its interval, in {unit}; one row for each row of the request, in its order."
    data = {
        "names": {"const": columns},
        "ndarray": {"type": "array", "items": row, "description": described, "x-unit": unit} | _row_limits(contract),
        "tensor": _object({"shape": {"type": "array"}, "values": {"type": "array", "items": {"type": "number"}}}),
    }
    answer: Schema = {"type": "object", "required": ["names"], "properties": data}
    answer["oneOf"] = [{"required": ["ndarray"]}, {"required": ["tensor"]}]
    tags = {"anyOf": [_reply_tags(), _mixed_tags()]}
    return _object({"data": answer, "meta": _object({"tags": tags})})


def _mixed_tags() -> Schema:
    """Of a batch that two versions priced (serving.rollouts.mixed)."""
    whole = _reply_tags()["properties"]
    of_all = {name: whole[name] for name in ("model", "inference_ms")}
    own = {name: whole[name] for name in ("feature_service", "features_used", "coverage")}
    own_too = own | {name: whole[name] for name in ("receipt", "features")}
    of_all["versions"] = {
        "type": "array",
        "items": {"type": "string"},
        "description": "The version that priced each row, where a challenger is tried and prices some of them.",
    }
    of_all["by_version"] = {
        "type": "object",
        "additionalProperties": _object(own) | {"properties": own_too},
        "description": "What each version says of its rows; row k of its receipt is the k-th row of that version.",
    }
    by_row = {name: whole[name] for name in ("expired", "explanations")}
    return _object(of_all) | {"properties": of_all | by_row}


def _reply_tags() -> Schema:
    always = {
        "model": {"type": "string"},
        "version": {"type": "string", "description": "The registered version that answered."},
        "feature_service": {"type": "string", "description": "The Feast feature service of that version."},
        "features_used": {"type": "array", "items": {"type": "string"}},
        "inference_ms": {"type": "number", "minimum": 0, "description": "Milliseconds from the decoded request on."},
        "coverage": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "The share of true prices that lie within such intervals, as promised.",
        },
    }
    sometimes = {
        "receipt": {
            "type": ["string", "null"],
            "description": "By it the prediction can be rebuilt and feedback given; null: it could not be written.",
        },
        "expired": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "The rows whose features are older than their time to live, where a setting answers them.",
        },
        "explanations": {"type": "array", "items": _reasons(), "description": "The reasons, row by row."},
        "features": _inputs(),
    }
    return _object(always) | {"properties": always | sometimes}


def _inputs() -> Schema:
    value = {"type": ["number", "null"]}
    row = {"type": "array", "items": value}
    times = {"type": ["array", "null"], "items": {"type": "number"}}
    inputs = {
        "names": {"type": "array", "items": {"type": "string"}, "description": "In training order."},
        "rows": {"type": "array", "items": row, "description": "Row by row; null where a value is missing."},
        "event_times": times | {"description": "When they were observed, in seconds since 1970; null: all were sent."},
    }
    return _object(inputs) | {"description": "What the prices were made from, where it was asked for."}


def _reasons() -> Schema:
    number = {"type": "number"}
    top = {
        "feature": {"type": "string"},
        "value": {"type": ["number", "null"]},
        "unit": {"type": "string"},
        "contribution": number,
        "description": {"type": "string"},
    }
    reasons = {
        "base_value": number | {"description": "The price of no house in particular."},
        "contributions": {"type": "object", "additionalProperties": number, "description": "What each feature adds."},
        "top": {"type": "array", "items": _object(top), "description": "The features that add or take away most."},
    }
    return _object(reasons) | {"description": "They add up to the price, in its unit."}


def _receipt() -> Schema:
    text: Schema = {"type": "string"}
    number: Schema = {"type": "number"}
    values: Schema = {"type": "object", "additionalProperties": number}
    value: Schema = {"feature": text, "value": {"type": ["number", "null"]}, "unit": text}
    value |= {"event_time": {"type": ["string", "null"], "description": "null: the caller sent the value."}}
    row = dict.fromkeys(("receipt", "time", "model", "version", "feature_service", "unit"), text)
    row |= {"row": {"type": "integer"}, "house_id": {"type": ["integer", "null"]}}
    row |= {"features": {"type": "array", "items": _object(value)}}
    row |= {"answered": values}
    row |= {"rebuilt": values | {"type": ["object", "null"]}, "identical": {"type": "boolean"}}
    same = {"type": ["boolean", "null"], "description": "To the last bit; null: the version's bundle is not kept here."}
    return _object({"receipt": text, "identical": same, "rows": {"type": "array", "items": _object(row)}})


def _versions() -> Schema:
    text: Schema = {"type": "string"}
    number: Schema = {"type": "number"}
    version = dict.fromkeys(("version", "experiment", "created_at"), text)
    version |= {"features": {"type": "array", "items": text}}
    version |= {"metrics": {"type": "object", "additionalProperties": number}}
    return _object({"serving": text, "versions": {"type": "array", "items": _object(version)}})


def _feedback(target: str) -> Schema:
    message: Schema = {"type": "object", "description": "The Seldon message that was sent, or that was answered."}
    receipt = {"type": "string", "description": "Of the whole reply; with `/` and a row's number, of that row."}
    echoed = {
        "meta": {"type": "object", "properties": {"tags": {"type": "object", "properties": {"receipt": receipt}}}}
    }
    prices = {
        "names": {"const": [target]},
        "ndarray": {"type": "array", "minItems": 1, "items": {"type": "array", "items": {"type": "number"}}},
    }
    truth: Schema = {
        "type": "object",
        "properties": {"data": {"type": "object", "properties": prices}},
        "description": f"A Seldon message with the true {target}, one for each row of the receipt or of the request.",
    }
    reward = {"type": "number", "description": "Seldon's measure of how good the answer was."}
    said = message | {"properties": echoed}
    return {
        "type": "object",
        "properties": {"request": said, "response": said, "truth": truth, "reward": reward},
        "minProperties": 1,
        "description": "What came true, by the receipt of the reply or by the house ids of the request.",
        "examples": [
            {
                "request": {"data": {"names": [HOUSE_ID], "ndarray": [[17]]}},
                "truth": {"data": {"names": [target], "ndarray": [[23.1]]}},
            }
        ],
    }


def _error() -> Schema:
    detail = {
        "type": "object",
        "properties": {
            "row": {"type": "integer", "minimum": 0, "description": "The row of the request, counted from 0."},
            "feature": {"type": "string"},
            "value": {"description": "What came.", "type": ["number", "string", "boolean", "null"]},
            "allowed": {"type": "string"},
            "remedy": {"type": "string"},
        },
    }
    status = {
        "code": {"type": "integer", "description": "The HTTP status."},
        "reason": {"type": "string", "description": "A fixed word for the cause."},
        "info": {"type": "string", "description": "What was wanted, what came, how to mend it."},
        "status": {"const": "FAILURE"},
        "details": {"type": "array", "items": detail, "description": "Every fault of every row, at most 100."},
    }
    return _object({"status": _object(status)})
