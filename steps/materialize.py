"""The step, and the command, that bring the online store up to the offline store.

`python -m steps.materialize` does it for every view that is served online, with names of views for those.
"""

import argparse
import contextlib
import io
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel
from zenml import ArtifactConfig, log_metadata, step

from serving.settings import Settings, read_settings
from steps.artifacts.page_materializer import PageMaterializer
from steps.terminal.presentation import Presentation, carried_out

if TYPE_CHECKING:
    from feast import FeatureStore


class ViewMaterialization(BaseModel):
    """What was done for one view.

    Attributes:
        written: rows that were written to the online store.
        resumed_after: rows that a run which was killed had written before.
        whole: whether every house was written, since nothing was known to be online.
        seconds: how long it took.
    """

    view: str
    written: int
    resumed_after: int
    whole: bool
    seconds: float


class MaterializationReport(BaseModel):
    """What a materialization did, view by view.

    Attributes:
        until: what was observed until then is online, ISO 8601, UTC.
        online_store: the kind of the store.
    """

    until: str
    online_store: str
    views: tuple[ViewMaterialization, ...]

    @property
    def written(self) -> int:
        """Rows that were written in all."""
        return sum(view.written for view in self.views)


@step(enable_cache=False, output_materializers=PageMaterializer)
def materialize() -> Annotated[MaterializationReport, ArtifactConfig(name="materialization_report")]:
    """What had to be written to the online store for it to hold the last observation of every house."""
    report = bring_online(read_settings(), datetime.now(UTC))
    log_metadata(metadata={"written": report.written, **report.model_dump(mode="json")}, infer_artifact=True)
    return report


def bring_online(settings: Settings, until: datetime, names: Sequence[str] = ()) -> MaterializationReport:
    """What was written, through Feast's own materialization and the engine that the repository names.

    Args:
        names: the views to materialize; empty for all that are served online.

    Raises:
        ConfigurationError: there is no such view, or it is not served online.
        DataError: a view has no offline rows yet, or the store does not hold what was written to it.
    """
    store = settings.feature_store()
    done = tuple(_bring_online(store, name, until) for name in names or online_views(store))
    return MaterializationReport(until=until.isoformat(), online_store=str(store.config.online_store.type), views=done)


def online_views(store: "FeatureStore") -> list[str]:
    """The names of the feature views that are served online."""
    return [view.name for view in store.list_feature_views() if view.online]


def _bring_online(store: "FeatureStore", name: str, until: datetime) -> ViewMaterialization:
    started = datetime.now(UTC)
    since = store.get_feature_view(name).most_recent_end_time or until
    with contextlib.redirect_stdout(io.StringIO()):  # Feast says which views it materializes
        store.materialize(min(since, until), until, [name])
    last = getattr(getattr(store.provider, "batch_engine", None), "last", None)
    if last is None:  # another engine, of a cluster, that does not count
        seconds = (datetime.now(UTC) - started).total_seconds()
        return ViewMaterialization(view=name, written=0, resumed_after=0, whole=False, seconds=seconds)
    return ViewMaterialization(**last._asdict())


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command, which shows how far it is and what was done."""
    parser = argparse.ArgumentParser(prog="python -m steps.materialize", description=bring_online.__doc__)
    parser.add_argument("views", nargs="*", metavar="VIEW", help="default: every view that is served online")
    chosen = parser.parse_args(arguments).views
    return carried_out("materialize", lambda shown: show(chosen, shown))


def show(names: Sequence[str], shown: Presentation) -> None:
    """Materialize, and say what was done, a line a view."""
    with shown.screen.busy("reading what is online"):
        report = bring_online(read_settings(), datetime.now(UTC), names)
    for view in report.views:
        resumed = f", after {view.resumed_after:,} of a run that was killed" if view.resumed_after else ""
        shown.screen.say(f"{view.view}: {view.written:,} rows written{resumed}, {view.seconds:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
