"""The door of a worker: key, limit and audit together."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from serving.access.admission import ANONYMOUS, Admission, open_admission
from serving.access.key_ring import KEY_LENGTH, LOOK_EVERY_S
from serving.errors import KeysError, LimitError, ServingError, UnauthorizedError
from serving.keys import client_key, make_key, revoke_key
from serving.settings import Settings, read_settings

PATH = "/api/v1.0/predictions"
ADDRESS = "10.0.0.1"


@pytest.fixture
def settings(platform_dir: Path) -> Settings:
    return read_settings()


def audited(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(settings.audit_dir.glob("refused-*.jsonl")) for line in path.open()]


def test_a_valid_key_is_admitted_as_its_client_and_leaves_no_audit_line(settings: Settings) -> None:
    key = client_key(settings)
    client = open_admission(settings).admit(key, PATH, ADDRESS)
    assert (client.name, client.key_id, client.limit) == ("demo", key.split("_")[1], 100)
    assert audited(settings) == []


def test_a_call_over_the_limit_is_refused_and_audited_with_its_client(settings: Settings) -> None:
    key = make_key(settings.api_keys, "team-a", 2)
    admission = open_admission(settings)
    for _ in range(2):
        admission.admit(key, PATH, ADDRESS)
    with pytest.raises(LimitError) as refused:
        admission.admit(key, PATH, ADDRESS)
    assert (refused.value.status, refused.value.reason) == (429, "RATE_LIMITED")
    (line,) = audited(settings)
    assert (line["status"], line["client"], line["address"], line["path"]) == (429, "team-a", ADDRESS, PATH)
    assert line["key_id"] == key.split("_")[1]


def test_two_doors_on_one_place_share_the_limit(settings: Settings) -> None:
    key = make_key(settings.api_keys, "team-a", 2)
    for _ in range(2):
        open_admission(settings).admit(key, PATH, ADDRESS)
    with pytest.raises(LimitError):
        open_admission(settings).admit(key, PATH, ADDRESS)


def test_a_call_without_a_valid_key_is_refused_with_a_challenge_and_costs_nobody_a_call(settings: Settings) -> None:
    key = make_key(settings.api_keys, "team-a", 1)
    admission = open_admission(settings)
    for presented in (None, "", key[:-1] + "x", "hpp_1_2"):
        with pytest.raises(UnauthorizedError) as refused:
            admission.admit(presented, PATH, ADDRESS)
        assert refused.value.status == 401
        assert dict(refused.value.headers)["WWW-Authenticate"].startswith("ApiKey")
    assert admission.admit(key, PATH, ADDRESS).name == "team-a"
    assert [line["fault"] for line in audited(settings)] == ["missing", "missing", "unknown", "unknown"]


def test_a_revoked_key_stops_without_a_restart_and_is_named_in_the_audit(settings: Settings) -> None:
    key = make_key(settings.api_keys, "team-a", 100)
    admission = open_admission(settings)
    admission.admit(key, PATH, ADDRESS)
    revoke_key(settings.api_keys, "team-a")
    time.sleep(2 * LOOK_EVERY_S)
    with pytest.raises(UnauthorizedError):
        admission.admit(key, PATH, ADDRESS)
    (line,) = audited(settings)
    assert (line["fault"], line["client"]) == ("revoked", "team-a")


def test_a_service_without_a_key_file_refuses_everybody(settings: Settings) -> None:
    with pytest.raises(KeysError) as refused:
        open_admission(settings).admit("hpp_1_2", PATH, ADDRESS)
    assert refused.value.status == 503
    assert str(settings.api_keys) not in refused.value.info


@pytest.fixture
def key(settings: Settings) -> str:
    return make_key(settings.api_keys, "team-a", 50)


@rules(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(calls=st.lists(st.none() | st.text() | st.integers(0, KEY_LENGTH - 1), max_size=8))
def test_every_call_is_admitted_or_refused_with_401_or_429_and_no_key_is_ever_written(
    settings: Settings, key: str, calls: list[str | int | None]
) -> None:
    admission = open_admission(settings)
    said = [outcome(admission, key[:call] + "_" + key[call + 1 :] if isinstance(call, int) else call) for call in calls]
    admission.audit.close()
    assert {status for status, _ in said} <= {200, 401, 429}
    secret = key.split("_")[2]
    written = "".join(path.read_text() for path in settings.audit_dir.iterdir()) + "".join(text for _, text in said)
    assert not any(secret[start : start + 8] in written for start in range(len(secret) - 8))


def outcome(admission: Admission, presented: str | None) -> tuple[int, str]:
    """The status and the words that a caller gets."""
    try:
        return 200, admission.admit(presented, PATH, ADDRESS).name
    except ServingError as err:
        return err.status, f"{err.info} {err.details} {err.headers}"


def test_off_lets_everybody_in_without_a_limit(platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPP_AUTHENTICATION", "off")
    monkeypatch.setenv("HPP_RATE_LIMIT", "1")
    admission = open_admission(read_settings())
    assert [admission.admit(presented, PATH, ADDRESS) for presented in (None, "x", "x")] == [ANONYMOUS] * 3
    assert ANONYMOUS.name == "anonymous"


def test_off_is_said_in_the_log_at_each_start(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HPP_AUTHENTICATION", "off")
    open_admission(read_settings())
    assert [each.levelname for each in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("value", ["", "false", "OFF", "none", "0"])
def test_authentication_is_not_turned_off_by_any_other_word(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HPP_AUTHENTICATION", value)
    with pytest.raises(SystemExit, match=r"HPP_AUTHENTICATION is .* 'on' or 'off'"):
        read_settings()
