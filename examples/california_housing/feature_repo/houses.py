"""The data contract of the California data: the house, its eight features and its price.

A row is a census block group of 1990, as scikit-learn's `fetch_california_housing` has it. Ranges: somewhat wider than
the 20,640 rows, and where the census capped its figures, the cap.
"""

from columns import column, ratio
from house_views import define

FEATURES = [
    # It stands for the wealth of the inhabitants, and with it for what they are: the use needs a reason.
    column(
        "MedInc", "Median income (capped at 15.0001 in the data)", "10,000 USD a year", 0.3, 15.0001, sensitive=True
    ),
    column("HouseAge", "Median age of the houses (capped at 52 in the data)", "years", 1, 52, kind="integer"),
    column("AveRooms", "Rooms for each household", "rooms", 0.5, 150),
    # The file that circulates on Kaggle lacks 207 of 20,640 values (1 %); scikit-learn's is complete.
    column("AveBedrms", "Bedrooms for each household", "bedrooms", 0.3, 40, max_missing_share=0.02),
    column("Population", "Inhabitants of the block group", "persons", 1, 40_000, kind="integer"),
    column("AveOccup", "Inhabitants for each household", "persons", 0.5, 1300),
    column("Latitude", "Latitude of the block group", "degrees north", 32.5, 42),
    column("Longitude", "Longitude of the block group", "degrees east", -124.5, -114),
]

# Geron, Hands-On Machine Learning, chapter 2, divides bedrooms by rooms; rooms and income are held against the people
# who share them in the same way.
DERIVED = [
    ratio(FEATURES, "BedrmsPerRoom", "Share of the rooms that are bedrooms", "1", "AveBedrms", "AveRooms"),
    ratio(FEATURES, "RoomsPerOccupant", "Rooms for each inhabitant", "rooms per person", "AveRooms", "AveOccup"),
    ratio(
        *(FEATURES, "IncomePerOccupant", "Income for each inhabitant of a household"),
        *("10,000 USD a year and person", "MedInc", "AveOccup"),
    ),
]

TARGET = column(
    "MedHouseVal", "Median value of owner-occupied homes (capped at 5.00001 in the data)", "100000 USD", 0.1, 5.00001
)

house, listings, house_features, house_ratios, house_target, house_price_features, house_price_training = define(
    "A house (in the California data: a census block group of 1990), by its number in the source, from 0.",
    *(FEATURES, DERIVED, TARGET),
)
