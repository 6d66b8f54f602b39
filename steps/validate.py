"""The step that holds houses against the data contract: every fault stops the run, and no row is lost."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.config import CachePolicy
from zenml.types import HTMLString

from serving.settings import read_settings
from steps.apply_contract import Contract, read_specs
from steps.artifacts.materializers import FrameMaterializer
from steps.core import expectations, findings, page, rejection, validation_report
from steps.core.expectations import Distribution, build_suite
from steps.core.findings import faults
from steps.core.fingerprint import fingerprint
from steps.core.rejection import RejectedRowsError
from steps.core.validation_report import render
from steps.data.judge import quieten, run_suite
from steps.data.quarantine import keep_rejected
from steps.data.sources import Source
from steps.tracking.run_facts import describe_run

if TYPE_CHECKING:
    from great_expectations.data_context import EphemeralDataContext

SITE = "houses"


@step(
    output_materializers={"validated_houses": FrameMaterializer},
    cache_policy=CachePolicy(
        source_dependencies=[expectations, findings, page, rejection, validation_report, "steps.data.judge.run_suite"]
    ),
)
def validate(
    houses: pd.DataFrame, contract: Contract, source: Source, distribution: Distribution
) -> tuple[
    Annotated[pd.DataFrame, ArtifactConfig(name="validated_houses")],
    Annotated[HTMLString, ArtifactConfig(name="validation_summary")],
    Annotated[Path, ArtifactConfig(name="data_docs")],
]:
    """The same houses, a page on every expectation, and the folder of Great Expectations' own Data Docs."""
    specs = read_specs(contract)
    quieten()
    suite = build_suite(specs, distribution, len(houses))
    settings = read_settings()
    docs = settings.var_dir / "data_docs"
    context, results = run_suite(suite, houses)
    build_docs(context, docs)
    if found := faults(results, houses, specs):
        refused = len({fault.row for fault in found if fault.row is not None})
        describe_run(rows=len(houses), refused_rows=refused)
        error = RejectedRowsError(source.origin, houses, found)
        raise keep_rejected(settings.var_dir / "quarantine", error)
    identity = fingerprint(houses)
    log_metadata(
        metadata={"expectations": len(results), "houses": len(houses), "fingerprint": identity},
        artifact_name="validated_houses",
        infer_artifact=True,
    )
    summary = HTMLString(render(results, {"houses": len(houses), "fingerprint": identity}))
    return houses, summary, docs


def build_docs(context: "EphemeralDataContext", docs: Path) -> None:
    """Build the site of Data Docs beside the folder and put it in its place."""
    docs.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{docs.name}.", dir=docs.parent))
    try:
        site: Any = {
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(unfinished)},
        }
        context.add_data_docs_site(site_name=SITE, site_config=site)
        context.build_data_docs(site_names=[SITE])
        shutil.rmtree(docs, ignore_errors=True)
        unfinished.chmod(0o755)
        unfinished.rename(docs)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
