"""Whether the running service says what the offline store and its bundle say: a command for any time, cron and CI.

    python -m steps.check_parity [--times 100] [--seed 7] [--json]

It ends with 0 if everything agrees, 1 if anything differs, 2 if it could not be found out.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from serving import service as services
from serving.bundle import read_metadata
from serving.errors import ServingError
from serving.settings import Settings, read_settings
from steps.core.errors import ConfigurationError, DeploymentError, PlatformError
from steps.core.sampling import Sample
from steps.core.verified import Verification
from steps.deployment.deployed import Rollout
from steps.deployment.parity_report import facts_of, keep_report
from steps.deployment.verification import inspect, standard_of
from steps.find_champion import Champion, from_metadata
from steps.predict_offline import predict_houses

AGREES, DIFFERS, UNDECIDED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command."""
    settings = read_settings()
    asked = _parser(settings).parse_args(arguments)
    try:
        rollout, sample = parameters(asked.config)
        if asked.seed is not None:
            sample = sample.model_copy(update={"seed": asked.seed})
        for _ in range(asked.times):
            found, version = check(settings, rollout, sample)
            sys.stdout.write((found.model_dump_json() if asked.json else _words(found, version)) + "\n")
            if found.fault:
                page = keep_report(found, version, settings)
                sys.stderr.write(f"{found.fault} The whole comparison is in {page}.\n")
                return DIFFERS
    except (PlatformError, ServingError) as err:
        sys.stderr.write(f"{err}\n")
        return UNDECIDED
    return AGREES


def check(settings: Settings, rollout: Rollout, sample: Sample) -> tuple[Verification, str]:
    """How the service on the settings' port compares, and the version that it serves.

    Raises:
        DeploymentError: none runs, it does not answer, or there are no houses to ask for.
    """
    running = services.serving(settings)
    if not running:
        raise DeploymentError(
            f"No service runs on port {settings.rest_port} of this machine (HPP_REST_PORT). Start one with the "
            "deployment pipeline: zenml_config/deployment.yaml."
        )
    champion: Champion = from_metadata(read_metadata(Path(running[0].bundle)), Path(running[0].bundle))
    expected = predict_houses(champion, sample, settings)
    return inspect(running[0], standard_of(champion, expected, rollout, settings)), champion.version


def parameters(path: Path) -> tuple[Rollout, Sample]:
    """How a deployment is verified, as a file such as zenml_config/deployment.yaml says.

    Raises:
        ConfigurationError: it does not say so.
    """
    try:
        given = yaml.safe_load(path.read_text())["parameters"]
        return Rollout(**given["rollout"]), Sample(**given["verified_houses"])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValidationError) as err:
        raise ConfigurationError(f"{path} does not say how a deployment is verified: {err!r}.") from err


def _words(found: Verification, version: str) -> str:
    facts = "\n".join(f"  {name}: {words}" for name, words in facts_of(found).items())
    return f"Version {version} {'differs' if found.fault else 'agrees'}.\n{facts}"


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m steps.check_parity", description=__doc__)
    config = settings.config / "deployment.yaml"
    parser.add_argument("--config", type=Path, default=config, help="where the sample and the tolerances are")
    parser.add_argument("--times", type=int, default=1, help="how many times to compare; it ends at a difference")
    parser.add_argument("--seed", type=int, help="another draw of houses than the file's")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON, one line a time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
