"""The last chapters: a poisoned model is tried, and the service rolls it back by itself; the day ends."""

import time

from pipelines.story.day import Day, expect
from pipelines.story.poison import poisoned_version
from serving import rollout as rollouts
from steps.check_parity import parameters
from steps.conclude_rollout import conclude

SETTLED_S = 2.0  # every worker has noticed the end of a rollout, and the caller has written down what it got
AFTERWARDS = 300  # rows that are asked for after the rollback


def poison(day: Day, champion: str) -> None:
    """An operator tries a model that came by a back door; the service ends that."""
    plot, traffic = day.plot.poisoned, day.traffic
    version, own_rmse = poisoned_version(plot, day.parameters("training"), day.settings)
    day.tell(
        "back door",
        f"A colleague registers a model by hand, past the pipeline and its gate: version {version}, trained on a file "
        f"with {plot.feature} times {plot.factor:g}. On its own file it looks fine: RMSE {own_rmse:.2f}.",
        version=version,
        own_rmse=own_rmse,
    )
    traffic.change(phase="poisoned", sold={})
    begun = time.monotonic()
    arguments = ["start", "--version", version, "--mode", "canary", "--share", str(plot.share)]
    expect(rollouts.main(arguments) == 0, f"Version {version} cannot be tried.")
    day.tell("canary", f"An operator tries it: python -m serving.rollout {' '.join(arguments)}", share=plot.share)
    tried, figures = day.decided("rolled_back")
    seconds, event = time.monotonic() - begun, day.recorded("rolled_back")
    expect(event.by == "service", f"It was ended by the {event.by}.")
    expect(figures.houses <= plot.most_houses, f"It took more than {plot.most_houses} houses: {figures}.")
    day.tell(
        "ROLLBACK",
        f"The service rolls version {version} back by itself after {figures.houses} houses, {seconds:.0f} s after it "
        f"was let in (test: {tried.test}): {tried.reason}. It is on record in rollout.jsonl of the audit.",
        houses=figures.houses,
        seconds=seconds,
        test=tried.test,
    )
    concluded = conclude(*parameters(day.settings.root / "zenml_config" / "deployment.yaml"), day.settings)
    expect(concluded.action == "withdrawn", f"It is not withdrawn: {concluded}.")
    time.sleep(SETTLED_S)
    answered = traffic.phase.houses_by_version.get(version, 0)
    traffic.change(phase="after")
    tally = traffic.until(lambda now: now.rows >= AFTERWARDS, "the champion's answers")
    expect(set(tally.by_version) == {champion}, f"After the rollback these versions answer: {tally.by_version}.")
    day.tell(
        "after it",
        f"The caller got prices of version {version} for {answered} houses in all; the {tally.rows} prices since the "
        f"rollback are all version {champion}'s.",
        answered=answered,
    )
