"""The step, and the command `python -m steps.report_freshness`, that show how fresh the online store is."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from zenml import ArtifactConfig, log_metadata, step
from zenml.types import HTMLString

from serving.aligned import aligned
from serving.settings import Settings, read_settings
from steps.core.errors import DataError
from steps.core.freshness import COLUMNS, ViewFreshness, cells, offline_freshness, render, with_online
from steps.core.materialization import sample, written

if TYPE_CHECKING:
    from feast import FeatureStore

LOOKED_UP = 1000  # houses that are spread over all, and as many of the newest


@step(enable_cache=False)
def report_freshness() -> tuple[
    Annotated[list[dict[str, Any]], ArtifactConfig(name="freshness")],
    Annotated[HTMLString, ArtifactConfig(name="freshness_report")],
]:
    """How fresh each view is, and a page of it."""
    views = freshness(read_settings(), datetime.now(UTC))
    found = [view.model_dump(mode="json") for view in views]
    metadata: dict[str, Any] = {
        view["view"]: {name: value for name, value in view.items() if value is not None} for view in found
    }
    log_metadata(metadata=metadata, artifact_name="freshness", infer_artifact=True)
    page = HTMLString(render(views))
    return found, page


def freshness(settings: Settings, now: datetime) -> list[ViewFreshness]:
    """Each view that has offline rows, in the order of the names."""
    store = settings.feature_store()
    found = []
    for view in sorted(store.list_feature_views(), key=lambda view: str(view.name)):
        try:
            found.append(_of(store, view, settings, now))
        except DataError:  # nothing was published yet
            continue
    return found


def _of(store: "FeatureStore", view: Any, settings: Settings, now: datetime) -> ViewFreshness:
    from steps.feature_store.latest_rows import latest_of
    from steps.feature_store.materialization_state import StateFile, store_identity
    from steps.feature_store.online_writer import OnlineWriter

    latest = latest_of(store, view, now)
    if not len(latest.keys):
        raise DataError(f"The offline store has nothing of {view.name}.")
    ttl = view.ttl.total_seconds() if view.ttl else 0.0
    offline = offline_freshness(view.name, view.online, ttl, latest.event_us, now)
    if not view.online:
        return offline
    provider: Any = store.provider
    writer = OnlineWriter(provider.online_store, store.config, view)
    file = StateFile(settings.var_dir / "feast" / "materialization", f"{store.project}.{view.name}")
    state = file.read(store_identity(store.config.online_store), writer.features)
    known = written(latest.keys, latest.event_us, latest.created_us, state)
    newest = np.argsort(latest.event_us, kind="stable")[-LOOKED_UP:]
    asked = np.union1d(sample(len(latest.keys), LOOKED_UP), newest)
    times = [moment for moment, _ in writer.read(latest.rows.take(asked))]
    return with_online(offline, latest.event_us[asked], times, int((~known).sum()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m steps.report_freshness", description="How fresh each view is.")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    wanted = parser.parse_args(arguments)
    views = freshness(read_settings(), datetime.now(UTC))
    if wanted.json:
        sys.stdout.write(json.dumps([view.model_dump(mode="json") for view in views]) + "\n")
        return
    if not views:
        raise SystemExit("Nothing was published yet: run the feature pipeline (`make features`), or push a listing.")
    # A line a figure: ten columns are wider than a terminal.
    figures = [(title, *values) for title, *values in zip(COLUMNS, *map(cells, views), strict=True)]
    sys.stdout.write(aligned(figures[0], figures[1:]) + "\n")


if __name__ == "__main__":
    main()
