"""Searches on a cluster."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.model_selection import RandomizedSearchCV

from steps.core.columns import prices
from steps.core.compute import LOCAL, Compute, installed, side_by_side
from steps.core.errors import ConfigurationError
from steps.core.regressors import regressor
from steps.core.scaling import scale
from steps.core.search import booster_bytes, fit_side_by_side, randomized_search
from tests.ports import free_port
from tests.training import experiment, prepared

if TYPE_CHECKING:
    from distributed import LocalCluster

SEARCH = {
    "iterations": 12,
    "folds": 3,
    "space": {"max_depth": {"randint": [2, 5]}, "subsample": {"uniform": [0.6, 0.3]}},
}


@pytest.fixture
def cluster() -> "Iterator[LocalCluster]":
    """A scheduler and two worker processes of one thread each."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as running:
        yield running


class DiesOnce:
    """The score of a fit; the first worker that is asked for its fourth one is killed instead."""

    def __init__(self, marker: Path) -> None:
        self._marker = str(marker)

    def __call__(self, model: Any, X: Any, y: Any) -> float:
        """As `neg_root_mean_squared_error`."""
        calls = os.environ["HPP_TEST_CALLS"] = str(int(os.environ.get("HPP_TEST_CALLS", "0")) + 1)
        if calls == "4" and not os.path.exists(self._marker):  # noqa: PTH110  # sent by value, without imports
            with open(self._marker, "w") as file:  # noqa: PTH123
                file.write(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return -float(((model.predict(X) - y) ** 2).mean() ** 0.5)


def searched(compute: Compute, **changes: Any) -> RandomizedSearchCV:
    train, _, scaler = prepared()
    wanted = experiment(search=SEARCH).search
    assert wanted is not None
    search = randomized_search(regressor({"n_estimators": 100}, 42), wanted, 42, None).set_params(**changes)
    return fit_side_by_side(search, scale(train, scaler), prices(train), compute)


def test_a_cluster_that_loses_a_worker_in_the_middle_finds_what_this_machine_finds(
    cluster: "LocalCluster", tmp_path: Path
) -> None:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    pids = {worker.pid for worker in cluster.workers.values()}
    there = searched(Compute(backend="dask", address=cluster.scheduler_address), scoring=DiesOnce(tmp_path / "killed"))
    assert int((tmp_path / "killed").read_text()) in pids
    here = searched(LOCAL)
    np.testing.assert_array_equal(there.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"])
    assert there.best_params_ == here.best_params_
    features = "abcdefghijklm"
    assert booster_bytes(there.best_estimator_, features) == booster_bytes(here.best_estimator_, features)


def test_an_address_without_a_scheduler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.core.compute.CONNECT_S", 1)
    compute = Compute(backend="dask", address=f"tcp://127.0.0.1:{free_port()}")
    with (
        pytest.raises(ConfigurationError, match=f"No Dask scheduler answers at {compute.address}"),
        side_by_side(compute, []),
    ):
        pass


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"backend": "dask"}, "needs the scheduler's address"),
        ({"backend": "local", "address": "tcp://a:1"}, "has no use for the address"),
        ({"backend": "dask", "address": "scheduler"}, "pattern"),
        ({"backend": "spark"}, "'local' or 'dask'"),
        ({"backend": "local", "workers": 2}, "Extra inputs"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Compute.model_validate(wrong)


def test_workers_are_held_to_the_versions_that_decide_a_fit() -> None:
    assert installed().keys() == {"xgboost", "scikit-learn", "numpy", "distributed"}
