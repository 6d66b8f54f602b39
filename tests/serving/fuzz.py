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
            case.validate_response(reply, checks=checks)
            if reply.headers["content-type"][0].startswith("application/json"):
                assert not TRACE.search(reply.content)
                strict(reply.content)
            outcomes[f"{mode.value}, {case.path}", reply.status_code] += 1

        run()
    return outcomes


def without_forms(document: dict[str, Any]) -> dict[str, Any]:
    """The document with JSON as the only type of a body."""
    plain = copy.deepcopy(document)
    for path in (PREDICTIONS, FEEDBACK):
        content = plain["paths"][path]["post"]["requestBody"]["content"]
        plain["paths"][path]["post"]["requestBody"]["content"] = {"application/json": content["application/json"]}
    return plain


def only_exact(document: dict[str, Any]) -> dict[str, Any]:
    """The document without the forms of a request whose validity a schema cannot say."""
    exact = without_forms(document)
    exact["paths"] = {PREDICTIONS: exact["paths"][PREDICTIONS]}
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


# Single values as text: JSON that is no feature's value, and what is no JSON.
ODD = ["1e-400", "-0.0", "true", "false", "null", '""', '"6.5"', "9" * 19, "-" + "9" * 19, "9" * 400, "1" * 4000]
ODD += [
    '"\\u0000"',
    '"😀"',
    "[]",
    "{}",
    "[1]",
    '{"a":[]}',
    '"' + "x" * 5000 + '"',
    "9223372036854775807",
    "1e19",
    "1e308",
]
BROKEN = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", '"\\ud800"', "0x1", "1.", ".5", "+1", "01", "'a'", ""]
BROKEN += ["undefined", "[" * 4000 + "]" * 4000, "//", '"\n"']
NAMES = ['"crim"', '"__class__"', '"MEDV"', '" RM"', '"R\\u004d"', '"house\\u005fid"', *ODD]


def values(odd: list[str]) -> st.SearchStrategy[str]:
    """One value as text: mostly a number, now and then one of `odd`."""
    numbers = st.one_of(st.integers(-3, 600), st.floats(0, 12), st.floats(allow_nan=False, allow_infinity=False))
    nested = st.integers(1, 60).map(lambda depth: "[" * depth + "]" * depth)
    return st.integers(0, 9).flatmap(
        lambda die: (nested if die == 0 else st.sampled_from(odd)) if die < 2 else numbers.map(json.dumps)
    )


def bodies(features: list[str]) -> st.SearchStrategy[bytes]:
    """Bodies near and far from a prediction request; one in some is no JSON."""
    good = st.sampled_from([json.dumps(name) for name in features])
    names = st.lists(st.one_of(good, good, good, st.sampled_from(NAMES)), max_size=16)
    fixed = st.sampled_from([['"house_id"'], ['"house_id"', '"RM"'], [json.dumps(name) for name in features]])
    odd = st.sampled_from([["null"], ODD, ODD, [*ODD, *BROKEN]])
    tables = st.tuples(st.one_of(names, fixed, fixed), odd).flatmap(lambda drawn: _table(*drawn))
    tree = st.recursive(st.sampled_from(ODD), _nested, max_leaves=20).map(_encoded)
    return st.integers(0, 9).flatmap(
        lambda die: tables if die < 6 else _wrapped() if die < 8 else tree if die < 9 else st.binary(max_size=300)
    )


def _table(names: list[str], odd: list[str]) -> st.SearchStrategy[bytes]:
    width = len(names)
    widths = st.sampled_from([width, width, width, width, max(width - 1, 0), width + 1])
    row = widths.flatmap(lambda size: st.lists(values(odd), min_size=size, max_size=size)).map(_list)
    rows = st.lists(st.one_of(row, row, row, row, st.sampled_from(odd)), min_size=1, max_size=6).map(_list)
    listed = rows.map(lambda text: f'"ndarray":{text}')
    odd_content = st.sampled_from(['"ndarray":[]', '"a":1', '"ndarray":[[1]],"tensor":{"shape":[1,1],"values":[1]}'])
    content = st.one_of(listed, listed, listed, _tensor(width, odd), odd_content)
    return st.builds(
        lambda body, meta: _encoded(f'{{"data":{{"names":{_list(names)},{body}}}{meta}}}'), content, metas(odd)
    )


def _tensor(width: int, odd: list[str]) -> st.SearchStrategy[str]:
    sizes = st.lists(st.sampled_from(["1", "2", "3", "0", "-1", "1.0", str(width), "9" * 30]), max_size=3).map(_list)
    right = st.integers(1, 3).flatmap(
        lambda rows: st.lists(values(odd), min_size=rows * width, max_size=rows * width).map(
            lambda flat: (f"[{rows},{width}]", _list(flat))
        )
    )
    wrong = st.tuples(sizes, st.lists(values(odd), max_size=width * 3).map(_list))
    return st.one_of(right, wrong).map(lambda pair: f'"tensor":{{"shape":{pair[0]},"values":{pair[1]}}}')


def metas(odd: list[str]) -> st.SearchStrategy[str]:
    """What may stand behind the data."""
    tags = st.sampled_from(["probe", "explain", "features", "other"]).flatmap(
        lambda tag: st.sampled_from(["true", "true", *odd]).map(lambda value: f',"meta":{{"tags":{{"{tag}":{value}}}}}')
    )
    return st.one_of(st.just(""), st.just(""), tags, st.sampled_from(odd).map(lambda meta: f',"meta":{meta}'))


def _wrapped() -> st.SearchStrategy[bytes]:
    key = st.sampled_from(["data", "names", "ndarray", "tensor", "meta", "strData", "jsonData", "binData", "status"])
    return st.lists(st.tuples(key, st.sampled_from(ODD)), max_size=4).map(
        lambda pairs: _encoded("{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}")
    )


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    key = st.sampled_from(['"data"', '"names"', '"ndarray"', '"meta"', '"tags"', '"truth"', '"request"', '"a"'])
    members = st.lists(st.tuples(key, inner), max_size=4).map(
        lambda pairs: "{" + ",".join(f"{name}:{value}" for name, value in pairs) + "}"
    )
    return st.one_of(st.lists(inner, max_size=4).map(_list), members, members)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


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
    # A form's field that is any text is no message: all of them would be 400.
    outcomes = from_document(without_forms(document), transport, headers, part, GenerationMode.POSITIVE)
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
