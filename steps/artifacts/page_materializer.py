"""How the records that steps leave are shown: as a page in the look of all the others, not as JSON."""

from typing import Any, ClassVar

from pydantic import BaseModel
from zenml.enums import VisualizationType
from zenml.materializers import PydanticMaterializer
from zenml.materializers.base_materializer import BaseMaterializer

from steps.artifacts.readings import READINGS
from steps.core.facts_page import facts_page


class PageMaterializer(PydanticMaterializer):
    """A record as JSON, shown in the dashboard as a page that tells what is good and what each field means."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (BaseModel,)
    SKIP_REGISTRATION = True  # named where it is wanted: it does not replace ZenML's for everyone

    def save_visualizations(self, data: BaseModel) -> dict[str, VisualizationType]:
        """The page, by its address in the artifact store."""
        title, reading = READINGS[type(data).__name__]
        return kept_page(self, facts_page(title, data, reading))


def kept_page(materializer: BaseMaterializer, page: str) -> dict[str, VisualizationType]:
    """What `save_visualizations` answers once the page is written beside the artifact."""
    address = f"{materializer.uri}/page.html"
    with materializer.artifact_store.open(address, "w") as file:
        file.write(page)
    return {address: VisualizationType.HTML}
