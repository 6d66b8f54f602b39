"""How a process follows the rollout: it looks at the state file as it looks at the API keys, without a restart."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from serving.errors import BundleError
from serving.files import signature
from serving.records.hourly import HourlyFiles
from serving.rollouts.challenger import LONGEST_FAULT, Challenger
from serving.rollouts.pairs import Pairs
from serving.rollouts.state import STATE, Rollout, read_rollout

if TYPE_CHECKING:
    from serving.model import HousePriceModel

logger = logging.getLogger(__name__)
LOOK_EVERY_S = 0.5


class Follower:
    """The challenger of a process' champion, as the state file wants it.

    A challenger is loaded in a thread of its own, and answers once it is ready; the end of a rollout is noticed by the
    first request that comes half a second after it or later, before that one is answered.

    Args:
        champion: the model that is served.
        load: loads another version.
        folder: of the rollout.
    """

    def __init__(self, champion: "HousePriceModel", load: "Callable[[Path], HousePriceModel]", folder: Path) -> None:
        self.champion = champion
        self.folder = folder
        self._load = load
        self._challenger: Challenger | None = None
        self._wanted: Rollout | None = None
        self._signature: tuple[int, ...] | None = None
        self._next_look = 0.0
        self._looking = threading.Lock()

    def challenger(self) -> Challenger | None:
        """The challenger, if one is tried beside this champion and is loaded."""
        if time.monotonic() >= self._next_look and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._challenger

    def _look(self) -> None:
        self._next_look = time.monotonic() + LOOK_EVERY_S
        found = signature(self.folder / STATE)
        if found == self._signature:
            return
        self._signature = found
        rollout = read_rollout(self.folder)
        if rollout is None or not rollout.active or rollout.champion != self.champion.metadata.model_version:
            self._end()
        elif self._wanted is None or rollout.id != self._wanted.id:
            self._end()
            self._wanted = rollout
            threading.Thread(target=self._take_up, args=(rollout,), name="challenger", daemon=True).start()
        else:
            self._wanted = rollout
            if self._challenger is not None:
                self._challenger.follow(rollout)

    def _end(self) -> None:
        challenger, self._challenger, self._wanted = self._challenger, None, None
        if challenger is not None:
            logger.info("Version %s is not tried any more", challenger.rollout.challenger)
            threading.Thread(target=challenger.close, daemon=True).start()  # a request must not wait for the disk

    def _take_up(self, rollout: Rollout) -> None:
        evidence = self.folder / rollout.id
        try:
            challenger = Challenger(rollout, self.champion, self._loaded(rollout), evidence)
        except Exception as err:  # the champion serves on, whatever is wrong with the challenger
            logger.exception("Version %s cannot be tried", rollout.challenger)
            self.champion.measures.challenger_faults.labels(rollout.challenger).inc()
            _write_down(evidence, rollout.challenger, f"{type(err).__name__}: {err}")
            return
        with self._looking:
            wanted = self._wanted
            if wanted is not None and wanted.id == rollout.id:
                challenger.follow(wanted)
                self._challenger = challenger
                logger.info("Version %s is tried: %s, share %g", rollout.challenger, wanted.mode, wanted.share)
                return
        challenger.close()

    def _loaded(self, rollout: Rollout) -> "HousePriceModel":
        model = self._load(Path(rollout.bundle))
        if model.metadata.model_version != rollout.challenger:
            raise BundleError(f"{rollout.bundle} holds version {model.metadata.model_version}.")
        return model


def _write_down(evidence: Path, version: str, reason: str) -> None:
    line = msgspec.json.encode(Pairs(time=time.time(), fault=reason[:LONGEST_FAULT], loaded=False)) + b"\n"
    try:
        files = HourlyFiles(evidence, version)
        files.append(line, time.time())
        files.close()
    except OSError:
        logger.exception("That version %s cannot be loaded was not written down in %s", version, evidence)
