"""Ends a rollout by itself: reads the evidence as it is written, and rolls the challenger back when it is bad.

It runs in the service's sidecar and keeps nothing but files: killed at any point, the next one reads the evidence again
and comes to the same verdict. Several machines on one folder may each have one; the first to decide does.
"""

import logging
import shutil
import threading
import time
from pathlib import Path

import msgspec

from serving.files import write_atomically
from serving.rollouts.evidence import Evidence
from serving.rollouts.metrics import RolloutMetrics
from serving.rollouts.record import Event, record
from serving.rollouts.rules import Figures
from serving.rollouts.state import PROGRESS, Rollout, amend, folder_of, read_rollout
from serving.settings import Settings

logger = logging.getLogger(__name__)
ROUND_S = 0.25
CLEANING_S = 3600.0
DAY_S = 86_400


class Watch:
    """What watches over the rollout of one folder of receipts.

    Args:
        profiles: the folder.
        settings: where the record goes, and for how long evidence is kept.
    """

    def __init__(self, profiles: Path, settings: Settings) -> None:
        self.profiles = profiles
        self.folder = folder_of(profiles)
        self.settings = settings
        self._figures = RolloutMetrics()
        self._rollout: Rollout | None = None
        self._evidence: Evidence | None = None
        self._cleaned = time.monotonic()

    def look(self) -> None:
        """Read what is new, and decide."""
        rollout = read_rollout(self.folder)
        if rollout is None:
            return
        if self._rollout is None or rollout.id != self._rollout.id:
            self._evidence = Evidence(rollout, self.profiles) if rollout.active else None
        if self._rollout != rollout:
            self._rollout = rollout
            self._figures.show(rollout)
            self._record(rollout)
        if self._evidence is not None and rollout.active:
            is_decided = self._evidence.read() and self._decide(rollout, self._evidence)
            if not is_decided and rollout.status == "running":
                self._end_if_late(rollout, self._evidence.judge.figures)
        if not rollout.active:
            self._evidence = None

    def _decide(self, rollout: Rollout, evidence: Evidence) -> bool:
        """Whether the evidence was decisive."""
        figures, verdict = evidence.judge.figures, evidence.judge.verdict()
        self._figures.weigh(rollout, figures)
        self._keep(rollout, figures)
        known = {"by": "service", "test": verdict.test, "reason": verdict.reason, "figures": figures}
        if verdict.action == "roll back":
            logger.error("Version %s is rolled back: %s", rollout.challenger, verdict.reason)
            self._take(amend(self.folder, rollout.id, status="rolled_back", **known))
        elif verdict.action == "promote" and rollout.status == "running":
            logger.info("Version %s may take the champion's place: %s", rollout.challenger, verdict.reason)
            self._take(amend(self.folder, rollout.id, status="better", **known))
        else:
            return False
        return True

    def _end_if_late(self, rollout: Rollout, figures: Figures) -> None:
        days = rollout.rules.longest_days
        if time.time() < rollout.started + days * DAY_S:
            return
        reason = f"neither the good nor the bad was shown in {days:g} days, by {figures.truths} true prices"
        logger.warning("Version %s is not tried any more: %s", rollout.challenger, reason)
        known = {"by": "service", "test": "time", "reason": reason, "figures": figures}
        self._take(amend(self.folder, rollout.id, status="undecided", **known))

    def _take(self, changed: Rollout | None) -> None:
        """Show and record what was changed; None: somebody else has ended the rollout."""
        if changed is not None:
            self._rollout = changed
            self._figures.show(changed)
            self._record(changed)

    def _record(self, rollout: Rollout) -> None:
        """Write down what the state says, if it is not on record: a kill may have come between the two."""
        event: Event = "started" if rollout.status == "running" else rollout.status
        if record(self.settings.audit_dir, event, rollout):
            self._figures.happened(event)

    def _keep(self, rollout: Rollout, figures: Figures) -> None:
        write_atomically(self.folder / rollout.id / PROGRESS, msgspec.json.encode(figures))

    def clean(self) -> None:
        """Remove the evidence of rollouts that ended longer ago than receipts are kept, once an hour."""
        if time.monotonic() - self._cleaned < CLEANING_S:
            return
        self._cleaned = time.monotonic()
        oldest = time.time() - self.settings.receipt_days * DAY_S
        for path in self.folder.glob("v*-*"):
            if (self._rollout is None or path.name != self._rollout.id) and path.stat().st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)


def watch(profiles: Path, stopped: threading.Event, settings: Settings) -> None:
    """Look four times a second until `stopped`."""
    watching = Watch(profiles, settings)
    while not stopped.wait(ROUND_S):
        try:
            watching.look()
            watching.clean()
        except Exception:  # a full disk may be free again in the next round, and a challenger must not go unwatched
            logger.exception("The rollout could not be looked after")
