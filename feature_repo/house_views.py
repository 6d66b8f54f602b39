"""What Feast registers of a contract's columns: the entity, the sources, the views and the services.

`houses.py` names the columns; this follows from them, for whatever data set they are.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from feast import (
    Entity,
    FeatureService,
    FeatureView,
    Field,
    FileSource,
    OnDemandFeatureView,
    PushSource,
    ValueType,
)
from ratio_view import known_of, parts, ratio_view


class Definitions(NamedTuple):
    """The objects, which Feast finds by the names that `houses.py` gives them."""

    house: Entity
    listings: PushSource
    house_features: FeatureView
    house_ratios: OnDemandFeatureView
    house_target: FeatureView
    house_price_features: FeatureService
    house_price_training: FeatureService


def define(house: str, features: Sequence[Field], derived: Sequence[Field], target: Field) -> Definitions:
    """Everything that Feast registers.

    Args:
        house: what a row of the data is, for the entity's description.
        derived: ratios of `features`, computed when they are asked for.
    """
    entity = Entity(name="house", join_keys=["house_id"], value_type=ValueType.INT64, description=house)
    listings = PushSource(
        name="listings",
        batch_source=_source(
            "house_features", "Every observation of a house's features; a corrected value is a new row."
        ),
        description="New and changed listings, one at a time, offline and online at once: "
        "python -m steps.push_listing.",
    )
    house_features = FeatureView(
        name="house_features",
        description="What is known of a house before it is priced.",
        entities=[entity],
        ttl=timedelta(days=365),
        schema=list(features),
        source=listings,
        online=True,
    )
    house_ratios = ratio_view(
        *("house_ratios", "What is computed from a house's stored features when it is asked for."),
        *(parts(derived), house_features),
    )
    house_target = FeatureView(
        name="house_target",
        description="The price of a house, known later than its features. For training and feedback: never served.",
        entities=[entity],
        ttl=timedelta(days=0),
        schema=[target],
        source=_source("house_target", "Every price that became known."),
        online=False,
    )
    house_price_features = FeatureService(
        name="house_price_features",
        description="All features, derived ones included: what an experiment may choose from.",
        tags=known_of(derived),
        features=[house_features, house_ratios],
    )
    house_price_training = FeatureService(
        name="house_price_training",
        description="All features and the price: what a training set is built from.",
        tags=known_of(derived),
        features=[house_features, house_ratios, house_target],
    )
    return Definitions(
        *(entity, listings, house_features, house_ratios, house_target),
        *(house_price_features, house_price_training),
    )


def _source(name: str, description: str) -> FileSource:
    return FileSource(
        name=name,
        path=f"{os.environ['HPP_OFFLINE_DIR']}/{name}.parquet",
        timestamp_field="event_timestamp",
        created_timestamp_column="created_timestamp",
        description=description,
    )
