"""What the ZenML dashboard shows of a run."""

from zenml.artifacts.utils import load_artifact_visualization
from zenml.client import Client
from zenml.models import PipelineRunResponse

from steps.core.page import PALETTE
from steps.core.price_unit import UNKNOWN

UNSEEN = {"data_docs"}  # a folder, the site of Great Expectations
OF_A_LIBRARY = {"exploration_report"}  # ydata-profiling's own look


def pages_of(run: PipelineRunResponse) -> set[str]:
    """The artifacts of the run that are shown as pages, each of which has the look of all and knows the price's unit.

    Raises:
        AssertionError: an artifact is not shown, or in another look, or with a price whose unit it does not name.
        Exception: the dashboard could not show it.
    """
    pages = set()
    for step in run.steps.values():
        for name, (artifact, *_) in step.outputs.items():
            shown = artifact.visualizations or []
            assert shown or name in UNSEEN, f"{name} is not shown"
            kept = Client().get_artifact_version(artifact.id)
            texts = [str(load_artifact_visualization(kept, index).value) for index in range(len(shown))]
            if [one.type for one in shown] == ["html"]:
                (text,) = texts
                assert PALETTE in text or name in OF_A_LIBRARY, f"{name} has a look of its own"
                assert UNKNOWN not in text, f"{name} does not name the unit"
                pages.add(name)
    return pages
