"""The step that reads houses from their source."""

from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step

from serving.settings import read_settings
from steps.apply_contract import Contract
from steps.artifacts.materializers import FrameMaterializer
from steps.core.fingerprint import fingerprint
from steps.core.rejection import RejectedRowsError
from steps.data.quarantine import keep_rejected
from steps.data.sources import Source, read_houses


@step(enable_cache=False, output_materializers=FrameMaterializer)
def ingest(source: Source, contract: Contract) -> Annotated[pd.DataFrame, ArtifactConfig(name="ingested_houses")]:
    """The houses as the source has them: `house_id` (int64), then the contract's columns (float64), missing as NaN."""
    try:
        houses = read_houses(source, [column["name"] for column in contract])
    except RejectedRowsError as err:
        raise keep_rejected(read_settings().var_dir / "quarantine", err) from None
    missing = {str(name): int(count) for name, count in houses.isna().sum().items() if count}
    log_metadata(
        metadata={
            "source": source.origin,
            "fingerprint": fingerprint(houses),
            "rows": len(houses),
            "missing_values": missing or {"none": 0},
        },
        infer_artifact=True,
    )
    return houses
