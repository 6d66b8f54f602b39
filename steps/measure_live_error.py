"""The step that holds what was answered against the prices that came true."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.logger import get_logger
from zenml.metadata.metadata_types import MetadataType
from zenml.types import HTMLString

from serving.bundle import MODEL, REFERENCE_ERRORS, SCALER
from serving.errors import BundleError
from serving.files import write_atomically
from serving.pricing.intervals import INTERVALS, Intervals, IntervalTable
from serving.records.live_error import LIVE_ERROR
from serving.records.spool import SPOOL
from serving.settings import Settings, read_settings
from steps.collect_profiles import open_store
from steps.core.error_tests import ErrorSettings
from steps.core.live_error import LiveError
from steps.core.live_error_page import live_error_page
from steps.core.measured_error import COLUMNS, PRICE, Standard, measure
from steps.core.prediction import predict
from steps.core.reference_errors import read_reference_errors
from steps.core.scaling import from_bundle
from steps.find_champion import Champion
from steps.models.registry import Bundle, read_version
from steps.monitoring.served_rows import served_rows
from steps.monitoring.true_prices import Joined, join_true_prices

logger = get_logger(__name__)


@step(enable_cache=False)
def measure_live_error(
    champion: Champion, hours: list[str], error: ErrorSettings
) -> tuple[
    Annotated[LiveError, ArtifactConfig(name="error_verdict")],
    Annotated[HTMLString, ArtifactConfig(name="live_error")],
]:
    """The verdict on the champion's errors, and a page of it; from now on the service tells it."""
    settings = read_settings()
    found = measured(champion, hours, error, settings, datetime.now(UTC))
    hand_over(found, settings)
    logger.info("%s", found.summary())
    log_metadata(metadata=facts_of(found), artifact_name="error_verdict", infer_artifact=True)
    return found, HTMLString(live_error_page(found, champion.unit))


def measured(
    champion: Champion, hours: Sequence[str], wanted: ErrorSettings, settings: Settings, now: datetime
) -> LiveError:
    """The verdict on the champion, and what is known of other versions.

    Args:
        hours: whose traffic the estimate is of.

    Raises:
        BundleError: the champion's bundle is missing or damaged.
        StoreError: the store of the profiles cannot be read.
    """
    joined, truths = join_true_prices(settings, now, wanted.days, wanted.longest_wait_days)
    own = read_version(settings, champion.version)
    standards = {champion.version: standard_of(own)}
    for version in {one.priced.version for one in joined} - {champion.version}:
        try:
            standards[version] = standard_of(read_version(settings, version))
        except BundleError:  # it was retired: its figures stand without a promise
            continue
    served = with_prices(own, served_rows(settings.profiles_dir / SPOOL, champion.version, hours, *_sample(wanted)))
    return measure(as_frame(joined), served, truths, standards, champion.name, champion.version, wanted, now)


def standard_of(bundle: Bundle) -> Standard:
    """What a bundle promises."""
    table = msgspec.json.decode(bundle.files[INTERVALS], type=IntervalTable)
    kept = bundle.files.get(REFERENCE_ERRORS)
    return Standard(
        metrics=bundle.metadata.metrics,
        intervals=Intervals(bundle.files[INTERVALS]),
        coverage=table.coverage,
        maximum=table.maximum,
        errors=None if kept is None else read_reference_errors(kept),
        trained_on=frozenset(map(str, bundle.training_houses)),
    )


def as_frame(joined: Sequence[Joined]) -> pd.DataFrame:
    """The joined predictions as a table."""
    rows = [asdict(one) for one in joined]
    return pd.DataFrame([row | row.pop("priced") for row in rows], columns=list(COLUMNS))


def with_prices(bundle: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """The served rows with what the bundle says of them."""
    if not len(rows):
        return rows.assign(**{PRICE: []})
    return rows.assign(**{PRICE: predict(bundle.files[MODEL], from_bundle(bundle.files[SCALER], len(rows)), rows)})


def _sample(wanted: ErrorSettings) -> tuple[int, int]:
    return wanted.estimate_rows, wanted.seed


def facts_of(found: LiveError) -> dict[str, MetadataType]:
    """What runs can be filtered by."""
    facts: dict[str, MetadataType] = {
        "status": found.status,
        "version": found.version,
        "truths": found.truths.joined,
        "houses": found.champion.houses,
    }
    for name in ("rmse", "mae", "bias", "r2", "coverage"):
        if (figure := getattr(found.champion, name)) is not None:
            facts[name] = figure.value
    if found.estimate is not None:
        facts["estimated_mae"] = found.estimate.mae
    return facts


def hand_over(found: LiveError, settings: Settings) -> None:
    """Put the verdict where the service finds it: into this machine's profiles, and into the store of all machines."""
    data = found.model_dump_json(indent=1).encode() + b"\n"
    write_atomically(settings.profiles_dir / LIVE_ERROR, data)
    if settings.profile_store:
        open_store(settings).write(LIVE_ERROR, data)
