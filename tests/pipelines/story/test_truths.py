"""The error of the answered prices in a part of the story's day."""

import pytest

from pipelines.story.plot import StoryError
from pipelines.story.truths import error_of
from serving.records.feedback import Feedback


def told(price: float | None, truth: float, version: str = "1", received: float = 10.0) -> Feedback:
    return Feedback(id=f"{price}-{truth}-{received}", received=received, truth=truth, version=version, price=price)


def test_it_is_of_the_versions_own_answers_since_then() -> None:
    others = [told(50, 1, version="2"), told(50, 1, received=9.9), told(None, 1)]
    found = error_of([told(20, 23), told(20, 16), *others], "1", since=10.0)
    assert (found.prices, found.rmse) == (2, pytest.approx(12.5**0.5))
    assert (found.low, found.high) == (3, 4)
    assert str(found) == "3.54 (3.00 to 4.00; 2 true prices)"


def test_without_true_prices_there_is_no_error_to_tell() -> None:
    with pytest.raises(StoryError, match="version 2"):
        error_of([told(20, 23)], "2", since=0.0)
