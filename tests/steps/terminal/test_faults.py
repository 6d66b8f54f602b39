"""A fault as one paragraph."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from steps.core.errors import DataError
from steps.terminal.faults import paragraph
from tests.ports import free_port


class Search(BaseModel, extra="forbid"):
    """A configuration."""

    folds: int


def test_ours_say_what_a_person_needs_and_where_the_rest_is() -> None:
    told = paragraph(DataError("CRIM is -3. Wanted 0 to 100."), "the step validate", Path("var/logs/features.log"))
    assert told.splitlines() == [
        "FAILED in the step validate: DataError: CRIM is -3. Wanted 0 to 100.",
        "The whole log, with the traceback: var/logs/features.log (HPP_LOG=full shows it here)",
    ]


def test_a_configuration_names_every_wrong_key_and_value_though_zenml_only_says_that_there_is_one() -> None:
    with pytest.raises(ValidationError) as raised:
        Search.model_validate({"fold": 3})
    wrapped = ValueError("Invalid or missing pipeline function entrypoint arguments.")
    wrapped.__cause__ = raised.value
    assert "`folds` is missing; `fold` is not known (misspelt?)." in paragraph(wrapped)
    with pytest.raises(ValidationError) as raised:
        Search.model_validate({"folds": "many"})
    assert "`folds` is 'many': Input should be a valid integer" in paragraph(raised.value)


def test_a_store_that_is_away_names_the_setting_to_look_at() -> None:
    with pytest.raises(RedisConnectionError) as raised:
        Redis(port=free_port()).ping()
    told = paragraph(raised.value)
    assert "Redis cannot be used (HPP_ONLINE_STORE" in told
    assert "Connection refused" in told


def test_what_was_not_foreseen_is_named_and_kept_short() -> None:
    told = paragraph(ZeroDivisionError("x" * 10_000))
    assert told.startswith("FAILED: ZeroDivisionError: xxx")
    assert len(told) < 5000
