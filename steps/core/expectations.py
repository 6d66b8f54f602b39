"""The Great Expectations suite that the data contract asks for, and what its results mean."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from serving.contract import FeatureSpec
from steps.core.fingerprint import HOUSE_ID

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation


class Strict(BaseModel):
    """A part of the parameters, in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Moments(Strict):
    """The mean and the standard deviation that a column is known to have, in its unit."""

    mean: float
    sd: float = Field(gt=0)


class Correlation(Strict):
    """The range in which the correlation of two columns must lie."""

    columns: tuple[str, str]
    minimum: float = Field(ge=-1, le=1)
    maximum: float = Field(ge=-1, le=1)


class Distribution(Strict):
    """What is known of the data as a whole.

    Attributes:
        from_rows: the fewest rows that say something of the whole; smaller data are not held to it.
        mean_within_sd: how far a column's mean may lie from the known one, in known standard deviations.
        sd_factor: how many times larger or smaller the standard deviation may be.
        lowest: values that no real row falls below although the contract's range would allow it, by column.
    """

    from_rows: int = Field(ge=2)
    mean_within_sd: float = Field(gt=0)
    sd_factor: float = Field(gt=1)
    moments: dict[str, Moments]
    correlations: tuple[Correlation, ...]
    lowest: dict[str, float]


def build_suite(specs: Sequence[FeatureSpec], distribution: Distribution, n_rows: int) -> "ExpectationSuite":
    """The suite for a table of `house_id` and the contract's columns, in order.

    Args:
        n_rows: the rows of the data: few rows are not held to the distribution.
    """
    from great_expectations import ExpectationSuite

    expectations = [*_table(specs), *(one for spec in specs for one in _column(spec))]
    if n_rows >= distribution.from_rows:
        expectations += _whole(distribution)
    return ExpectationSuite(name="houses", expectations=expectations)


def _table(specs: Sequence[FeatureSpec]) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    names = [spec.name for spec in specs]
    return [
        gxe.ExpectTableColumnsToMatchOrderedList(column_list=[HOUSE_ID, *names]),
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeOfType(column=HOUSE_ID, type_="int64"),
        gxe.ExpectColumnValuesToBeUnique(column=HOUSE_ID),
        gxe.ExpectColumnValuesToBeBetween(column=HOUSE_ID, min_value=0),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=names, ignore_row_if="never"),
    ]


def _column(spec: FeatureSpec) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    name = spec.name
    present = gxe.ExpectColumnValuesToNotBeNull(column=name, mostly=1 - spec.max_missing_share)
    expectations: list[Expectation] = [
        gxe.ExpectColumnValuesToBeOfType(column=name, type_="float64"),
        present,
        gxe.ExpectColumnValuesToBeBetween(column=name, min_value=spec.minimum, max_value=spec.maximum),
    ]
    if spec.kind == "binary":
        expectations.append(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=[spec.minimum, spec.maximum]))
    if spec.kind == "integer":
        from steps.core.whole_number_expectation import ExpectColumnValuesToBeWhole

        expectations.append(ExpectColumnValuesToBeWhole(column=name))
    return expectations


def _whole(distribution: Distribution) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    from steps.core.correlation_expectation import ExpectColumnPairCorrelationToBeBetween

    expectations: list[Expectation] = []
    for name, known in distribution.moments.items():
        reach = distribution.mean_within_sd * known.sd
        expectations += [
            gxe.ExpectColumnMeanToBeBetween(column=name, min_value=known.mean - reach, max_value=known.mean + reach),
            gxe.ExpectColumnStdevToBeBetween(
                column=name, min_value=known.sd / distribution.sd_factor, max_value=known.sd * distribution.sd_factor
            ),
        ]
    for name, value in distribution.lowest.items():
        expectations.append(gxe.ExpectColumnValuesToBeBetween(column=name, min_value=value))
    for pair in distribution.correlations:
        one, other = pair.columns
        expectations.append(
            ExpectColumnPairCorrelationToBeBetween(
                column_A=one,
                column_B=other,
                min_value=pair.minimum,
                max_value=pair.maximum,
                description=f"The correlation of {one} and {other} lies between {pair.minimum} and {pair.maximum}.",
            )
        )
    return expectations
