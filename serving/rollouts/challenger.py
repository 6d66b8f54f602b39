"""The challenger in one process: it prices what it is to price, and whatever goes wrong in it, the champion answers."""

import logging
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.protocol.requests import Query
from serving.rollouts.mixed import merged
from serving.rollouts.pairs import PairLog, Pairs
from serving.rollouts.priced import Priced, part_of_priced, part_of_query
from serving.rollouts.state import Rollout
from serving.rollouts.sticky import Draw

if TYPE_CHECKING:
    from serving.model import HousePriceModel

logger = logging.getLogger(__name__)
LONGEST_FAULT = 200


class Challenger:
    """A challenger beside the champion.

    Args:
        rollout: what is tried, and how.
        champion, model: the two, loaded in this process.
        folder: where the evidence goes.
    """

    def __init__(self, rollout: Rollout, champion: "HousePriceModel", model: "HousePriceModel", folder: Path) -> None:
        self.champion = champion
        self.model = model
        self._needs = frozenset(model.metadata.inputs)
        self._rows = champion.measures.challenger_rows.labels(rollout.challenger, rollout.mode)
        self._faults = champion.measures.challenger_faults.labels(rollout.challenger)
        self._pairs = PairLog(folder, rollout.challenger, champion.measures.pairs_dropped)
        self.follow(rollout)

    def follow(self, rollout: Rollout) -> None:
        """Go on with another share."""
        self.rollout = rollout
        self._draw = Draw(rollout.salt, rollout.share)

    def answer(self, query: Query, client: str) -> dict[str, Any]:
        """The reply to a checked request, by the version that each row's house belongs to."""
        priced, now = self.champion.priced(query), time.time()
        # A caller may leave out what the champion does not need, and the challenger may need it.
        asked = query.house_ids is not None or self._needs <= set(query.names)
        if asked and self.rollout.mode == "canary":
            keys = self._draw.keys(query.house_ids, priced.raw)
            if rows := self._draw.drawn(keys):
                return self._canary(query, priced, rows, [keys[row] for row in rows], client, now)
        reply = self.champion.reply(query, priced, client)
        if asked and self.rollout.mode == "shadow":
            self._pairs.add(partial(self._shadow, query, priced, reply["meta"]["tags"]["receipt"], now))
        return reply

    def _canary(
        self, query: Query, priced: Priced, rows: list[int], keys: list[int], client: str, now: float
    ) -> dict[str, Any]:
        """The reply, these rows by the challenger."""
        others = sorted(set(range(query.row_count)).difference(rows))
        ours, part = (priced, query) if not others else (part_of_priced(priced, rows), part_of_query(query, rows))
        try:
            theirs = self._priced(part)
            reply = self.model.reply(part, theirs, client)
        except Exception as err:  # whatever it is, the caller gets the champion's price
            self._failed(err)
            return self.champion.reply(query, priced, client)
        self._rows.inc(len(rows))
        self._pairs.add(partial(_pairs, ours, theirs, keys, part, reply["meta"]["tags"]["receipt"], now))
        if not others:
            return reply
        rest = self.champion.reply(part_of_query(query, others), part_of_priced(priced, others), client)
        return merged(rest, others, reply, rows)

    def _shadow(self, query: Query, priced: Priced, receipt: str | None, now: float) -> Pairs | None:
        try:
            theirs = self._priced(query)
        except Exception as err:  # it is the thread that writes the evidence: it must go on
            self._failed(err)
            return None
        self._rows.inc(query.row_count)
        return _pairs(priced, theirs, self._draw.keys(query.house_ids, priced.raw), query, receipt, now)

    def _priced(self, query: Query) -> Priced:
        priced = self.model.priced(query)
        if not np.isfinite(priced.prices).all():
            raise ValueError("a price that is no finite number")
        return priced

    def _failed(self, err: Exception) -> None:
        logger.warning("Version %s failed, the champion answers: %r", self.rollout.challenger, err)
        self._faults.inc()
        fault = Pairs(time=time.time(), fault=f"{type(err).__name__}: {err}"[:LONGEST_FAULT])
        self._pairs.add(lambda: fault)

    def close(self) -> None:
        """Let the evidence be written, and end."""
        self._pairs.close()


def _pairs(ours: Priced, theirs: Priced, keys: list[int], query: Query, receipt: str | None, now: float) -> Pairs:
    return Pairs(
        time=now,  # not of the writing: a true price that comes at once must not be older than what it is of
        receipt=receipt,
        keys=keys,
        house_ids=query.house_ids,
        champion=ours.prices.tolist(),
        challenger=theirs.prices.tolist(),
        # At an end of the contract's range the interval is cut: the other side has the whole half-width.
        half_widths=[max(price - low, high - price) for price, low, high in ours.rows],
        champion_ms=round(ours.ms, 3),
        challenger_ms=round(theirs.ms, 3),
    )
