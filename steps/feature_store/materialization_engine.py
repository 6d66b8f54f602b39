"""Feast's materialization in batches that are kept, and taken up again where a run was killed (docs/decisions/0012).

A compute engine is Feast's own place for this: `feast materialize`, `feast materialize-incremental`, the step and the
command `python -m steps.materialize` all go through it.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import numpy as np
from feast.infra.common.materialization_job import MaterializationJobStatus, MaterializationTask
from feast.infra.compute_engines.local.compute import LocalComputeEngine
from feast.infra.compute_engines.local.job import LocalMaterializationJob
from feast.repo_config import FeastConfigBaseModel

from serving.settings import read_settings
from steps.core.errors import DataError
from steps.core.materialization import Mark, State, Unfinished, Whole, batches, sample, work, written
from steps.feature_store.latest_rows import EPOCH, Latest, latest_rows
from steps.feature_store.materialization_state import StateFile, store_identity
from steps.feature_store.offline_store import only_writer
from steps.feature_store.online_writer import OnlineWriter
from steps.terminal import tasks

logger = logging.getLogger(__name__)
BATCH = 10_000
PROBED = 100  # rows that are looked up before: is the store still the one that was written?
VERIFIED = 1000  # rows that are looked up afterwards, the newest first


class ResumableComputeEngineConfig(FeastConfigBaseModel):
    """`batch_engine: {type: steps.feature_store.materialization_engine.ResumableComputeEngine}`."""

    type: Literal["steps.feature_store.materialization_engine.ResumableComputeEngine"] = (
        "steps.feature_store.materialization_engine.ResumableComputeEngine"
    )


class Materialized(NamedTuple):
    """What a materialization did.

    Attributes:
        written: rows that were written to the online store.
        resumed_after: rows that a killed run had written before; 0 if there was none.
        whole: whether nothing was known to be online, so that every entity was written.
        seconds: how long it took.
    """

    view: str
    written: int
    resumed_after: int
    whole: bool
    seconds: float


class ResumableComputeEngine(LocalComputeEngine):
    """Writes the last row of every entity that is not known to be online, in the order of the keys.

    Every batch is committed and then remembered. A run takes what was created or observed since the last complete one,
    what a killed one left, and what was observed in the window that it is asked for.
    """

    last: Materialized | None = None

    def _materialize_one(self, registry: Any, task: MaterializationTask, **_: Any) -> LocalMaterializationJob:
        settings, view = read_settings(), task.feature_view
        # A store that lets an older row replace a newer one must not be written by anyone else meanwhile.
        safe = getattr(self.online_store, "keeps_newest", False)
        file = StateFile(settings.var_dir / "feast" / "materialization", f"{task.project}.{view.name}")
        with file.held(), contextlib.nullcontext() if safe else only_writer(settings.offline_dir):
            entities = [registry.get_entity(name, task.project) for name in view.entities]
            latest = latest_rows(self.offline_store, self.repo_config, view, entities, task.end_time)
            self.last = self._bring_online(latest, task, file)
        name = f"{view.name}-{task.start_time}-{task.end_time}"
        return LocalMaterializationJob(job_id=name, status=MaterializationJobStatus.SUCCEEDED)

    def _bring_online(self, latest: Latest, task: MaterializationTask, file: StateFile) -> Materialized:
        started, view = time.monotonic(), task.feature_view
        writer = OnlineWriter(self.online_store, self.repo_config, view)
        known = self._known(latest, writer, file)
        start, end = _us(task.start_time), _us(task.end_time)
        todo = work(latest.keys, latest.event_us, latest.created_us, known, start)
        for some in self._batches(todo.again):
            writer.write(latest.rows.take(some))
        resumed = known.unfinished.done if known.unfinished else 0
        before = known.completed or Mark(created_us=0, event_us=0)
        reached = Mark(
            created_us=int(latest.created_us.max(initial=before.created_us)), event_us=max(end, before.event_us)
        )
        first = min(start, known.unfinished.start_us) if known.unfinished else start
        done, total = resumed, resumed + len(todo.rows)
        with _shown(view.name, resumed, total, task.tqdm_builder) as show:
            for some in self._batches(todo.rows):
                writer.write(latest.rows.take(some))
                done += len(some)
                if writer.ordered:
                    after = int(latest.keys[some[-1]])
                    left = Unfinished(**reached.model_dump(), start_us=first, after=after, done=done)
                    file.write(known.model_copy(update={"unfinished": left}))
                show(done)
        self._verify(latest, writer)
        file.write(State(store=known.store, features=known.features, completed=reached))
        count = done - resumed + len(todo.again)
        return Materialized(view.name, count, resumed, known.completed is None, time.monotonic() - started)

    def _known(self, latest: Latest, writer: OnlineWriter, file: StateFile) -> State:
        """What is known to be online: what the file says, unless a sample of the store's rows shows otherwise."""
        identity = store_identity(self.repo_config.online_store)
        state = file.read(identity, writer.features)
        held = np.flatnonzero(written(latest.keys, latest.event_us, latest.created_us, state))
        if writer.stale(latest.rows.take(held[sample(len(held), PROBED)])):
            logger.warning("The online store lacks what was written to it of %s; writing all of it.", file.path.stem)
            return State(store=identity, features=writer.features)
        return state

    def _verify(self, latest: Latest, writer: OnlineWriter) -> None:
        newest = np.argsort(latest.event_us, kind="stable")[-VERIFIED:]
        if stale := writer.stale(latest.rows.take(newest)):
            raise DataError(
                f"The online store lacks {len(stale)} of the {len(newest)} rows that were looked up after "
                f"materializing, first {stale[0]}. Check HPP_ONLINE_STORE, and run again."
            )

    def _batches(self, rows: Whole) -> Any:
        return batches(rows, self.repo_config.materialization_config.online_write_batch_size or BATCH)


def _us(moment: datetime) -> int:
    return int(((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH).total_seconds() * 10**6)


@contextlib.contextmanager
def _shown(view: str, before: int, total: int, bar: Callable[[int], Any] | None) -> Iterator[Callable[[int], None]]:
    """A function that is told how many are done; it is Feast's own bar where a command of Feast's materializes."""
    if bar is None or logger.isEnabledFor(logging.INFO):
        with tasks.task(view, total, "rows", before) as tell:
            yield tell
        return
    with contextlib.closing(bar(total)) as tqdm:
        tqdm.update(before)
        yield lambda done: tqdm.update(done - tqdm.n)
