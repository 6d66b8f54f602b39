"""Try another model version beside the one that is served.

`python -m serving.rollout start --version 7 --mode canary --share 0.1` lets version 7 answer for a tenth of the houses;
with `--mode shadow` it prices the same requests and answers nobody. `status` shows what is tried and the evidence,
`share 0.5` changes the share, `stop` ends it. The service ends it by itself when the challenger is bad.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec
import yaml

from serving import service as services
from serving.bundle import Metadata, read_bundle
from serving.errors import RolloutError, ServingError
from serving.rollouts.record import Event, record
from serving.rollouts.rules import Figures, Rules
from serving.rollouts.state import (
    PROGRESS,
    By,
    Mode,
    Rollout,
    amend,
    begin,
    check_none_active,
    folder_of,
    new_rollout,
    read_rollout,
)
from serving.settings import Settings, read_settings


class _File(msgspec.Struct, forbid_unknown_fields=True):
    rules: Rules


def read_rules(path: Path) -> Rules:
    """The rules in a file such as zenml_config/rollout.yaml.

    Raises:
        RolloutError: there is none, or they are not what rules must be.
    """
    try:
        return msgspec.convert(yaml.safe_load(path.read_text()), _File).rules
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as err:
        raise RolloutError(f"{path} does not say when a challenger is rolled back: {err}.") from err


def rules_of(settings: Settings) -> Rules:
    """The rules that rollouts begin with."""
    return read_rules(settings.config / "rollout.yaml")


def start(bundle: Path, mode: Mode, share: float, rules: Rules, settings: Settings, by: By) -> Rollout:
    """A rollout of the version in the bundle, beside the one that is served on the settings' port.

    Raises:
        ServingError: no service runs, the bundle is not whole, the two are no pair, or another rollout is under way.
    """
    champion, challenger = check_start(bundle, settings)
    rollout = new_rollout(champion, challenger, bundle.resolve(), mode, share, rules, by)
    begin(folder_of(settings.profiles_dir), rollout)
    record(settings.audit_dir, "started", rollout)
    return rollout


def check_start(bundle: Path, settings: Settings) -> tuple[Metadata, Metadata]:
    """The champion that is served on the settings' port, and the challenger in the bundle, which can be tried.

    Raises:
        ServingError: no service runs, the bundle is not whole, or another rollout is under way.
    """
    running = services.serving(settings)
    if not running:
        raise RolloutError(
            f"No service runs on port {settings.rest_port}: a challenger is tried beside a champion. Deploy one first: "
            "zenml_config/deployment.yaml."
        )
    check_none_active(folder_of(settings.profiles_dir))
    return read_bundle(Path(running[0].bundle))[0], read_bundle(bundle)[0]


def current(settings: Settings) -> Rollout:
    """The rollout that is under way.

    Raises:
        RolloutError: none is.
    """
    rollout = read_rollout(folder_of(settings.profiles_dir))
    if rollout is None or not rollout.active:
        raise RolloutError("No challenger is tried now. `python -m serving.rollout start` begins with one.")
    return rollout


def stop(settings: Settings, reason: str, by: By) -> Rollout:
    """The rollout, which is over: the champion alone serves.

    Raises:
        RolloutError: none is under way.
    """
    rollout = current(settings)
    return _amended(settings, rollout, "stopped", by=by, status="stopped", reason=reason)


def end_by_deployment(settings: Settings, version: str) -> None:
    """End the rollout that is under way, if there is one: another version than its champion is served now."""
    rollout = read_rollout(folder_of(settings.profiles_dir))
    if rollout is None or not rollout.active or rollout.champion == version:
        return
    if rollout.challenger == version:
        reason = rollout.reason or "it was deployed before the evidence was decisive"
        _amended(settings, rollout, "promoted", by="pipeline", status="promoted", reason=reason)
    else:
        reason = f"version {version} took the champion's place"
        _amended(settings, rollout, "stopped", by="pipeline", status="stopped", reason=reason)


def change_share(settings: Settings, share: float, by: By) -> Rollout:
    """The rollout with another share of the houses; a larger one only adds houses.

    Raises:
        RolloutError: none is under way, or it is a shadow, or the share is none.
    """
    rollout = current(settings)
    if rollout.mode == "shadow":
        raise RolloutError("A shadow prices every request; only a canary has a share.")
    if not 0 < share <= 1:
        raise RolloutError(f"Wanted a share above 0 and up to 1, such as 0.1; got {share:g}.")
    return _amended(settings, rollout, "share", by=by, share=share)


def _amended(settings: Settings, rollout: Rollout, event: Event, **changes: Any) -> Rollout:
    figures = read_progress(settings, rollout) or rollout.figures
    changed = amend(folder_of(settings.profiles_dir), rollout.id, figures=figures, **changes)
    if changed is None:
        raise RolloutError("The rollout ended in this moment. See `python -m serving.rollout status`.")
    record(settings.audit_dir, event, changed)
    return changed


def read_progress(settings: Settings, rollout: Rollout) -> Figures | None:
    """The evidence so far, as the service writes it down; None: nothing yet."""
    try:
        data = (folder_of(settings.profiles_dir) / rollout.id / PROGRESS).read_bytes()
        return msgspec.json.decode(data, type=Figures)
    except (OSError, msgspec.DecodeError):
        return None


def in_words(rollout: Rollout, figures: Figures | None) -> str:
    """A rollout and its evidence as text for a person."""
    share = f", share {rollout.share:g}" if rollout.mode == "canary" else ""
    lines = [
        f"{rollout.model} v{rollout.challenger} beside v{rollout.champion}: {rollout.mode}{share}, {rollout.status}"
    ]
    if rollout.reason:
        lines.append(f"because {rollout.reason}")
    if figures is not None:
        lines.append(
            f"{figures.requests} requests, {figures.faults} faults, {figures.slow} slow; {figures.houses} houses, "
            f"{figures.far} of them outside of the champion's interval"
        )
        if figures.gain is not None:
            lines.append(
                f"{figures.truths} true prices: the absolute error is smaller by {figures.gain:.2f} "
                f"({figures.gain_low:.2f} to {figures.gain_high:.2f})"
            )
        lines.append(
            "evidence (e-values): " + ", ".join(f"{name} {value:.3g}" for name, value in figures.e_values.items())
        )
    return "\n".join(lines)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m serving.rollout", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    begins = commands.add_parser("start", help="try a version beside the one that is served")
    begins.add_argument("--version", required=True, help="the challenger's; its bundle is in HPP_MODELS_DIR")
    begins.add_argument("--mode", required=True, choices=get_args(Mode))
    begins.add_argument("--share", type=float, default=0.1, help="of the houses, of a canary (default: %(default)s)")
    changes = commands.add_parser("share", help="change a canary's share of the houses")
    changes.add_argument("share", type=float)
    shows = commands.add_parser("status", help="show what is tried, or what was tried last, and the evidence")
    shows.add_argument("--json", action="store_true", help="as JSON, for programs; null: nothing was ever tried")
    ends = commands.add_parser("stop", help="let the champion serve alone")
    ends.add_argument("--reason", default="an operator ended it")
    return parser.parse_args(arguments)


def _answer(wanted: argparse.Namespace, settings: Settings) -> str:
    if wanted.command == "start":
        bundle = settings.models_dir / f"v{wanted.version}"
        rollout = start(bundle, wanted.mode, wanted.share, rules_of(settings), settings, "operator")
    elif wanted.command == "stop":
        rollout = stop(settings, wanted.reason, "operator")
    elif wanted.command == "share":
        rollout = change_share(settings, wanted.share, "operator")
    else:
        found = read_rollout(folder_of(settings.profiles_dir))
        if found is None:
            return "null" if wanted.json else "No challenger was ever tried here."
        rollout = found
    figures = rollout.figures if not rollout.active else read_progress(settings, rollout)
    if wanted.command == "status" and wanted.json:
        return msgspec.json.encode(msgspec.structs.replace(rollout, figures=figures)).decode()
    return in_words(rollout, figures)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 with the reason if it cannot be done."""
    settings = read_settings()
    try:
        sys.stdout.write(_answer(parse(arguments), settings) + "\n")
    except ServingError as err:
        sys.stderr.write(f"{err.info}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
