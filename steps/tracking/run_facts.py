"""What pipeline runs are filtered by: a few scalars at each run, under the same names in all pipelines."""

from zenml import get_step_context, log_metadata
from zenml.metadata.metadata_types import MetadataType


def describe_run(**facts: MetadataType) -> None:
    """Write the facts down at the run of the step that is being carried out; docs/dashboard.md has their names.

    A step's function that is called by itself belongs to no run: nothing is written then.
    """
    try:
        run = get_step_context().pipeline_run
    except RuntimeError:
        return
    log_metadata(metadata=facts, run_id_name_or_prefix=run.id)
