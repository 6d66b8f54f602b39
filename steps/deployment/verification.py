"""Whether a running service answers as the offline store and the model's bundle do, asked in both ways."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.keys import deployment_key
from serving.settings import Settings
from steps.core.errors import DeploymentError
from steps.core.fingerprint import HOUSE_ID
from steps.core.parity import Parity, compare, distance
from steps.core.skew import EVENT_TIME, Cells, Known, described, differing
from steps.core.skew_hints import History, guess
from steps.core.verified import StoreParity, Verification
from steps.deployment.deployed import Rollout
from steps.deployment.parity_report import keep_report
from steps.deployment.service_answers import Answering, Answers, ask, look_up
from steps.feature_store.offline_houses import earlier_values
from steps.find_champion import Champion
from steps.predict_offline import OUTPUTS, predict_houses

AT_ONCE = 1000
A_MOMENT_S = 0.2


@dataclass(frozen=True, slots=True)
class Standard:
    """What a service is held to.

    Attributes:
        expected: what `predict_houses` says of the champion.
        tolerance: the allowed difference of a price or an interval's end, in the target's unit.
        resolution_s: event times closer than this are the same.
        key: the API key to ask with.
    """

    champion: Champion
    expected: pd.DataFrame
    tolerance: float
    resolution_s: float
    settings: Settings
    key: str


def standard_of(champion: Champion, expected: pd.DataFrame, rollout: Rollout, settings: Settings) -> Standard:
    """What a deployment holds a service to: the champion's own predictions, asked with the deployments' key."""
    resolution_s, key = rollout.event_time_resolution_seconds, deployment_key(settings)
    return Standard(champion, expected, rollout.tolerance, resolution_s, settings, key)


def inspect(service: Answering, standard: Standard) -> Verification:
    """What the service answers beside what it should.

    Houses that differ are looked at once more in both stores: one of them may have been written in between.

    Raises:
        DeploymentError: the service does not answer, or serves another version.
    """
    expected = standard.expected
    inputs = standard.champion.inputs
    rows = expected[inputs].astype(object).where(expected[inputs].notna(), None).to_numpy().tolist()
    raw = ask(service, inputs, rows, standard.key, _at_once(standard))
    by_raw = _compare(expected, raw, standard)
    answers = _look_up(service, expected, standard)
    if doubtful := _doubtful(expected, answers, standard):
        time.sleep(standard.settings.lookup_cache_seconds + A_MOMENT_S)
        second = predict_houses(standard.champion, doubtful, standard.settings)
        kept = ~expected[HOUSE_ID].isin(doubtful)
        expected = pd.concat([expected[kept], second], ignore_index=True)
        answers = _joined(answers, kept.to_numpy(), _look_up(service, second, standard))
    return Verification(
        by_raw_features=by_raw,
        by_house_id=_compare(expected, answers.outputs, standard),
        stored_features=_stores(expected, answers, standard),
    )


def verify(service: Answering, standard: Standard) -> Verification:
    """What the service answers, if that is what it should.

    Raises:
        DeploymentError: the service does not answer, serves another version, or answers otherwise.
    """
    found = inspect(service, standard)
    if fault := found.fault:
        page = keep_report(found, service.version, standard.settings)
        raise DeploymentError(f"{fault} The whole comparison is in {page}.")
    return found


def _look_up(service: Answering, expected: pd.DataFrame, standard: Standard) -> Answers:
    ids, features = expected[HOUSE_ID].tolist(), standard.champion.features
    return look_up(service, ids, features, standard.key, _at_once(standard))


def _at_once(standard: Standard) -> int:
    return min(AT_ONCE, standard.settings.max_rows, standard.settings.max_explained_rows)


def _compare(expected: pd.DataFrame, answered: NDArray[np.float64], standard: Standard) -> Parity:
    return compare(
        expected[HOUSE_ID].tolist(), OUTPUTS, expected[list(OUTPUTS)].to_numpy(), answered, standard.tolerance
    )


def _offline(expected: pd.DataFrame, standard: Standard) -> Known:
    values = expected[standard.champion.features].to_numpy(dtype=np.float64)
    return Known(values, expected[EVENT_TIME].to_numpy(), np.ones(len(values), dtype=bool))


def _cells(expected: pd.DataFrame, answers: Answers, standard: Standard) -> Cells:
    return differing(_offline(expected, standard), answers.known, standard.resolution_s)


def _doubtful(expected: pd.DataFrame, answers: Answers, standard: Standard) -> list[int]:
    """The houses in which anything differs."""
    cells = _cells(expected, answers, standard)
    apart = distance(expected[list(OUTPUTS)].to_numpy(), answers.outputs).max(axis=1)
    places = np.unique(np.concatenate([cells.houses, cells.late, np.nonzero(apart > standard.tolerance)[0]]))
    doubtful: list[int] = expected[HOUSE_ID].iloc[places].tolist()
    return doubtful


def _joined(first: Answers, kept: NDArray[np.bool_], second: Answers) -> Answers:
    known = (np.concatenate([one[kept], other]) for one, other in zip(first.known, second.known, strict=True))
    return Answers(np.concatenate([first.outputs[kept], second.outputs]), Known(*known))


def _stores(expected: pd.DataFrame, answers: Answers, standard: Standard) -> StoreParity:
    names, ids = standard.champion.features, expected[HOUSE_ID].tolist()
    cells, offline = _cells(expected, answers, standard), _offline(expected, standard)
    hints: list[str] = []
    if len(cells.houses) or len(cells.late):
        store = standard.settings.feature_store()
        history: History = earlier_values(store, standard.champion.feature_service, names, ids, datetime.now(UTC))
        hints = guess(names, offline, answers.known, cells, history)
    return StoreParity(
        houses=len(ids),
        features=names,
        resolution_seconds=standard.resolution_s,
        differences=described(ids, names, offline, answers.known, cells, hints),
    )
