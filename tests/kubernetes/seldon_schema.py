"""What a SeldonDeployment must be: the fields of Seldon's own types, Kubernetes' schemas inside them, and its webhook.

Written after the Go types and the validating webhook of Seldon Core 1 (operator/apis/machinelearning.seldon.io/v1;
Apache-2.0), read in stored versions that need not be exactly 1.17.1. The generated definition is 1.7 to 1.9 MB, nearly
all of it copies of Kubernetes' pod: here that part is checked by Kubernetes' own schemas. Of a stored one (the chart's,
made by controller-gen 0.7.0) the beginning and the end were read beside this: spec, status, the orchestrator's part and
what is required of a predictor agree. Unknown fields are faults, where
the API server would drop them in silence.
"""

from typing import Any

import jsonschema
import kubernetes_validate

# What was the newest when Seldon 1.17.1 was made: newer fields of a pod are not in its definition, and are dropped.
KUBERNETES = "1.25"

TEXT, NUMBER, TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
ANY = {"type": "object"}  # checked by Kubernetes' schemas


def _fields(required: tuple[str, ...] = (), **known: Any) -> dict[str, Any]:
    return {"type": "object", "properties": known, "required": list(required), "additionalProperties": False}


def _listed(one: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": one}


UNIT = _fields(
    ("name",),
    name=TEXT,
    children=_listed({"$ref": "#/$defs/unit"}),
    type={"enum": ["UNKNOWN_TYPE", "ROUTER", "COMBINER", "MODEL", "TRANSFORMER", "OUTPUT_TRANSFORMER"]},
    implementation=TEXT,
    methods=_listed(TEXT),
    endpoint=_fields((), service_host=TEXT, service_port=NUMBER, type=TEXT, httpPort=NUMBER, grpcPort=NUMBER),
    parameters=_listed(_fields(("name", "type", "value"), name=TEXT, type=TEXT, value=TEXT)),
    modelUri=TEXT,
    serviceAccountName=TEXT,
    envSecretRefName=TEXT,
    storageInitializerImage=TEXT,
    logger=_fields((), mode=TEXT, url=TEXT),
)
COMPONENT = _fields(
    (),
    metadata=_fields((), name=TEXT, labels=TEXTS, annotations=TEXTS),
    spec=ANY,
    hpaSpec=_fields(
        ("maxReplicas",), minReplicas=NUMBER, maxReplicas=NUMBER, metrics=_listed(ANY), metricsv2=_listed(ANY)
    ),
    replicas=NUMBER,
    kedaSpec=ANY,
    pdbSpec=_fields((), minAvailable={}, maxUnavailable={}),
)
PREDICTOR = _fields(
    ("name", "graph"),
    name=TEXT,
    graph={"$ref": "#/$defs/unit"},
    componentSpecs=_listed(COMPONENT),
    replicas=NUMBER,
    annotations=TEXTS,
    engineResources=ANY,
    labels=TEXTS,
    svcOrchSpec=ANY,
    traffic=NUMBER,
    explainer=ANY,
    shadow=TRUTH,
    ssl=_fields((), certSecretName=TEXT),
)
SCHEMA = _fields(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion={"const": "machinelearning.seldon.io/v1"},
    kind={"const": "SeldonDeployment"},
    metadata=ANY,
    spec=_fields(
        ("predictors",),
        name=TEXT,
        predictors=_listed(PREDICTOR),
        oauth_key=TEXT,
        oauth_secret=TEXT,
        annotations=TEXTS,
        protocol={"enum": ["seldon", "tensorflow", "kfserving", "v2"]},
        transport={"enum": ["rest", "grpc"]},
        replicas=NUMBER,
        serverType={"enum": ["rpc", "kafka"]},
    ),
) | {"$defs": {"unit": UNIT}}


def faults(document: dict[str, Any]) -> list[str]:
    """What the API server would drop, or Seldon's webhook refuse; none: the document is sound."""
    found = [
        f"{'/'.join(str(part) for part in error.absolute_path)}: {error.message}"
        for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)
    ]
    if found:
        return found
    predictors = document["spec"]["predictors"]
    for predictor in predictors:
        for component in predictor.get("componentSpecs", []):
            found += _of_kubernetes(component)
        found += _of_graph(predictor)
    return found + _of_traffic(predictors)


def _of_kubernetes(component: dict[str, Any]) -> list[str]:
    """Faults of the pod and of the scaling; the metrics of v2beta1 are not offered any more."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": component.get("spec", {})}
    found = _strictly(pod)
    if "hpaSpec" in component:
        asked = dict(component["hpaSpec"])
        if "metrics" in asked:
            return [*found, "hpaSpec: metrics has the shape of autoscaling/v2beta1; wanted metricsv2"]
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
        spec = {"scaleTargetRef": target, "metrics": asked.pop("metricsv2", []), **asked}
        found += _strictly({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": spec})
    return found


def _strictly(document: dict[str, Any]) -> list[str]:
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as err:
        return [f"{document['kind']}: {'/'.join(str(part) for part in err.path)}: {err.message}"]
    return []


def _of_graph(predictor: dict[str, Any]) -> list[str]:
    """Each unit has a container of its name, and a type that does something; a wrong type passes the webhook."""
    names = {
        container["name"]
        for component in predictor.get("componentSpecs", [])
        for container in component["spec"]["containers"]
    }
    units, found = [predictor["graph"]], []
    for unit in units:
        units += unit.get("children", [])
        if "implementation" not in unit and unit["name"] not in names:
            found.append(f"{predictor['name']}: no container for the unit {unit['name']!r}; there are {sorted(names)}")
    if predictor.get("annotations", {}).get("seldon.io/no-engine") == "true" and len(units) > 1:
        found.append(f"{predictor['name']}: without the engine a graph has one unit, this one has {len(units)}")
    return found


def _of_traffic(predictors: list[dict[str, Any]]) -> list[str]:
    names = [predictor["name"] for predictor in predictors]
    found = [f"the predictor {name!r} is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    shown = [predictor for predictor in predictors if not predictor.get("shadow")]
    total = sum(predictor.get("traffic", 0) for predictor in shown)
    if len(predictors) - len(shown) > 1:
        found.append("only one predictor may be a shadow")
    if not shown:
        found.append("a shadow needs a predictor beside it")
    if total != 100 and (len(shown) > 1 or total > 0):
        found.append(f"the traffic of the predictors adds up to {total}, wanted 100")
    return found
