"""Generated requests to the service, and what every answer must be.

`python -m tests.serving.fuzz URL --requests 10000 [--key KEY]` sends them to a running service and prints the outcomes.
"""

import argparse
import copy
import json
import re
import sys
import urllib.request
from collections import Counter
from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis import checks as builtin
from schemathesis.config import SchemathesisConfig

PREDICTIONS = "/api/v1.0/predictions"
FEEDBACK = "/api/v1.0/feedback"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
)
# The key is not what is varied here.
REFUSALS = {"expected-statuses": ["400", "404", "413", "415", "422"]}
CONFIG = {"generation": {"with-security-parameters": False}, "checks": {"negative_data_rejection": REFUSALS}}
TRACE = re.compile(rb"Traceback|File \"|\.py\b|line \d+, in ")
Outcomes = Counter[tuple[str, int]]


def strict(body: bytes) -> Any:
    """The body as strict JSON: `NaN` and its like fail."""

    def refuse(name: str) -> Any:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(body, parse_constant=refuse)


def judge(status: int, media_type: str, body: bytes, allowed: tuple[int, ...]) -> None:
    """Fail unless the answer has a documented status, is JSON of the right shape and shows no trace."""
    assert status in allowed, (status, body[:500])
    assert media_type.startswith("application/json"), media_type
    assert not TRACE.search(body), body[:500]
    assert len(body) < 100_000, len(body)
    answer = strict(body)
    if status >= 400:
        assert set(answer) == {"status"}
        assert set(answer["status"]) == {"code", "reason", "info", "status", "details"}
        assert (answer["status"]["code"], answer["status"]["status"]) == (status, "FAILURE")
        assert status != 422 or answer["status"]["info"]


def from_document(
    document: dict[str, Any], transport: Mapping[str, Any], headers: dict[str, str], examples: int, mode: GenerationMode
) -> Outcomes:
    """The outcomes of requests that Schemathesis makes from the document, `examples` for each operation with a body."""
    schema = schemathesis.openapi.from_dict(copy.deepcopy(document), config=SchemathesisConfig.from_dict(CONFIG))
    checks = builtin.CHECKS.get_by_names(list(CHECKS))
    outcomes: Outcomes = Counter()
    for result in schema.get_all_operations():
        operation = result.ok()
        has_body = operation.method == "post"
        if mode is GenerationMode.NEGATIVE and not has_body:
            continue  # without parameters there is nothing to get wrong

        @bounded(examples if has_body else 1)
        @given(case=operation.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            reply = case.call(headers=headers, **transport)
            # Protobuf's JSON form of a feedback message takes more than the document promises.
            lenient = ["negative_data_rejection"] if case.path == FEEDBACK else []
            case.validate_response(reply, checks=checks, excluded_checks=builtin.CHECKS.get_by_names(lenient))
            if reply.headers["content-type"][0].startswith("application/json"):
                assert not TRACE.search(reply.content)
                strict(reply.content)
            outcomes[f"{mode.value}, {case.path}", reply.status_code] += 1

        run()
    return outcomes


def only_exact(document: dict[str, Any]) -> dict[str, Any]:
    """The document without the forms of a request whose validity a schema cannot say."""
    exact = copy.deepcopy(document)
    exact["paths"] = {PREDICTIONS: exact["paths"][PREDICTIONS]}
    exact["paths"][PREDICTIONS]["post"]["requestBody"]["content"].popitem()
    forms = exact["components"]["schemas"]["PredictionRequest"]["properties"]["data"]["anyOf"]
    forms[:] = [form for form in forms if not form["$ref"].endswith(("/AnyColumns", "/Tensor"))]
    return exact


def bounded(examples: int) -> settings:
    """Hypothesis' settings for so many examples, the same ones in each run."""
    unbounded = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example]
    unbounded += [HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    phases = (Phase.explicit, Phase.generate)
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=phases,
        suppress_health_check=unbounded,
    )


ODD = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-400", "-0.0", "true", "false", "null", '""', '"6.5"']
ODD += [
    "9" * 19,
    "-" + "9" * 19,
    "9" * 400,
    "1" * 5000,
    '"\\ud800"',
    '"\\u0000"',
    '"😀"',
    "[]",
    "{}",
    "[1]",
    '{"a":[]}',
]
ODD += ["0x1", "1.", ".5", "+1", "01", "'a'", "", "undefined", '"' + "x" * 5000 + '"', "9223372036854775807", "1e19"]


def values() -> st.SearchStrategy[str]:
    """One value as text: mostly a number, now and then anything else."""
    numbers = st.one_of(st.integers(-3, 600), st.floats(0, 12), st.floats(allow_nan=False)).map(json.dumps)
    depths = st.integers(1, 4000).map(lambda depth: "[" * depth + "]" * depth)
    return st.one_of(numbers, numbers, st.sampled_from(ODD), depths)


def bodies(features: list[str]) -> st.SearchStrategy[bytes]:
    """Bodies near and far from a prediction request, not all of them JSON."""
    odd_names = [*ODD, '"crim"', '"__class__"', '"MEDV"', '" RM"', '"R\\u004d"']
    good = st.sampled_from([json.dumps(name) for name in features])
    names = st.lists(st.one_of(good, good, good, st.sampled_from(odd_names)), max_size=16)
    fixed = st.sampled_from([['"house_id"'], ['"house_id"', '"RM"'], [json.dumps(name) for name in features]])
    return st.one_of(
        st.tuples(st.one_of(names, fixed), st.data()).flatmap(lambda drawn: _table(drawn[0])),
        _wrapped(),
        st.binary(max_size=300),
        st.recursive(st.sampled_from(ODD), _nested, max_leaves=20).map(str.encode),
    )


def _table(names: list[str]) -> st.SearchStrategy[bytes]:
    width = len(names)
    widths = st.sampled_from([width, width, width, max(width - 1, 0), width + 1])
    row = widths.flatmap(lambda size: st.lists(values(), min_size=size, max_size=size)).map(_list)
    rows = st.lists(st.one_of(row, row, row, st.sampled_from(ODD)), max_size=6).map(_list)
    flat = st.lists(values(), max_size=width * 3).map(_list)
    shape = st.lists(st.sampled_from(["1", "2", "3", "0", "-1", "1.0", str(width), "9" * 30]), max_size=3).map(_list)
    tensor = st.builds('{{"shape":{},"values":{}}}'.format, shape, flat)
    listed = st.builds('"ndarray":{}'.format, rows)
    content = st.one_of(
        listed, listed, st.builds('"tensor":{}'.format, tensor), st.sampled_from(['"ndarray":[]', '"a":1'])
    )
    return st.builds(
        lambda body, meta: f'{{"data":{{"names":{_list(names)},{body}}}{meta}}}'.encode("utf-8", "surrogatepass"),
        content,
        metas(),
    )


def metas() -> st.SearchStrategy[str]:
    """What may stand behind the data."""
    tags = st.sampled_from(["probe", "explain", "other"]).flatmap(
        lambda tag: st.sampled_from(ODD).map(lambda value: f',"meta":{{"tags":{{"{tag}":{value}}}}}')
    )
    return st.one_of(st.just(""), st.just(""), tags, st.sampled_from(ODD).map(lambda odd: f',"meta":{odd}'))


def _wrapped() -> st.SearchStrategy[bytes]:
    key = st.sampled_from(["data", "names", "ndarray", "tensor", "meta", "strData", "jsonData", "binData", "status"])
    return st.lists(st.tuples(key, st.sampled_from(ODD)), max_size=4).map(
        lambda pairs: ("{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}").encode()
    )


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    key = st.sampled_from(['"data"', '"names"', '"ndarray"', '"meta"', '"tags"', '"truth"', '"request"', '"a"'])
    members = st.lists(st.tuples(key, inner), max_size=4).map(
        lambda pairs: "{" + ",".join(f"{name}:{value}" for name, value in pairs) + "}"
    )
    return st.one_of(st.lists(inner, max_size=4).map(_list), members, members)


def _list(items: list[str]) -> str:
    return "[" + ",".join(items) + "]"


def beyond_document(features: list[str], send: Any, examples: int) -> Outcomes:
    """The outcomes of bodies that no schema describes, sent by `send(path, body) -> (status, media type, body)`."""
    outcomes: Outcomes = Counter()

    @bounded(examples)
    @given(st.sampled_from([PREDICTIONS, PREDICTIONS, PREDICTIONS, FEEDBACK]), bodies(features))
    def run(path: str, body: bytes) -> None:
        status, media_type, answer = send(path, body)
        judge(status, media_type, answer, (200, 400, 404, 413, 422))
        outcomes[f"odd bodies, {path}", status] += 1

    run()
    return outcomes


def campaign(
    document: dict[str, Any], transport: Mapping[str, Any], headers: dict[str, str], send: Any, requests: int
) -> Outcomes:
    """The outcomes of about so many requests: a half from the document, a half beyond it."""
    part = max(requests // 8, 1)
    features = [name.removeprefix("Feature_") for name in document["components"]["schemas"] if "Feature_" in name]
    outcomes = from_document(document, transport, headers, part, GenerationMode.POSITIVE)
    outcomes += from_document(document, transport, headers, part, GenerationMode.NEGATIVE)
    return outcomes + beyond_document(features, send, requests - 4 * part)


def main() -> None:
    """Print how many requests had which outcome; an answer that must not be ends it with the request in hand."""
    parser = argparse.ArgumentParser(prog="python -m tests.serving.fuzz", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--key", default="")
    wanted = parser.parse_args()
    headers = {"X-API-Key": wanted.key} if wanted.key else {}
    with urllib.request.urlopen(f"{wanted.url}/seldon.json", timeout=30) as answer:  # noqa: S310  # the caller's own
        document = json.load(answer)
    import requests

    session = requests.Session()

    def send(path: str, body: bytes) -> tuple[int, str, bytes]:
        sent = {**headers, "Content-Type": "application/json"}
        reply = session.post(wanted.url + path, data=body, headers=sent, timeout=30)
        return reply.status_code, reply.headers["Content-Type"], reply.content

    transport = {"base_url": wanted.url, "session": session}
    outcomes = campaign(document, transport, headers, send, wanted.requests)
    total: Counter[int] = Counter()
    for (kind, status), count in sorted(outcomes.items()):
        sys.stdout.write(f"{kind:45} {status} {count:7}\n")
        total[status] += count
    sys.stdout.write(f"{outcomes.total()} requests: {dict(sorted(total.items()))}\n")


if __name__ == "__main__":
    main()
