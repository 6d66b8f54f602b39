"""How a fitted scaler is stored and shown."""

from typing import Any, ClassVar

import pandas as pd
from zenml.enums import VisualizationType
from zenml.materializers import PydanticMaterializer

from steps.core.scaling import FittedScaler


class ScalerMaterializer(PydanticMaterializer):
    """A scaler as JSON, shown in the dashboard as a table of means and scales."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (FittedScaler,)
    SKIP_REGISTRATION = True

    def save_visualizations(self, data: FittedScaler) -> dict[str, VisualizationType]:
        """The table, by its address in the artifact store."""
        address = f"{self.uri}/scaler.csv"
        table = pd.DataFrame({"feature": data.features, "mean": data.mean, "scale": data.scale})
        with self.artifact_store.open(address, "w") as file:
            file.write(table.to_csv(index=False))
        return {address: VisualizationType.CSV}
