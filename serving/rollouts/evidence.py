"""From the lines about a rollout, in the order of their times, to what its judge weighs: each house once."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from serving.records.feedback import Feedback
from serving.records.hourly import FEEDBACK
from serving.records.joining import Predictions
from serving.records.tailing import Tail
from serving.rollouts.pairs import Pairs
from serving.rollouts.rules import Judge
from serving.rollouts.state import Rollout, folder_of

# More houses than these are not counted any more, and a pair is forgotten when as many younger ones came before its
# true price: 60 MB in all. A decision needs hundreds.
MOST_HOUSES = 100_000


class _Pair(NamedTuple):
    key: int
    champion: float
    challenger: float


class Evidence:
    """The evidence about one rollout, read as it comes.

    A house counts once in the comparison of prices and once among the true prices, with its first answer: asking for
    it again tells nothing new, and a test that took it for news would be sure of chance.

    Args:
        rollout: what is tried.
        profiles: the folder of the receipts, the feedback and the rollout.
    """

    def __init__(self, rollout: Rollout, profiles: Path) -> None:
        self.judge = Judge(rollout.rules)
        self._started = rollout.started
        self._pairs = Tail(folder_of(profiles) / rollout.id)
        self._truths = Tail(profiles / FEEDBACK)
        self._seen: set[int] = set()
        self._priced: Predictions[_Pair] = Predictions(MOST_HOUSES)
        self._known: set[int] = set()
        self._waiting: list[Feedback] = []

    def read(self) -> bool:
        """Whether anything new came."""
        pairs = sorted(_decoded(self._pairs.lines(), Pairs), key=lambda one: one.time)
        for each in pairs:
            self._take(each)
        truths = [one for one in _decoded(self._truths.lines(), Feedback) if self._is_meant(one)]
        # A price that is told at once may be here before the pair that it belongs to: it is looked at once more.
        asked, self._waiting = self._waiting, [one for one in truths if not self._learn(one)]
        for one in asked:
            self._learn(one)
        return bool(pairs or truths)

    def _is_meant(self, one: Feedback) -> bool:
        return one.received >= self._started and not one.probe

    def _take(self, pairs: Pairs) -> None:
        if not pairs.loaded:
            self.judge.not_loaded(pairs.fault)
            return
        self.judge.request(pairs.fault, pairs.champion_ms, pairs.challenger_ms)
        rows = zip(pairs.keys, pairs.champion, pairs.challenger, pairs.half_widths, strict=False)
        for row, (key, champion, challenger, half_width) in enumerate(rows):
            pair = _Pair(key, champion, challenger)
            if pairs.receipt is not None:
                self._priced.enter((pairs.receipt, row), pairs.time, pair)
            if pairs.house_ids is not None:
                self._priced.enter(pairs.house_ids[row], pairs.time, pair)
            if key not in self._seen and len(self._seen) < MOST_HOUSES:
                self._seen.add(key)
                self.judge.house(champion, challenger, half_width)

    def _learn(self, one: Feedback) -> bool:
        """Whether the true price is of a house that both priced."""
        pair = self._priced.of(one)
        if pair is None:
            return False
        if pair.key not in self._known and len(self._known) < MOST_HOUSES:
            self._known.add(pair.key)
            self.judge.truth(one.truth, pair.champion, pair.challenger)
        return True


def _decoded[T](lines: Iterable[bytes], kind: type[T]) -> list[T]:
    found = []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=kind))
        except msgspec.DecodeError:  # torn by a kill or a full disk
            continue
    return found
