"""Questions to a cluster's API server, its answers, and its refusals as errors of ours."""

import json
from typing import Any

from steps.core.errors import ConfigurationError, DeploymentError

TIMEOUT_S = 30
RETRIES = 2  # of a connection that breaks
MANAGER = "house-price-deployer"  # of the fields that we write
APPLY = "application/apply-patch+yaml"


class RefusedError(DeploymentError):
    """The API server answers with an error.

    Attributes:
        code: the status.
        causes: what it says in detail, by reason.
    """

    def __init__(self, words: str, code: int, causes: list[tuple[str, str]]) -> None:
        super().__init__(words)
        self.code = code
        self.causes = causes


class ClusterApi:
    """The API server of the cluster that this process runs in, or that its kubeconfig names.

    Raises:
        ConfigurationError: there is none.
    """

    def __init__(self) -> None:
        from kubernetes import client

        self._client = client.ApiClient(_configuration())

    def get(self, path: str) -> dict[str, Any]:
        """What is there.

        Raises:
            RefusedError: the API server answers with an error.
            DeploymentError: it does not answer.
        """
        return self._call("GET", path)

    def apply(self, path: str, wanted: dict[str, Any], force: bool) -> dict[str, Any]:
        """The object as it is after server-side apply; a field that its definition does not have is an error.

        Args:
            force: fields that others own are written all the same.

        Raises:
            RefusedError, DeploymentError: as of `get`.
        """
        query = [("fieldManager", MANAGER), ("fieldValidation", "Strict"), ("force", str(force).lower())]
        return self._call("PATCH", path, wanted, query, APPLY)

    def delete(self, path: str, resource_version: str) -> None:
        """There is nothing any more, if it was of that version.

        Raises:
            RefusedError, DeploymentError: as of `get`.
        """
        self._call("DELETE", path, {"preconditions": {"resourceVersion": resource_version}})

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: list[tuple[str, str]] | None = None,
        media_type: str = "application/json",
    ) -> dict[str, Any]:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        headers = {"Accept": "application/json", "Content-Type": media_type}
        try:
            answer = self._client.call_api(
                *(path, method), query_params=query or [], header_params=headers, body=body,
                auth_settings=["BearerToken"], _preload_content=False, _return_http_data_only=True,
                _request_timeout=TIMEOUT_S,
            )  # fmt: skip
            found: dict[str, Any] = json.loads(answer.data)
        except ApiException as err:
            raise _refused(err, method, path) from err
        except (HTTPError, OSError, ValueError) as err:
            raise DeploymentError(f"The API server does not answer {method} {path}: {err}.") from err
        return found


def _refused(error: Any, method: str, path: str) -> RefusedError:
    try:
        body: dict[str, Any] = json.loads(error.body)
    except (TypeError, ValueError):
        body = {}
    causes = (body.get("details") or {}).get("causes") or []
    said = body.get("message") or error.reason
    words = f"The API server answers {error.status} to {method} {path}: {said}"
    if error.status in (401, 403):
        words += " What an account that deploys may do is in docker/kubernetes/base/accounts.yaml."
    return RefusedError(words, error.status, [(one.get("reason", ""), one.get("message", "")) for one in causes])


def _configuration() -> Any:
    """How the API server is reached: as a pod's account, or by the kubeconfig."""
    from kubernetes import client, config

    found = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=found)
    except config.ConfigException:
        try:
            config.load_kube_config(client_configuration=found)
        except config.ConfigException as err:
            raise ConfigurationError(
                f"No cluster is configured: {err}. Run in a pod of the cluster, or let KUBECONFIG name it."
            ) from err
    found.retries = RETRIES
    return found
