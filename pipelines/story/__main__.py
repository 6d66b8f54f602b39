"""A day in the life of the platform: `make story`, or `python -m pipelines.story [--var FOLDER] [--plot FILE]`.

Healthy traffic, a shifted neighbourhood, the verdict, a retraining, a canary, its promotion, a poisoned model and its
rollback, while a caller asks for prices all day: everything is real, in a folder and on ports of its own. The exit code
is 0 if every chapter came out as it should and no request failed.
"""

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.story.plot import Plot, read_plot
from pipelines.story.receiver import on_call
from pipelines.story.setting import backstage, stage, take_place
from pipelines.story.timeline import Timeline
from serving.errors import ServingError
from serving.settings import read_settings
from steps.core.errors import PlatformError
from steps.terminal.presentation import followed
from steps.terminal.screen import Screen
from zenml_config.environment import ROOT

if TYPE_CHECKING:
    from pipelines.story.day import Day

TIMELINE, LOG = "timeline.json", "story.log"


def live(plot: Plot, timeline: Timeline) -> bool:
    """Whether the day went as it should."""
    from pipelines.story.day import Day
    from pipelines.story.summary import summarize

    settings = read_settings()
    day, fault = Day(plot, settings, timeline), ""

    def alert(message: dict[str, Any]) -> None:
        figures = {name: message[name] for name in ("name", "status", "severity", "done", "to_do")}
        name = message["name"] + (" is over" if message["status"] == "resolved" else "")
        timeline.tell("alert", f"{name}: {message['summary']}", **figures)

    with on_call(settings.alert_webhook.get_secret_value(), alert):
        try:
            act(day)
        except (PlatformError, ServingError) as err:
            fault = str(err)
            timeline.tell("FAILED", fault)
        finally:
            calls = day.traffic.stop()
    return summarize(timeline, calls, fault)


def act(day: "Day") -> None:
    """The chapters, one after the other."""
    from pipelines.story import afternoon, morning, night
    from pipelines.story.neighbourhood import sold

    first, held_out = morning.set_up(day)
    before = morning.healthy_traffic(day, first, held_out)
    early, late = sold(afternoon.shift(day), day.plot.motorway)
    afternoon.sales(day, first, early, before)
    second = afternoon.drift(day, first)
    afternoon.promotion(day, first, second, late)
    night.poison(day, second)


def tell(plot: Plot, var: Path, screen: Screen) -> int:
    """The exit code."""
    timeline = Timeline(screen, var / TIMELINE)
    timeline.say(f"A day in the life of the platform. What its parts print goes to {var / LOG}.\n")
    went_well = live(plot, timeline)
    timeline.say(f"\nThe timeline for programs: {var / TIMELINE}. The runs: HPP_VAR_DIR={var} make dashboard")
    return 0 if went_well else 1


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.story", description=__doc__)
    parser.add_argument("--var", type=Path, default=ROOT / "var" / "story", help="its folder (default: %(default)s)")
    parser.add_argument(
        "--plot",
        type=Path,
        default=ROOT / "zenml_config" / "story.yaml",
        help="what it is told to do (default: %(default)s)",
    )
    return parser.parse_args()


def main() -> int:
    """The exit code: 0 if the day went as it should."""
    wanted = parse()
    var = wanted.var.resolve()
    take_place(var)
    plot = read_plot(wanted.plot)
    with stage(var), backstage(var / LOG) as stream, followed(stream) as screen:
        logging.captureWarnings(capture=True)
        logging.getLogger("py.warnings").setLevel(logging.ERROR)
        return tell(plot, var, screen)


if __name__ == "__main__":
    sys.exit(main())
