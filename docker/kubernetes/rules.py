"""The Prometheus operator's rules, made of docker/monitoring/rules.yml: `python docker/kubernetes/rules.py`."""

from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parent
SOURCE = FOLDER.parent / "monitoring" / "rules.yml"
TARGET = FOLDER / "base" / "rules.yaml"
HEAD = "# Made by `python docker/kubernetes/rules.py` of docker/monitoring/rules.yml; change it there.\n"


def rules() -> str:
    """The document, with the same groups."""
    groups = yaml.safe_load(SOURCE.read_text())["groups"]
    metadata = {"name": "house-price"}
    document = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": metadata}
    return HEAD + yaml.safe_dump({**document, "spec": {"groups": groups}}, sort_keys=False, width=120)


if __name__ == "__main__":
    TARGET.write_text(rules())
