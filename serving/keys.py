"""API keys: make, list and revoke them.

`python -m serving.keys make NAME [--limit N]` prints a new key, this once; the file HPP_API_KEYS has only its salted
hash. With `--tenant TENANT` it is that tenant's, and each `--segment COLUMN=LOW..HIGH` (both ends included) keeps it to
the houses in that range: several of one column are alternatives, several columns must all hold.
`list` shows the keys' ids, names, limits and houses, `revoke NAME_OR_ID` ends one: within a second no worker takes it.
"""

import argparse
import contextlib
import fcntl
import math
import secrets
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from serving.access.key_ring import ID_BYTES, PREFIX, SECRET_BYTES, ApiKey, KeyFile, digest, read_keys
from serving.access.segment_check import check_segments
from serving.aligned import aligned
from serving.client import Segment
from serving.errors import ContractError, KeysError
from serving.files import write_atomically
from serving.settings import MOST_A_MINUTE, Settings, read_settings

ONLY_OURS = 0o600
DEPLOYMENT_LIMIT = 600  # a deployment asks a handful of questions, whatever the demo's limit is


def make_key(path: Path, name: str, limit: int, tenant: str | None = None, segments: Sequence[Segment] = ()) -> str:
    """A new key, which is shown here and nowhere else.

    Args:
        path: the file of the keys; it is made if need be.
        name: the client, for people: letters, digits and `._@-`. A name may have two keys while one replaces the other.
        limit: calls a minute.
        tenant: whose key it is; none: the operator's own.
        segments: the houses that the tenant's key may ask for; none: all.

    Raises:
        KeysError: the name, the limit, the tenant or a segment is not allowed, or the file cannot be read.
    """
    key, record = _new(name, limit, tenant, segments)
    with _only_writer(path):
        _write(path, (*_existing(path), record))
    return key


def revoke_key(path: Path, name_or_id: str) -> ApiKey:
    """The key that is no longer valid.

    Raises:
        KeysError: no valid key, or more than one, has the name; or the file cannot be read.
    """
    with _only_writer(path):
        keys = _existing(path)
        found = [key for key in keys if not key.revoked and name_or_id in (key.id, key.name)]
        if not found:
            raise KeysError(f"No valid key has the name or id {name_or_id!r}. See `python -m serving.keys list`.")
        if len(found) > 1:
            raise KeysError(f"{len(found)} valid keys are named {name_or_id!r}: give the id, {_ids(found)}.")
        _write(path, tuple(_revoked(key) if key is found[0] else key for key in keys))
    return found[0]


def client_key(settings: Settings) -> str:
    """The key in the file HPP_API_KEY_FILE, which the demo calls with; a new one named `demo` if it is not valid."""
    return _kept_key(settings.api_keys, settings.api_key_file, "demo", settings.rate_limit)


def deployment_key(settings: Settings) -> str:
    """The key of our own deployments; it has a limit of its own, so that a busy demo does not make them fail."""
    return _kept_key(settings.api_keys, settings.var_dir / "deployment-api-key", "deployment", DEPLOYMENT_LIMIT)


def _kept_key(path: Path, kept: Path, name: str, limit: int) -> str:
    """The key in the file `kept`; if it is not valid (any more), a new one, and those of this name are revoked."""
    if (key := _valid(path, kept)) is not None:  # nothing is written then: both may be mounted read-only
        return key
    with _only_writer(path):
        if (key := _valid(path, kept)) is not None:
            return key
        key, record = _new(name, limit)
        # This file first: a kill in between leaves a key that is not valid, and the next call makes another.
        write_atomically(kept, f"{key}\n".encode(), ONLY_OURS)
        _write(path, (*(_revoked(old) if old.name == name else old for old in _existing(path)), record))
    return key


def _valid(path: Path, kept: Path) -> str | None:
    """The key in the file `kept`, if it is there and is one of the valid keys."""
    try:
        key = kept.read_text(errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError as err:
        raise KeysError(f"The API key in {kept} cannot be read: {err}.") from err
    keys = [each for each in _existing(path) if not each.revoked]
    return key if any(digest(bytes.fromhex(each.salt), key).hex() == each.digest for each in keys) else None


def _new(name: str, limit: int, tenant: str | None = None, segments: Sequence[Segment] = ()) -> tuple[str, ApiKey]:
    if segments and not tenant:
        raise KeysError("A key with segments needs a tenant whose houses they are: add --tenant TENANT.")
    key_id, salt = secrets.token_hex(ID_BYTES), secrets.token_bytes(32)
    key = f"{PREFIX}{key_id}_{secrets.token_hex(SECRET_BYTES)}"
    created = datetime.now(UTC).isoformat(timespec="seconds")
    record = ApiKey(
        key_id, name, salt.hex(), digest(salt, key).hex(), limit, created, tenant=tenant, segments=tuple(segments)
    )
    try:
        return key, msgspec.convert(msgspec.to_builtins(record), ApiKey)
    except msgspec.ValidationError as err:
        raise KeysError(
            "Wanted names of client and tenant of 1 to 64 letters, digits and ._@- that start with a letter or digit, "
            f"and a limit of 1 to {MOST_A_MINUTE} calls a minute; got {name[:80]!r}, {(tenant or '')[:80]!r}, {limit}."
        ) from err


def _revoked(key: ApiKey) -> ApiKey:
    return msgspec.structs.replace(key, revoked=True)


def _ids(keys: list[ApiKey]) -> str:
    return " or ".join(f"{key.id} (made {key.created})" for key in keys)


def _existing(path: Path) -> tuple[ApiKey, ...]:
    return read_keys(path) if path.exists() else ()


def _write(path: Path, keys: tuple[ApiKey, ...]) -> None:
    data = msgspec.json.format(msgspec.json.encode(KeyFile(keys)), indent=1)
    write_atomically(path, data, ONLY_OURS)


@contextlib.contextmanager
def _only_writer(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / f".{path.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except OSError as err:
        raise KeysError(f"The API keys in {path} cannot be written: {err}.") from err


def _table(keys: tuple[ApiKey, ...]) -> str:
    if not keys:
        return "There are no keys. Make one: python -m serving.keys make NAME"
    rows = [(key.id, str(key.limit), key.created, _state(key), key.client.label, _houses(key)) for key in keys]
    return aligned(("id", "limit/min", "made", "state", "name", "houses"), rows, right={"limit/min"})


def _document(keys: tuple[ApiKey, ...]) -> str:
    """The same as JSON; neither has anything of the keys themselves."""
    listed = [
        {
            "id": key.id,
            "name": key.name,
            "tenant": key.tenant,
            "limit_per_minute": key.limit,
            "made": key.created,
            "state": _state(key),
            "segments": [segment.words for segment in key.segments],
        }
        for key in keys
    ]
    return msgspec.json.encode(listed).decode()


def _state(key: ApiKey) -> str:
    return "revoked" if key.revoked else "valid"


def _houses(key: ApiKey) -> str:
    return ", ".join(segment.words for segment in key.segments) or "all"


def segment(text: str) -> Segment:
    """The segment that is written as `COLUMN=LOW..HIGH`.

    Raises:
        ArgumentTypeError: it is none.
    """
    column, _, span = text.partition("=")
    low, _, high = span.partition("..")
    try:
        found = msgspec.convert({"column": column, "low": float(low), "high": float(high)}, Segment)
        if math.isfinite(found.low) and math.isfinite(found.high) and found.low <= found.high:
            return found
    except (ValueError, msgspec.ValidationError):
        pass
    raise argparse.ArgumentTypeError(
        f"wanted COLUMN=LOW..HIGH with LOW at most HIGH, such as RAD=1..8; got {text[:80]!r}"
    )


def parse(arguments: list[str], settings: Settings) -> argparse.Namespace:
    """The command line, the settings in place of what it leaves out."""
    parser = argparse.ArgumentParser(prog="python -m serving.keys", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="make a key and print it, this once")
    make.add_argument("name", metavar="NAME", help="the client that will call with it")
    make.add_argument("--limit", type=int, default=settings.rate_limit, help="calls a minute (default: %(default)s)")
    make.add_argument("--tenant", help="whose key it is: it sees its own receipts only")
    make.add_argument(
        "--segment",
        type=segment,
        action="append",
        default=[],
        metavar="COLUMN=LOW..HIGH",
        help="keep the tenant's key to these houses; may be given again",
    )
    listing = commands.add_parser("list", help="show the keys' ids, names, limits and houses")
    listing.add_argument("--json", action="store_true", help="as JSON, for programs")
    revoke = commands.add_parser("revoke", help="end a key")
    revoke.add_argument("name_or_id", metavar="NAME_OR_ID")
    return parser.parse_args(arguments)


def main() -> None:
    """Do what the command line says."""
    settings = read_settings()
    wanted, path = parse(sys.argv[1:], settings), settings.api_keys
    try:
        if wanted.command == "make":
            if wanted.segment:
                check_segments(wanted.segment, settings)
            answer = make_key(path, wanted.name, wanted.limit, wanted.tenant, wanted.segment)
        elif wanted.command == "list":
            answer = (_document if wanted.json else _table)(_existing(path))
        else:
            ended = revoke_key(path, wanted.name_or_id)
            answer = f"Revoked {ended.id} ({ended.name})."
    except (KeysError, ContractError) as err:
        raise SystemExit(err.info) from err
    print(answer)  # noqa: T201  # a command's answer


if __name__ == "__main__":
    main()
