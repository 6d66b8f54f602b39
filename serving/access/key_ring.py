"""The API keys as a worker holds them.

The file has a salted SHA-256 of each key, and one round of it is enough: a key is 256 random bits, which nobody can
guess however fast the hash is. Slow derivations are for secrets that people choose. NIST SP 800-63B-3 says so in
5.1.2.2, "Look-Up Secret Verifiers": from 112 bits of entropy on an approved one-way hash, below that a salted slow one.
"""

import hashlib
import hmac
import logging
import secrets
import time
from pathlib import Path
from typing import Annotated

import msgspec

from serving.client import Client, Segment, TenantName
from serving.errors import KeysError, UnauthorizedError
from serving.files import signature
from serving.settings import MOST_A_MINUTE

logger = logging.getLogger(__name__)

PREFIX = "hpp_"
ID_BYTES = 6
SECRET_BYTES = 32
ID_END = len(PREFIX) + 2 * ID_BYTES
KEY_LENGTH = ID_END + 1 + 2 * SECRET_BYTES
LOOK_EVERY_S = 0.5
HEADER = "Send the header X-API-Key; the operator makes a key with `python -m serving.keys make NAME`."

Name = TenantName
Limit = Annotated[int, msgspec.Meta(ge=1, le=MOST_A_MINUTE)]
Hex12 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{12}\Z")]
Hex64 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class ApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is kept of a key.

    Attributes:
        salt: 32 random bytes, in hexadecimal digits.
        digest: SHA-256 of the salt and the whole key, in hexadecimal digits.
        limit: calls a minute.
        created: UTC time in ISO form.
        tenant: whose key it is; none: the operator's own.
        segments: the houses that it may ask for; none: all.
    """

    id: Hex12
    name: Name
    salt: Hex64
    digest: Hex64
    limit: Limit
    created: str
    revoked: bool = False
    tenant: TenantName | None = None
    segments: tuple[Segment, ...] = ()

    @property
    def client(self) -> Client:
        """Who calls with it."""
        return Client(self.id, self.name, self.limit, self.tenant or "", self.segments)


class KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's content."""

    keys: tuple[ApiKey, ...] = ()


def digest(salt: bytes, key: str) -> bytes:
    """The salted hash of a key; a key that is no valid text has one too."""
    return hashlib.sha256(salt + key.encode(errors="backslashreplace")).digest()


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """The keys of the file, oldest first.

    Raises:
        KeysError: there is no such file, or it is not what it should be.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeyFile).keys
    except FileNotFoundError as err:
        raise KeysError(f"There is no file of API keys at {path}. Run `python -m serving.keys make NAME`.") from err
    except (OSError, msgspec.DecodeError) as err:
        remedy = "Mend it or restore it; if it is moved away, `python -m serving.keys make NAME` starts a new one."
        raise KeysError(f"The API keys in {path} cannot be read: {err}. {remedy}") from err


class _Lock(msgspec.Struct, frozen=True):
    """A key as it is compared."""

    salt: bytes
    digest: bytes
    client: Client
    revoked: bool


class KeyRing:
    """The keys of a file, read again within half a second of a change; while the file cannot be read, nobody gets in.

    Args:
        path: the file of the keys.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # What a key with an unknown id is compared with, so that it takes as long as a known one.
        self._nobody = _Lock(secrets.token_bytes(32), secrets.token_bytes(32), Client("", "", 0), True)
        self._locks: dict[str, _Lock] | None = None
        self._signature: tuple[int, ...] | None = (-1,)
        self._next_look = 0.0
        self._look()

    def find(self, presented: str | None) -> Client:
        """The client whose key was presented.

        Raises:
            UnauthorizedError: no key, or none that is valid.
            KeysError: the file cannot be read.
        """
        if time.monotonic() >= self._next_look:
            self._look()
        locks = self._locks
        if locks is None:
            raise KeysError("The service cannot read its API keys now; its log says why. Try again later.")
        if not presented:
            raise UnauthorizedError(f"Wanted an API key; none came. {HEADER}", "missing")
        key = presented if len(presented) == KEY_LENGTH else ""
        lock = locks.get(key[len(PREFIX) : ID_END], self._nobody)
        if not hmac.compare_digest(digest(lock.salt, key), lock.digest):
            raise UnauthorizedError(f"Wanted a valid API key; the one that came is not known here. {HEADER}", "unknown")
        if lock.revoked:
            raise UnauthorizedError(f"This API key was revoked; a new one is needed. {HEADER}", "revoked", lock.client)
        return lock.client

    def _look(self) -> None:
        """Read the file if it is another one than before."""
        self._next_look = time.monotonic() + LOOK_EVERY_S
        found = signature(self.path)
        if found == self._signature:
            return
        self._signature = found
        try:
            keys = read_keys(self.path)
        except KeysError as err:
            self._locks = None
            logger.error("Every call is refused: %s", err.info)
        else:
            self._locks = {
                key.id: _Lock(bytes.fromhex(key.salt), bytes.fromhex(key.digest), key.client, key.revoked)
                for key in keys
            }
            logger.info("API keys: %d valid ones in %s", sum(not key.revoked for key in keys), self.path)
