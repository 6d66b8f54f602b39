"""What came out of comparing a service with the offline store and the bundle, and what it means."""

from collections import Counter

from pydantic import BaseModel

from steps.core.parity import Parity
from steps.core.skew import Difference

SHOWN = 3


class StoreParity(BaseModel):
    """How the stored features that the service used agree with the offline store.

    Attributes:
        features: of the model, in training order.
        resolution_seconds: event times closer than this are the same.
        differences: every value, and every event time, that is not the same in both.
    """

    houses: int
    features: list[str]
    resolution_seconds: float
    differences: list[Difference]

    @property
    def holds(self) -> bool:
        """Whether the stores say the same."""
        return not self.differences

    @property
    def by_feature(self) -> dict[str, int]:
        """How many houses differ in each feature, the most first; `event_timestamp` among them."""
        return dict(Counter(one.feature for one in self.differences).most_common())


class Verification(BaseModel):
    """The parity of a service with the offline predictions, asked in both ways, and of the features behind them."""

    by_raw_features: Parity
    by_house_id: Parity
    stored_features: StoreParity

    @property
    def fault(self) -> str | None:
        """What is wrong, and how to mend it, or None: everything agrees."""
        if not self.by_raw_features.holds:
            return _of_prices(self.by_raw_features, "raw features")
        if not self.stored_features.holds:
            return _of_stores(self.stored_features)
        return None if self.by_house_id.holds else _of_prices(self.by_house_id, "house id")


def _of_stores(parity: StoreParity) -> str:
    houses = len({one.house_id for one in parity.differences})
    counts = ", ".join(f"{name} {count}" for name, count in parity.by_feature.items())
    first = "; ".join(one.sentence for one in parity.differences[:SHOWN])
    return (
        f"The online store differs from the offline store in {houses} of {parity.houses} houses ({counts}). "
        f"The first: {first}. Run the feature pipeline (zenml_config/features.yaml); if that does not mend it, see "
        "who else writes to HPP_ONLINE_STORE."
    )


def _of_prices(parity: Parity, asked_by: str) -> str:
    return (
        f"Asked by {asked_by}, the service's {parity.worst_value} of house {parity.worst_house} is "
        f"{parity.largest_difference:g} from the offline one; {parity.tolerance:g} is allowed. "
        "The service computes otherwise than the bundle."
    )
