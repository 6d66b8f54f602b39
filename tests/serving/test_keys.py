"""Making, listing and revoking keys."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serving.access.key_ring import KeyRing, read_keys
from serving.errors import KeysError
from serving.keys import DEPLOYMENT_LIMIT, client_key, deployment_key, main, make_key, revoke_key
from serving.settings import Settings, read_settings
from tests.serving_platform import ServingPlatform


@pytest.fixture
def settings(platform_dir: Path) -> Settings:
    return read_settings()


def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints."""
    monkeypatch.setattr(sys, "argv", ["serving.keys", *arguments])
    main()
    return capsys.readouterr().out


@pytest.mark.parametrize("name", ["", " ", "a b", "-x", "x" * 65, "a\n", "é", "../x"])
def test_a_name_that_is_not_plain_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeysError, match="Wanted names"):
        make_key(tmp_path / "keys.json", name, 100)
    assert not (tmp_path / "keys.json").exists()


@pytest.mark.parametrize("limit", [0, -1, 1_000_001])
def test_a_limit_out_of_its_range_is_refused(tmp_path: Path, limit: int) -> None:
    with pytest.raises(KeysError, match="a limit of 1 to 1000000"):
        make_key(tmp_path / "keys.json", "team-a", limit)


def test_a_broken_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{")
    for change in (lambda: make_key(tmp_path / "keys.json", "a", 1), lambda: revoke_key(tmp_path / "keys.json", "a")):
        with pytest.raises(KeysError, match="cannot be read"):
            change()
    assert (tmp_path / "keys.json").read_text() == "{"


def test_keys_made_at_once_are_all_kept(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda n: make_key(tmp_path / "keys.json", f"team-{n}", 100), range(24)))
    ring = KeyRing(tmp_path / "keys.json")
    assert [ring.find(key).name for key in keys] == [f"team-{n}" for n in range(24)]


def test_a_name_that_two_valid_keys_have_revokes_none(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first, second = (make_key(path, "team-a", 100) for _ in range(2))
    with pytest.raises(KeysError, match="give the id"):
        revoke_key(path, "team-a")
    assert revoke_key(path, first.split("_")[1]).name == "team-a"
    assert [key.revoked for key in read_keys(path)] == [True, False]
    assert revoke_key(path, "team-a").id == second.split("_")[1]
    with pytest.raises(KeysError, match="No valid key"):
        revoke_key(path, "team-a")


def test_the_command_makes_lists_and_revokes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no keys" in command(monkeypatch, capsys, "list")
    key = command(monkeypatch, capsys, "make", "team-a", "--limit", "7").strip()
    other = command(monkeypatch, capsys, "make", "team-b").strip()
    assert KeyRing(settings.api_keys).find(key).limit == 7
    assert KeyRing(settings.api_keys).find(other).limit == settings.rate_limit == 100
    listed = command(monkeypatch, capsys, "list")
    titles, *lines = listed.splitlines()
    assert titles.split() == ["id", "limit/min", "made", "state", "name", "houses"]
    assert [line.split()[3:] for line in lines] == [["valid", "team-a", "all"], ["valid", "team-b", "all"]]
    (first, _) = json.loads(command(monkeypatch, capsys, "list", "--json"))
    assert (first["name"], first["limit_per_minute"], first["state"], first["segments"]) == ("team-a", 7, "valid", [])
    assert not {"salt", "digest"} & first.keys()
    assert key.split("_")[2] not in listed
    assert "team-a" in command(monkeypatch, capsys, "revoke", "team-a")
    assert "revoked  team-a" in command(monkeypatch, capsys, "list")
    with pytest.raises(SystemExit, match="No valid key"):
        command(monkeypatch, capsys, "revoke", "team-a")


def test_the_demo_key_is_made_once_and_kept_for_its_owner_only(settings: Settings) -> None:
    key = client_key(settings)
    assert client_key(settings) == key == settings.api_key_file.read_text().strip()
    assert settings.api_key_file.stat().st_mode & 0o777 == 0o600
    assert KeyRing(settings.api_keys).find(key).name == "demo"
    assert len(read_keys(settings.api_keys)) == 1


@pytest.mark.parametrize("lost", ["revoked", "file lost", "ring lost", "other text"])
def test_a_demo_key_that_is_not_valid_any_more_is_replaced(settings: Settings, lost: str) -> None:
    key = client_key(settings)
    if lost == "revoked":
        revoke_key(settings.api_keys, "demo")
    elif lost == "ring lost":
        settings.api_keys.unlink()
    elif lost == "file lost":
        settings.api_key_file.unlink()
    else:
        settings.api_key_file.write_bytes(b"\xff")
    new = client_key(settings)
    assert new != key
    assert KeyRing(settings.api_keys).find(new).name == "demo"
    assert [each.revoked for each in read_keys(settings.api_keys)].count(False) == 1


def test_deployments_have_a_key_with_a_limit_of_its_own(settings: Settings) -> None:
    key = deployment_key(settings)
    assert key != client_key(settings)
    assert key == deployment_key(settings)
    assert KeyRing(settings.api_keys).find(key).limit == DEPLOYMENT_LIMIT


def test_processes_that_ask_at_once_get_the_same_demo_key(settings: Settings) -> None:
    program = "from serving.keys import client_key, read_settings as s; print(client_key(s()))"
    asking = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = {process.communicate(timeout=60)[0].strip() for process in asking}
    assert keys == {client_key(settings)}
    assert len(read_keys(settings.api_keys)) == 1


def test_valid_keys_in_read_only_places_are_taken_as_they_are(settings: Settings) -> None:
    key = client_key(settings)
    lock = settings.api_keys.parent / f".{settings.api_keys.name}.lock"
    lock.unlink()
    assert client_key(settings) == key
    assert not lock.exists()


@pytest.mark.parametrize(
    ("houses", "told"),
    [("RDA=1..8", "wanted one of CRIM, .*got 'RDA'"), ("RAD=25..30", "no house is there, since RAD is .*1 to 24")],
)
def test_a_key_is_not_kept_to_houses_that_the_contract_does_not_know(
    serving_platform: ServingPlatform,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    houses: str,
    told: str,
) -> None:
    for name, value in {**serving_platform.environment, "HPP_API_KEYS": str(tmp_path / "keys.json")}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=told):
        command(monkeypatch, capsys, "make", "a", "--tenant", "acme", "--segment", houses)
    assert not (tmp_path / "keys.json").exists()
    command(monkeypatch, capsys, "make", "a", "--tenant", "acme", "--segment", "RAD=1..8")
    assert (tmp_path / "keys.json").exists()
