"""A double of the API server for SeldonDeployments and pods, as much of it as kubectl and a deployment ask for.

What it does as the real one: discovery; server-side apply with owners of fields (a list without keys is one field, as
in Seldon's definition), force, resource versions, generations that grow with the spec only, `status` as a subresource;
strict field validation and the operator's webhook (tests/kubernetes/seldon_schema.py); 403, 404, 409 and 422 in the API
server's own words. What it does not: watches, other kinds, other patches than merge patches and server-side apply.
"""

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.kubernetes.seldon_schema import faults

Object = dict[str, Any]
GROUP = "machinelearning.seldon.io"
SDEP = f"/apis/{GROUP}/v1/namespaces/house-prices/seldondeployments"
PODS = "/api/v1/namespaces/house-prices/pods"
NAMES = {
    "name": "seldondeployments",
    "singularName": "seldondeployment",
    "namespaced": True,
    "kind": "SeldonDeployment",
}
VERBS = ["create", "delete", "get", "list", "patch", "update"]
DISCOVERY: dict[str, Object] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList", "apiVersion": "v1",
        "groups": [{
            "name": GROUP, "versions": [{"groupVersion": f"{GROUP}/v1", "version": "v1"}],
            "preferredVersion": {"groupVersion": f"{GROUP}/v1", "version": "v1"},
        }],
    },
    "/api/v1": {
        "kind": "APIResourceList", "groupVersion": "v1",
        "resources": [{"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["list"]}],
    },
    f"/apis/{GROUP}/v1": {
        "kind": "APIResourceList", "groupVersion": f"{GROUP}/v1",
        "resources": [NAMES | {"verbs": VERBS, "shortNames": ["sdep"]}],
    },
}  # fmt: skip


class Refusal(Exception):  # noqa: N818  # an answer, not a fault of the test
    """An answer that is an error."""

    def __init__(self, code: int, reason: str, message: str, causes: list[Object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.body = {
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason,
            "code": code, "details": {"causes": causes or []},
        }  # fmt: skip


@dataclass
class ApiServer:
    """What the server holds, and what it has been told to do.

    Attributes:
        objects: SeldonDeployments by name.
        owners: of the fields of each object: the manager by the field's path.
        pods: what a list of pods says.
        forbidden: verbs that this account may not use.
        changed: called after each change of a spec: the operator.
        history: the predictors after each change: name, traffic and whether it is a shadow.
    """

    objects: dict[str, Object] = field(default_factory=dict)
    owners: dict[str, dict[str, str]] = field(default_factory=dict)
    pods: list[Object] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)
    changed: Callable[[Object], None] = lambda _: None
    history: list[list[tuple[str, int, bool]]] = field(default_factory=list)
    address: str = ""
    version: int = 0
    lock: Any = field(default_factory=threading.RLock)

    def report(self, name: str, status: Object) -> None:
        """What the operator writes: the status, which changes the resource version and not the generation."""
        with self.lock:
            self.version += 1
            self.objects[name]["status"] = status
            self.objects[name]["metadata"]["resourceVersion"] = str(self.version)

    def answer(self, verb: str, path: str, query: dict[str, str], body: Object) -> Object:
        """The answer to a call, as JSON."""
        if verb == "get" and path in DISCOVERY:
            return DISCOVERY[path]
        if verb in self.forbidden:
            what = (
                f'{"pods" if path == PODS else "seldondeployments." + GROUP} is forbidden: User "tester" cannot {verb}'
            )
            raise Refusal(403, "Forbidden", what)
        if path == PODS:
            return {"kind": "PodList", "apiVersion": "v1", "items": self._pods(query.get("labelSelector", ""))}
        if path == SDEP and verb == "get":
            return {"kind": "SeldonDeploymentList", "apiVersion": f"{GROUP}/v1", "items": list(self.objects.values())}
        if not path.startswith(f"{SDEP}/"):
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        return self._object(verb, path.removeprefix(f"{SDEP}/"), query, body)

    def _pods(self, selector: str) -> list[Object]:
        key, _, value = unquote(selector).partition("=")
        return [pod for pod in self.pods if not key or pod["metadata"]["labels"].get(key) == value]

    def _object(self, verb: str, name: str, query: dict[str, str], body: Object) -> Object:
        with self.lock:
            live = self.objects.get(name)
            if verb != "apply" and live is None:
                raise Refusal(404, "NotFound", f'seldondeployments.{GROUP} "{name}" not found')
            wanted = (body.get("preconditions") or body.get("metadata") or {}).get("resourceVersion")
            if live and wanted not in (None, live["metadata"]["resourceVersion"]):
                raise Refusal(
                    409, "Conflict", f'Operation cannot be fulfilled on "{name}": the object has been modified'
                )
            if verb == "get":
                return copy.deepcopy(live or {})
            if verb == "delete":
                del self.objects[name], self.owners[name]
                self.history.append([])
                return {"kind": "Status", "apiVersion": "v1", "status": "Success"}
            manager, force = query.get("fieldManager", "unknown"), query.get("force") == "true"
            new = self._applied(name, live, body, manager, force) if verb == "apply" else _merged(live or {}, body)
            if verb != "apply":
                self._own(name, _leaves(body), manager)
            return self._keep(name, live, new)

    def _applied(self, name: str, live: Object | None, body: Object, manager: str, force: bool) -> Object:
        fields, owners, before = _leaves(body), self.owners.setdefault(name, {}), _leaves(live or {})
        taken = {
            path: owners[path]
            for path, value in fields.items()
            if owners.get(path, manager) != manager and before.get(path) != value
        }
        if taken and not force:
            causes = [
                {"reason": "FieldManagerConflict", "message": f'conflict with "{who}" using {GROUP}/v1', "field": path}
                for path, who in taken.items()
            ]
            words = "; ".join(f'conflict with "{who}" using {GROUP}/v1: {path}' for path, who in taken.items())
            raise Refusal(409, "Conflict", f"Apply failed with {len(taken)} conflict: {words}", causes)
        gone = {path for path, who in owners.items() if who == manager and path not in fields}
        self._own(name, fields, manager)
        new = _merged(live or {}, body)
        for path in gone:
            del owners[path]
            _remove(new, path)
        return new

    def _own(self, name: str, fields: dict[str, Any], manager: str) -> None:
        self.owners.setdefault(name, {}).update(dict.fromkeys(fields, manager))

    def _keep(self, name: str, live: Object | None, new: Object) -> Object:
        if found := faults({key: value for key, value in new.items() if key != "status"}):
            raise Refusal(422, "Invalid", f'SeldonDeployment "{name}" is invalid: {"; ".join(found)}')
        new["metadata"].pop("managedFields", None)
        if live is None or new != live:
            self.version += 1
            generation = (live or {}).get("metadata", {}).get("generation", 0)
            turned = live is None or new["spec"] != live["spec"]
            new["metadata"] |= {
                "resourceVersion": str(self.version), "generation": generation + turned, "uid": "1",
                "creationTimestamp": "2026-01-01T00:00:00Z",
            }  # fmt: skip
            self.objects[name] = new
            if turned:
                shares = [(p["name"], p.get("traffic", 0), bool(p.get("shadow"))) for p in new["spec"]["predictors"]]
                self.history.append(shares)
                self.changed(new)
        return copy.deepcopy(self.objects[name])


def _leaves(node: Any, path: str = "") -> dict[str, Any]:
    """The fields that somebody can own: everything but maps, and what an object is named by."""
    if not isinstance(node, dict):
        return {path: node}
    left_out = {"", ".metadata"}
    found: dict[str, Any] = {}
    for key, value in node.items():
        if path in left_out and key in ("apiVersion", "kind", "name", "namespace", "status", "managedFields"):
            continue
        if path == ".metadata" and key in ("resourceVersion", "generation", "uid", "creationTimestamp"):
            continue
        found |= _leaves(value, f"{path}.{key}")
    return found


def _merged(live: Object, body: Object) -> Object:
    new = copy.deepcopy(live)
    for key, value in body.items():
        if isinstance(value, dict) and isinstance(new.get(key), dict):
            new[key] = _merged(new[key], value)
        elif value is None:
            new.pop(key, None)
        else:
            new[key] = copy.deepcopy(value)
    return new


def _remove(node: Object, path: str) -> None:
    *parents, last = path.removeprefix(".").split(".")
    for key in parents:
        node = node.get(key, {})
    node.pop(last, None)
