"""The unit that pages and axes name."""

import pytest

from steps.core.experiments import ExperimentResult
from steps.core.price_unit import UNKNOWN, price_unit
from tests.training import result

MEANINGS = {"RM": {"unit": "rooms"}, "MEDV": {"description": "price", "unit": "1000 USD"}}


def test_the_unit_is_that_of_the_price_and_of_no_feature() -> None:
    assert price_unit(MEANINGS, "MEDV") == "1000 USD"


@pytest.mark.parametrize("meanings", [{}, {"MEDV": {}}, {"MEDV": {"unit": ""}}, {"RM": {"unit": "rooms"}}])
def test_where_the_contract_names_no_unit_the_words_stay_general(meanings: dict[str, dict[str, str]]) -> None:
    assert price_unit(meanings, "MEDV") == UNKNOWN


def test_a_result_that_was_kept_before_results_had_a_unit_can_still_be_read() -> None:
    before = result().model_dump_json(exclude={"unit"})
    assert ExperimentResult.model_validate_json(before).unit == UNKNOWN
