"""The same pipelines on Kubernetes: each with its own file, under what zenml_config/cluster.yaml lays over it.

`python -m pipelines.on_cluster training deployment` runs them one after another on the stack of the cluster, and waits.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from serving.settings import Settings, read_settings
from steps.core.errors import ConfigurationError, PlatformError

PIPELINES = ("features", "training", "deployment", "monitoring", "materialization")


def configuration(name: str, folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """The configuration of a run of a pipeline on the cluster.

    Args:
        folder: of zenml_config.
        environment: what `${NAME}` in cluster.yaml is replaced by.

    Raises:
        ConfigurationError: a variable that cluster.yaml names is empty, or a file is not what it should be.
    """
    try:
        own = yaml.safe_load((folder / f"{name}.yaml").read_text())
        over = yaml.safe_load((folder / "cluster.yaml").read_text())
        found = _over(_over(own, over["all"]), over["pipelines"][name])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as err:
        raise ConfigurationError(f"{folder}/cluster.yaml or {name}.yaml cannot be read: {err!r}.") from err
    filled: dict[str, Any] = _filled(found, environment)
    return filled


def run(name: str, settings: Settings) -> Any:
    """ZenML's run of a pipeline on the active stack; one that failed in the cluster need not raise here.

    Raises:
        ConfigurationError: as of `configuration`.
    """
    found = configuration(name, settings.config, os.environ)
    pipeline = getattr(import_module(f"pipelines.{name}"), _function(name))
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{name}.yaml"
        path.write_text(yaml.safe_dump(found, sort_keys=False))
        return pipeline.with_options(config_path=str(path))()


def _function(name: str) -> str:
    """The pipeline of a module: features has feature_pipeline."""
    return f"{name.removesuffix('s')}_pipeline"


def _over(below: Any, above: Any) -> Any:
    """The one configuration laid over the other."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _over(below.get(key), value) for key, value in above.items()}


def _filled(node: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, environment) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, environment) for value in node]
    if isinstance(node, str) and node.startswith("${") and node.endswith("}"):
        if not environment.get(node[2:-1]):
            raise ConfigurationError(
                f"{node[2:-1]} is not set; zenml_config/cluster.yaml needs it. See docs/kubernetes.md."
            )
        return environment[node[2:-1]]
    return node


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 with the reason if a run has failed; those that were to come after it are not started."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.on_cluster", description=__doc__)
    parser.add_argument("names", nargs="+", choices=PIPELINES, metavar="NAME", help=", ".join(PIPELINES))
    names = parser.parse_args(arguments).names
    from pipelines.ended import completed
    from zenml_config.cluster_stack import register_cluster_stack

    register_cluster_stack(os.environ)
    try:
        for name in names:
            completed(run(name, read_settings()))
    except PlatformError as err:
        sys.stderr.write(f"{err}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
