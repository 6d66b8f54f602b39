"""A cluster for the tests of deployments: a double of its API server, of Seldon's operator, and a template."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.kubernetes.api_http import running
from tests.kubernetes.api_server import ApiServer
from tests.kubernetes.manifests import built
from tests.kubernetes.operator import Operator


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The production overlay's template, as a file."""
    path = tmp_path / "seldon-deployment.yaml"
    (document,) = built("overlays/production/serving")
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """A cluster that KUBECONFIG names, with an operator and nothing deployed."""
    from kubernetes.config import kube_config

    server = ApiServer()
    Operator(server)
    kubeconfig = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))  # it looks once, when imported
    with running(server, kubeconfig):
        yield server
