"""The manifests as kubectl's kustomize builds them."""

import os
import shutil
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from zenml_config.environment import ROOT

FOLDER = ROOT / "docker" / "kubernetes"
OVERLAYS = ("overlays/staging", "overlays/production")
TEMPLATES = ("serving", "overlays/staging/serving", "overlays/production/serving")
Document = dict[str, Any]


def kubectl() -> str:
    """The path of kubectl; a test that needs it is skipped where there is none, and fails there under CI."""
    program = shutil.which("kubectl") or shutil.which(str(ROOT / ".tools" / "bin" / "kubectl"))
    if program is None:
        absent = "kubectl is not installed (`python .ci/kubectl.py .tools/bin/kubectl` gets it)"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    return str(program)


@cache
def built(folder: str) -> list[Document]:
    """The documents of a kustomization under docker/kubernetes."""
    done = subprocess.run([kubectl(), "kustomize", str(FOLDER / folder)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def of_kind(documents: list[Document], kind: str) -> dict[str, Document]:
    """The documents of a kind, by name."""
    return {one["metadata"]["name"]: one for one in documents if one["kind"] == kind}


def pod_spec(document: Document) -> Document | None:
    """The pod that a document makes, if it makes one."""
    spec: Document = document.get("spec", {})
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    if document["kind"] == "SeldonDeployment":
        (predictor,) = spec["predictors"]
        (component,) = predictor["componentSpecs"]
        return dict(component["spec"])
    template = spec.get("template", {})
    return dict(template["spec"]) if "spec" in template else None


def containers(document: Document) -> list[Document]:
    """All containers of a document, those that prepare among them."""
    pod = pod_spec(document) or {}
    return [*pod.get("initContainers", []), *pod.get("containers", [])]
