"""The end of the day: what became of the requests."""

from pipelines.story.calls import Calls
from pipelines.story.timeline import Timeline


def summarize(timeline: Timeline, calls: Calls, fault: str) -> bool:
    """Whether the day went as it should: no chapter failed, and no request; it is shown, and kept in the file.

    Args:
        fault: what was wrong in a chapter; empty: nothing.
    """
    total = calls.total
    timeline.say(
        f"\n{total.requests} requests, {total.rows} prices and {total.truths} true prices; failed: {total.failed}"
    )
    timeline.say("  by status   " + _counts(total.by_status))
    timeline.say("  by version  " + _counts({f"v{name}": count for name, count in total.by_version.items()}))
    for phase, tally in calls.phases.items():
        rows = _counts({f"v{name}": count for name, count in tally.rows_by_version.items()})
        timeline.say(f"  {phase:<10}  {tally.requests} requests, prices by {rows}; failed {tally.failed}")
    for failure in calls.failures:
        timeline.say(f"  FAILED      {failure.kind}: {failure.reason}")
    went_well = not fault and total.failed == 0 and total.requests > 0
    timeline.keep({"went_well": went_well, "fault": fault, "calls": calls})
    how = "The day went as it should" if went_well else "The day did NOT go as it should"
    timeline.say(f"  {how}, in {timeline.after_s:.0f} s.")
    return went_well


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counted.items()))
