"""The main process of a service: it keeps workers and companions alive, replaces them on a roll, and ends them."""

import logging
import os
import signal
import time
from collections.abc import Iterable, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from serving.bundle import read_metadata
from serving.errors import ServiceError, ServingError
from serving.process.children import Child, Kind
from serving.process.rolling import FIRST, State, Wanted, read_wanted, write_state

logger = logging.getLogger(__name__)
TICK_S, IDLE_S = 0.02, 1.0
# A child that died young is started again after a pause, which doubles up to the longest one; it is never given up.
YOUNG_S, FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 0.25, 10.0
LOADING_S = 120.0
ENDING_S = 5.0


class Team:
    """The children of one kind.

    Attributes:
        serving: those on the bundle that is served.
        coming: those on the bundle that is wanted.
        leaving: those that were asked to end.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.serving: list[Child] = []
        self.coming: list[Child] = []
        self.leaving: list[Child] = []
        self.pause_s = 0.0
        self.not_before = 0.0

    @property
    def all(self) -> list[Child]:
        """Every child that was started and not yet found dead."""
        return [*self.serving, *self.coming, *self.leaving]

    def come(self, bundle: Path) -> None:
        """Start as many as are wanted on a bundle, beside those that serve."""
        self.coming = [self.kind.start(bundle, place) for place in range(self.kind.count)]

    def take_over(self, within_s: float) -> None:
        """Let those that came serve, and ask those that served to leave."""
        for child in self.serving:
            child.leave(replaced=True, within_s=within_s)
        self.leaving += self.serving
        self.serving, self.coming, self.pause_s = self.coming, [], 0.0

    def give_up(self, within_s: float) -> None:
        """Send away those that came; a worker among them may have taken callers already."""
        for child in self.coming:
            child.leave(replaced=True, within_s=within_s) if child.ready() else child.kill()
        self.leaving += self.coming
        self.coming = []

    def dismiss(self, within_s: float) -> None:
        """Ask all to leave: the service ends."""
        for child in self.serving:
            child.leave(replaced=False, within_s=within_s)
        for child in self.coming:
            child.kill()
        self.leaving += [*self.serving, *self.coming]
        self.serving, self.coming = [], []

    def bury(self) -> None:
        """Forget the dead, and kill those whose time to leave is over or that never became ready."""
        now = time.monotonic()
        for child in [child for child in (*self.serving, *self.leaving) if not child.alive()]:
            if child in self.serving:
                self._mourn(child, now - child.born)
                self.serving.remove(child)
            else:
                self.leaving.remove(child)
            child.gone()
        for child in self.all:
            late = child in self.serving and now - child.born > LOADING_S and not child.ready()
            if late or now > child.ends_by:
                logger.warning("%s %d is killed: it took too long", self.kind.name, child.pid)
                child.kill()

    def _mourn(self, child: Child, age_s: float) -> None:
        """Let the next one start at once; after a pause if this one could not start, or died young after another."""
        started = child.ready()
        reason = "It was killed, or crashed." if started else child.failure()
        logger.error("%s %d ended unexpectedly. %s", self.kind.name, child.pid, reason)
        if started and age_s >= YOUNG_S:
            self.pause_s = 0.0
        elif not started or self.pause_s:
            self.kind.abandon(child.place)
        self.not_before = time.monotonic() + self.pause_s
        self.pause_s = min(max(self.pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)

    def fill(self, bundle: Path) -> None:
        """Start one in place of each that died."""
        if time.monotonic() >= self.not_before:
            for place in sorted(set(range(self.kind.count)) - {child.place for child in self.serving}):
                self.serving.append(self.kind.start(bundle, place))

    @property
    def short(self) -> bool:
        """Whether some are missing."""
        return len(self.serving) < self.kind.count


class Supervisor:
    """The loop of the main process.

    Args:
        folder: the instance's folder, where it reads what is wanted and says what is served.
        kinds: the children to keep.
        drain_s: how long callers of a leaving worker get to move on.
    """

    def __init__(self, folder: Path, kinds: Sequence[Kind], drain_s: float) -> None:
        self.folder = folder
        self.teams = [Team(kind) for kind in kinds]
        self.within_s = drain_s + ENDING_S
        self.state = State(roll="", bundle="", version="")
        self.wanted: Wanted | None = None
        self.deadline = 0.0
        self.stopping = self.asked = False

    def run(self, bundle: Path) -> None:
        """Serve the bundle, and those that are wanted later, until SIGTERM or SIGINT.

        Raises:
            ServiceError: the first bundle cannot be served.
        """
        self._heed_signals()
        try:
            self._begin(Wanted(FIRST, str(bundle), LOADING_S))
            while not self.stopping:
                self._tick()
                self._sleep()
        finally:
            self._stop()

    def _heed_signals(self) -> None:
        self._awake, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._awake, False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._signalled)

    def _signalled(self, number: int, _: Any) -> None:
        if number == signal.SIGHUP:
            self.asked = True
        else:
            self.stopping = True
        os.write(self._wake, b".")

    def _tick(self) -> None:
        for team in self.teams:
            team.bury()
        if self.wanted:
            self._go_on(self.wanted)
        elif self.asked:
            self.asked = False
            wanted = read_wanted(self.folder)
            if wanted and wanted.roll != self.state.roll:
                self._begin(wanted)
        for team in self.teams:
            if team.short and self.state.bundle:
                team.fill(Path(self.state.bundle))

    def _begin(self, wanted: Wanted) -> None:
        logger.info("Bundle %s is wanted", wanted.bundle)
        self.wanted, self.deadline = wanted, time.monotonic() + wanted.timeout_s
        try:
            self.version = read_metadata(Path(wanted.bundle)).model_version
            for team in self._rolled():
                team.come(Path(wanted.bundle))
        except (ServingError, OSError) as err:
            self._refuse(wanted, str(err))

    def _go_on(self, wanted: Wanted) -> None:
        coming = [child for team in self._rolled() for child in team.coming]
        if dead := [child for child in coming if not child.alive()]:
            self._refuse(wanted, dead[0].failure())
        elif all(child.ready() for child in coming):
            self._grant(wanted)
        elif time.monotonic() > self.deadline:
            self._refuse(wanted, f"It was not ready within {wanted.timeout_s:g} s.")

    def _grant(self, wanted: Wanted) -> None:
        replaced = [child for team in self._rolled() for child in team.serving]
        for team in self._rolled():
            team.take_over(self.within_s)
        self._await_no_answer_of(replaced)
        self._settle(State(wanted.roll, wanted.bundle, self.version))
        logger.info("Version %s is served from %s", self.version, wanted.bundle)

    def _await_no_answer_of(self, replaced: Iterable[Child]) -> None:
        """Whoever connects once the roll is reported gets the new version: the old workers accept nobody any more."""
        deadline = time.monotonic() + ENDING_S
        while any(child.alive() and child.ready() for child in replaced) and time.monotonic() < deadline:
            time.sleep(TICK_S)

    def _refuse(self, wanted: Wanted, reason: str) -> None:
        logger.error("Bundle %s is refused: %s", wanted.bundle, reason)
        for team in self._rolled():
            team.give_up(self.within_s)
        if not self.state.bundle:
            raise ServiceError(reason)
        self._settle(State(wanted.roll, self.state.bundle, self.state.version, reason))

    def _settle(self, state: State) -> None:
        self.wanted, self.state = None, state
        write_state(self.folder, state)

    def _rolled(self) -> list[Team]:
        return [team for team in self.teams if team.kind.follows_bundle]

    def _sleep(self) -> None:
        """Until a child ends, a signal comes, or there is something to look after."""
        children = [child for team in self.teams for child in team.all]
        busy = self.wanted or self.asked or any(team.leaving or team.short for team in self.teams)
        sentinels = [child.sentinel for child in children if child.sentinel is not None]
        wait([self._awake, *sentinels], TICK_S if busy else IDLE_S)
        try:
            os.read(self._awake, 1000)
        except BlockingIOError:
            return

    def _stop(self) -> None:
        for last in (False, True):
            teams = [team for team in self.teams if team.kind.ends_last == last]
            for team in teams:
                team.dismiss(self.within_s)
            while any(team.leaving for team in teams):
                self._sleep()
                for team in teams:
                    team.bury()
