"""How artifacts that are bytes are shown: ZenML takes them for Markdown, and its dashboard fails on them."""

from abc import abstractmethod
from typing import Any, ClassVar

from zenml.enums import VisualizationType
from zenml.materializers.built_in_materializer import BytesMaterializer

from steps.artifacts.page_materializer import kept_page


class _PageOfBytes(BytesMaterializer):
    """Bytes as they are, with a page that tells what is in them."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (bytes,)
    SKIP_REGISTRATION = True  # named where it is wanted: it does not replace ZenML's for everyone

    @abstractmethod
    def told(self, data: bytes) -> str:
        """The page, as HTML."""

    def save_visualizations(self, data: bytes) -> dict[str, VisualizationType]:
        """The page, by its address in the artifact store."""
        return kept_page(self, self.told(data))


class BoosterMaterializer(_PageOfBytes):
    """A model in XGBoost's own format."""

    SKIP_REGISTRATION = True

    def told(self, data: bytes) -> str:
        """The size of the model, and what its trees ask."""
        from xgboost import Booster

        from steps.core.booster_page import booster_page

        return booster_page(Booster(model_file=bytearray(data)), len(data))


class ProfileMaterializer(_PageOfBytes):
    """A whylogs profile; none of its columns where it is empty."""

    SKIP_REGISTRATION = True

    def told(self, data: bytes) -> str:
        """What was seen of each column."""
        from steps.core.profile_page import profile_page
        from steps.core.sketches import read_sketches

        return profile_page(read_sketches(data) if data else {})
