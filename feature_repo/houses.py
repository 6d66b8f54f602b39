"""The data contract: the house, its thirteen features and its price. To add or change a feature, edit FEATURES.

DERIVED has what is computed from them. Feast executes every module of this folder, which import Feast and the standard
library only.
Ranges: the limits of the published API of the project's first version; the 506 rows of the Boston data pass them.
"""

from columns import column, ratio
from house_views import define

# The file that circulates on Kaggle lacks 20 of 506 values (4 %) in six of the columns.
SOME_MISSING = 0.06

FEATURES = [
    column(
        "CRIM", "Crime rate of the town", "crimes per inhabitant and year, %", 0, 100, max_missing_share=SOME_MISSING
    ),
    column("ZN", "Residential land zoned for lots over 25,000 sq.ft", "%", 0, 100, max_missing_share=SOME_MISSING),
    column("INDUS", "Land of non-retail businesses in the town", "%", 0, 30, max_missing_share=SOME_MISSING),
    column("CHAS", "Tract bounds the Charles River", "1", 0, 1, kind="binary", max_missing_share=SOME_MISSING),
    column("NOX", "Concentration of nitric oxides", "parts per 10 million", 0.3, 1),
    column("RM", "Mean number of rooms of a dwelling", "rooms", 3, 9),
    column("AGE", "Owner-occupied homes built before 1940", "%", 0, 100, max_missing_share=SOME_MISSING),
    column("DIS", "Weighted distance to five employment centres", "miles", 0.5, 13),
    column("RAD", "Index of access to radial highways", "1", 1, 24, kind="integer"),
    column("TAX", "Full-value property tax rate", "USD per 10,000 USD", 100, 800),
    column("PTRATIO", "Pupils for each teacher in the town", "pupils", 10, 25),
    column("B", "1000 (Bk - 0.63)^2, where Bk is the share of Black inhabitants", "1", 0, 400, sensitive=True),
    column("LSTAT", "Population of lower status", "%", 0, 40, max_missing_share=SOME_MISSING, sensitive=True),
]

# Computed when they are asked for, and available to experiments by name (`derived` in zenml_config/training.yaml). The
# size of a dwelling is what its other features are usually held against (rooms per household and the like are the
# stock derived features of housing models, as in Geron, Hands-On Machine Learning, chapter 2); air quality fades with
# the distance to the employment centres (Harrison and Rubinfeld 1978, who priced NOX beside DIS).
DERIVED = [
    ratio(FEATURES, "TAX_PER_ROOM", "Property tax rate for each room", "USD per 10,000 USD and room", "TAX", "RM"),
    ratio(FEATURES, "LSTAT_PER_ROOM", "Population of lower status for each room", "% per room", "LSTAT", "RM"),
    ratio(FEATURES, "PTRATIO_PER_ROOM", "Pupils for each teacher and room", "pupils per room", "PTRATIO", "RM"),
    ratio(
        *(FEATURES, "NOX_PER_MILE", "Nitric oxides for each mile to the employment centres"),
        *("parts per 10 million and mile", "NOX", "DIS"),
    ),
]

TARGET = column("MEDV", "Median value of owner-occupied homes (capped at 50 in the data)", "1000 USD", 1, 50)

house, listings, house_features, house_ratios, house_target, house_price_features, house_price_training = define(
    "A house (in the Boston data: a census tract of 1970), by its number in the source, from 0.",
    *(FEATURES, DERIVED, TARGET),
)
