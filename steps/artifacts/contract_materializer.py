"""How the data contract is shown: as the table of its columns, not as JSON."""

from typing import Any, ClassVar

from zenml.enums import VisualizationType
from zenml.materializers.built_in_materializer import BuiltInContainerMaterializer

from serving.contract import FeatureSpec
from steps.artifacts.page_materializer import kept_page
from steps.core.contract_page import contract_page


class ContractMaterializer(BuiltInContainerMaterializer):
    """The columns of the contract, each the fields of a `FeatureSpec`, with a page in the dashboard."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (list,)
    SKIP_REGISTRATION = True  # named where it is wanted: it does not replace ZenML's for everyone

    def save_visualizations(self, data: list[dict[str, Any]]) -> dict[str, VisualizationType]:
        """The page, by its address in the artifact store."""
        return kept_page(self, contract_page([FeatureSpec(**column) for column in data]))
