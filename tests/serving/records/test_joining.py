"""Which prediction a true price belongs to."""

from typing import Any

import pytest

from serving.records.feedback import Feedback
from serving.records.joining import Predictions, known_at, place_of


def truth(received: float = 100.0, **fields: Any) -> Feedback:
    return Feedback(id="1", received=received, truth=20.0, version="7", **fields)


@pytest.fixture
def predictions() -> Predictions[str]:
    """House 4 was priced three times, and the second time there is a receipt of."""
    found: Predictions[str] = Predictions()
    for moment, name in ((30.0, "third"), (10.0, "first"), (20.0, "second")):
        found.enter(4, moment, name)
    found.enter(("r", 0), 20.0, "second")
    return found


def test_a_price_of_a_house_belongs_to_the_newest_prediction_before_it_was_known(predictions: Predictions[str]) -> None:
    assert predictions.of(truth(house_id=4, event_time=25.0)) == "second"
    assert predictions.of(truth(house_id=4, event_time=10.0)) is None  # it was known when the first one was made
    assert predictions.of(truth(house_id=5)) is None


def test_without_an_event_time_a_price_was_known_when_it_came(predictions: Predictions[str]) -> None:
    assert predictions.of(truth(received=15.0, house_id=4)) == "first"


def test_no_price_is_known_after_it_came() -> None:
    assert known_at(truth(received=15.0, event_time=99.0)) == 15.0


def test_a_price_by_receipt_belongs_to_that_row_whenever_it_was_known(predictions: Predictions[str]) -> None:
    assert predictions.of(truth(house_id=4, receipt="r", row=0, event_time=1.0)) == "second"
    assert predictions.of(truth(house_id=4, receipt="r", row=1)) is None


def test_what_names_neither_has_no_place() -> None:
    assert place_of(truth()) is None
    assert Predictions[str]().of(truth()) is None


def test_of_more_than_wanted_the_first_are_forgotten() -> None:
    found: Predictions[int] = Predictions(most=2)
    for house in (1, 2, 3):
        found.enter(house, 0.0, house)
    assert [found.of(truth(house_id=house)) for house in (1, 2, 3)] == [None, 2, 3]
