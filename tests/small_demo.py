"""The demo's own configuration, made quick for tests."""

from pathlib import Path

import yaml

from zenml_config.environment import ROOT

COPIED = ("features", "training", "deployment", "model_card")


def small_configuration(root: Path) -> Path:
    """The folder, for HPP_ROOT, with the pipelines' configuration: searches of two candidates, few folds."""
    configuration = root / "zenml_config"
    configuration.mkdir(parents=True)
    for name in COPIED:
        (configuration / f"{name}.yaml").write_text((ROOT / "zenml_config" / f"{name}.yaml").read_text())
    training = yaml.safe_load((configuration / "training.yaml").read_text())
    training["parameters"]["validation"] |= {"folds": 3, "repeats": 1}
    training["parameters"]["sensitive_features"]["cost"] |= {"bagging": None, "repeats": 1}
    for experiment in training["parameters"]["experiments"]:
        if experiment["search"]:
            experiment["search"] |= {"iterations": 2, "folds": 2}
    (configuration / "training.yaml").write_text(yaml.safe_dump(training))
    return root
