"""The data contract, as the Feast registry holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import msgspec

from serving.errors import ContractError
from serving.pricing.ratios import Ratio

if TYPE_CHECKING:
    from feast import FeatureStore, Field

Kind = Literal["continuous", "integer", "binary"]
HOUSE_FEATURES = "house_features"
HOUSE_TARGET = "house_target"
ALL_FEATURES = "house_price_features"  # the feature service of the stored and the derived ones


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """What the contract says of one column.

    Attributes:
        minimum, maximum: the allowed range, both ends included, in `unit`.
        max_missing_share: the share of rows, 0 to 1, in which the value may be missing; 0 means never.
        sensitive: the column describes, or stands for, a protected attribute.
        ratio: what a derived column is computed from; None for a stored one.
    """

    name: str
    description: str
    unit: str
    kind: Kind
    minimum: float
    maximum: float
    max_missing_share: float
    sensitive: bool
    ratio: Ratio | None = None

    @property
    def nullable(self) -> bool:
        """Whether a single value may be missing."""
        return self.max_missing_share > 0

    @property
    def allowed(self) -> str:
        """The allowed values in words, as error messages and tables give them."""
        span = (
            f"{self.minimum:g} or {self.maximum:g}"
            if self.kind == "binary"
            else f"{'whole numbers ' if self.kind == 'integer' else ''}{self.minimum:g} to {self.maximum:g}"
        )
        return span + (" or null" if self.nullable else "")

    def fault(self, value: float) -> str | None:
        """Why a number that is present is refused, or None: it is allowed."""
        if not self.minimum <= value <= self.maximum:  # NaN is refused here too
            return "out of range"
        if self.kind == "binary" and value not in (self.minimum, self.maximum):
            return "neither of the two allowed values"
        if self.kind == "integer" and value != int(value):
            return "not a whole number"
        return None


def read_feature_service(store: "FeatureStore", name: str) -> tuple[FeatureSpec, ...]:
    """The columns of a feature service, in its order.

    Raises:
        ContractError: the service is unknown, or a field lacks a tag.
    """
    from feast.errors import FeatureServiceNotFoundException

    try:
        service = store.get_feature_service(name)
    except FeatureServiceNotFoundException as err:
        raise ContractError(
            f"Feature service {name!r} is not in the Feast registry. Run `feast -c feature_repo apply`."
        ) from err
    # The fields of an on-demand view are bare: Feast keeps no tags of them. The service's own tags have what they say.
    return tuple(
        _spec(field, service.tags) for projection in service.feature_view_projections for field in projection.features
    )


def read_feature_view(store: "FeatureStore", name: str) -> tuple[FeatureSpec, ...]:
    """The columns of a feature view, in its order.

    Raises:
        ContractError: the view is unknown, or a field lacks a tag.
    """
    from feast.errors import FeatureViewNotFoundException

    try:
        view = store.get_feature_view(name)
    except FeatureViewNotFoundException as err:
        raise ContractError(
            f"Feature view {name!r} is not in the Feast registry. Run `feast -c feature_repo apply`."
        ) from err
    return tuple(_spec(field, {}) for field in view.features)


def _spec(field: "Field", derived: Mapping[str, str]) -> FeatureSpec:
    """What the field says of itself, or else its entry, as JSON, among the tags of the feature service."""
    try:
        tags = field.tags or msgspec.json.decode(derived[field.name], type=dict[str, str])
        return FeatureSpec(
            name=field.name,
            description=field.description or tags["description"],
            unit=tags["unit"],
            kind=cast(Kind, tags["kind"]),
            minimum=float(tags["minimum"]),
            maximum=float(tags["maximum"]),
            max_missing_share=float(tags["max_missing_share"]),
            sensitive=tags["sensitive"] == "true",
            ratio=Ratio(tags["numerator"], tags["denominator"]) if "numerator" in tags else None,
        )
    except (KeyError, ValueError) as err:  # of msgspec too: its errors are ValueErrors
        raise ContractError(
            f"Field {field.name!r} of the feature repository lacks a usable tag: {err}. "
            "Define it with `column(…)` or `ratio(…)` in the feature repository and apply."
        ) from err
