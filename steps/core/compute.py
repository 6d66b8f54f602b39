"""Where the fits of a search run: on this machine's cores or on a Dask cluster, by one setting."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import uuid4

import joblib
from pydantic import BaseModel, ConfigDict, Field, model_validator

from steps.core.errors import ConfigurationError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S = 10
# They decide what a fit gives, or whether it can be sent at all.
SAME_VERSIONS = ("xgboost", "scikit-learn", "numpy", "distributed")


class Compute(BaseModel):
    """Where the fits run.

    Attributes:
        backend: `local`: threads of this process; `dask`: the workers of a cluster.
        address: of Dask's scheduler, such as tcp://scheduler:8786. TLS is Dask's own to set up
            (DASK_DISTRIBUTED__COMM__TLS__…).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    backend: Literal["local", "dask"]
    address: str | None = Field(default=None, pattern=r"^(tcp|tls|ws|wss)://[^\s/:]+:[0-9]+$")

    @model_validator(mode="after")
    def _address_belongs_to_a_cluster(self) -> Self:
        if self.backend == "dask" and self.address is None:
            raise ValueError("compute: backend dask needs the scheduler's address, such as tcp://scheduler:8786")
        if self.backend == "local" and self.address is not None:
            raise ValueError(f"compute: backend local has no use for the address {self.address}; remove one of them")
        return self


LOCAL = Compute(backend="local")


@contextmanager
def side_by_side(compute: Compute, shared: Sequence[Any]) -> Iterator[None]:
    """Inside, joblib's parallel work runs where `compute` says.

    Threads suffice on one machine: XGBoost works without Python's lock, and processes would import everything once
    more each.

    Args:
        shared: what every task takes: a cluster gets it once and hands it on, so that none of it is in the tasks. They
            must live as long as this context.

    Raises:
        ConfigurationError: there is no cluster at the address, or its workers would not do the same work.
    """
    if compute.backend == "local":
        with joblib.parallel_config(backend="threading"):
            yield
        return
    with _connect(compute) as client:
        _check_workers(client, compute)
        with joblib.parallel_config(backend=_backend(client, shared)):
            yield


def _backend(client: "Client", shared: Sequence[Any]) -> Any:
    """joblib's backend for Dask, with the shared arguments as results of tasks.

    joblib would scatter them: of scattered data Dask's memory manager soon keeps one copy only, and with the worker
    that has it the whole search is lost. The result of a task is made again instead.
    """
    from joblib._dask import DaskDistributedBackend

    backend = DaskDistributedBackend(client=client)
    futures = [client.submit(_given, value, key=f"search-data-{uuid4().hex}") for value in shared]
    backend.data_futures = {id(value): future for value, future in zip(shared, futures, strict=True)}
    return backend


def _given(value: Any) -> Any:
    return value


def _connect(compute: Compute) -> "Client":
    from distributed import Client

    try:
        return Client(compute.address, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError) as err:
        raise ConfigurationError(
            f"No Dask scheduler answers at {compute.address} within {CONNECT_S} s ({err}). Start one "
            "(`dask scheduler`), or correct `compute` in zenml_config/training.yaml; `{backend: local}` needs none."
        ) from err


def _check_workers(client: "Client", compute: Compute) -> None:
    own = installed()
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError as err:
        raise ConfigurationError(
            f"The Dask scheduler at {compute.address} has no worker. Start one: `dask worker {compute.address}`."
        ) from err
    for worker, found in client.run(installed, on_error="return").items():
        if isinstance(found, Exception):
            raise ConfigurationError(
                f"The Dask worker {worker} cannot load the platform's code ({found}). Start it in this folder and "
                f"environment: `PYTHONPATH=. .venv/bin/dask worker {compute.address}`, or from the same image."
            ) from found
        if found != own:
            raise ConfigurationError(
                f"The Dask worker {worker} has {found}, this process {own}: its fits would differ. "
                "Install the locked environment (`make setup`) there."
            )


def installed() -> dict[str, str]:
    """The versions of what decides the result of a fit, here."""
    return {name: version(name) for name in SAME_VERSIONS}
