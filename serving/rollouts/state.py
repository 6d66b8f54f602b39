"""Which challenger is tried beside which champion, and how: one file, replaced whole, that all workers follow.

It lies in the folder of the traffic that it is about: services with other receipts, such as a candidate that is tried
out by a deployment, do not see it. While there is no readable file the champion alone serves.
"""

import contextlib
import fcntl
import logging
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from serving.bundle import Metadata
from serving.errors import RolloutError
from serving.files import write_atomically
from serving.records.receipts import VERSION
from serving.rollouts.rules import Figures, Rules

logger = logging.getLogger(__name__)

FOLDER, STATE = "rollout", "state.json"  # in the folder of the profiles and receipts
PROGRESS = "progress.json"  # in the folder of a rollout's evidence: the figures as they are now
SALT_BYTES = 16
Mode = Literal["shadow", "canary"]
Id = Annotated[str, msgspec.Meta(pattern=r"^v[A-Za-z0-9_-]{1,8}-[0-9a-f]+\Z")]  # it names a folder
Salt = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
By = Literal["service", "operator", "pipeline"]
# better: it is still tried, and may take the champion's place. All after it are ends.
Status = Literal["running", "better", "promoted", "rolled_back", "stopped", "undecided"]


class Rollout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A challenger beside a champion.

    Attributes:
        id: of this rollout, never used before.
        model: the name of the two in the model registry.
        champion, challenger: their versions.
        bundle: the challenger's folder.
        mode: shadow: it prices the same requests, and nobody is answered with it. canary: it answers for a share of
            the houses.
        share: of the houses, 0 to 1; 1 in the mode shadow.
        salt: in hexadecimal digits; with it the houses are drawn.
        started, ended: seconds since 1970.
        rules: when it ends.
        by: who gave it its status or share: the service by itself, an operator, or a pipeline.
        test: by which the service decided.
        reason: why the status is what it is, in words.
        figures: the evidence for it.
    """

    id: Id
    model: str
    champion: str
    challenger: str
    bundle: str
    mode: Mode
    share: Annotated[float, msgspec.Meta(gt=0, le=1)]
    salt: Salt
    started: float
    rules: Rules
    by: By
    status: Status = "running"
    reason: str = ""
    ended: float | None = None
    test: str = ""
    figures: Figures | None = None

    @property
    def active(self) -> bool:
        """Whether the challenger is still tried."""
        return self.status in ("running", "better")


def folder_of(profiles: Path) -> Path:
    """Where the state of the rollout and its evidence are, for services that keep their receipts in `profiles`."""
    return profiles / FOLDER


def new_rollout(
    champion: Metadata, challenger: Metadata, bundle: Path, mode: Mode, share: float, rules: Rules, by: By
) -> Rollout:
    """A rollout that begins now.

    Raises:
        RolloutError: the two are no pair, or the share is none.
    """
    versions = (champion.model_version, challenger.model_version)
    if versions[0] == versions[1]:
        raise RolloutError(f"Version {versions[0]} is served already: a challenger is another version.")
    if champion.target != challenger.target or champion.units.get(champion.target) != challenger.units.get(
        challenger.target
    ):
        raise RolloutError(f"Version {versions[1]} prices in other units than version {versions[0]}, which is served.")
    if not VERSION.fullmatch(versions[1]):
        raise RolloutError(f"The version {versions[1]!r} cannot stand in a file's name.")
    if not 0 < share <= 1:
        raise RolloutError(f"Wanted a share above 0 and up to 1, such as 0.1; got {share:g}.")
    now = time.time()
    return Rollout(
        id=f"v{versions[1]}-{time.time_ns():x}",
        model=challenger.model_name,
        champion=versions[0],
        challenger=versions[1],
        bundle=str(bundle),
        mode=mode,
        share=1.0 if mode == "shadow" else share,
        salt=secrets.token_hex(SALT_BYTES),
        started=now,
        rules=rules,
        by=by,
    )


def read_rollout(folder: Path) -> Rollout | None:
    """The last rollout, whether it still runs or not; None: there was none, or its file is damaged."""
    try:
        return msgspec.json.decode((folder / STATE).read_bytes(), type=Rollout)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as err:
        logger.error("The champion alone serves: %s is not readable: %s", folder / STATE, err)
        return None


def begin(folder: Path, rollout: Rollout) -> None:
    """Let the workers follow a rollout, from half a second after this on.

    Raises:
        RolloutError: another one is under way.
    """
    with _only_writer(folder):
        check_none_active(folder)
        _write(folder, rollout)


def check_none_active(folder: Path) -> None:
    """Nothing, if no challenger is tried now.

    Raises:
        RolloutError: one is.
    """
    if (known := read_rollout(folder)) is not None and known.active:
        raise RolloutError(
            f"Version {known.challenger} is tried already ({known.mode}, since {_moment(known.started)}). "
            "`python -m serving.rollout stop` ends that; `share` changes its share."
        )


def amend(folder: Path, rollout_id: str, **changes: Any) -> Rollout | None:
    """The rollout with the changes made; None: it is over, or another one is under way, and nothing is changed."""
    with _only_writer(folder):
        known = read_rollout(folder)
        if known is None or known.id != rollout_id or not known.active:
            return None
        changed = msgspec.structs.replace(known, **changes)
        if not changed.active and changed.ended is None:
            changed = msgspec.structs.replace(changed, ended=time.time())
        _write(folder, changed)
        return changed


def _write(folder: Path, rollout: Rollout) -> None:
    write_atomically(folder / STATE, msgspec.json.format(msgspec.json.encode(rollout), indent=1))


def _moment(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


@contextlib.contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
