"""What every worker needs, imported once in the main process: quickly, and without what a server has no use for."""

import contextlib
import gc
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from serving.settings import Settings

# Feast imports its own servers, and with them FastAPI, Uvicorn and OAuth, to offer `feast serve` and `feast ui`.
DEFERRED = ("feast.feature_server", "feast.ui_server")
# A worker's arithmetic is too small to be shared between threads: more of them only wait for each other.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def preload(settings: Settings) -> None:
    """Import what is needed before the workers are forked; nothing is opened."""
    from serving.protocol.seldon_protocol import install

    install(settings.var_dir / "seldon-protocol")
    with hidden("sklearn"):  # XGBoost would import it if it is there: four seconds of CPU for nothing
        import xgboost  # noqa: F401
    with deferred(DEFERRED), starlette_for_fastapi():
        from feast.repo_config import load_repo_config
    from serving.online.online_only import SETTING

    os.environ["HPP_OFFLINE_STORE"] = SETTING
    import seldon_core.wrapper  # noqa: F401

    import serving.protocol.front  # noqa: F401

    # Each of them imports its module.
    config = load_repo_config(settings.feature_repo, settings.feature_repo / "feature_store.yaml")
    _ = config.online_store, config.registry
    gc.collect()
    gc.freeze()  # or the collector would write to the pages that the workers share


@contextlib.contextmanager
def hidden(package: str) -> Iterator[None]:
    """Let `import package` fail inside, unless it was imported before."""
    with _standing_in(package, None):
        yield


@contextlib.contextmanager
def starlette_for_fastapi() -> Iterator[None]:
    """Let Feast take the two things that it needs of FastAPI from Starlette, where FastAPI has them from."""
    import starlette.concurrency
    import starlette.status

    with _standing_in("fastapi", starlette), _standing_in("fastapi.concurrency", starlette.concurrency):
        yield


@contextlib.contextmanager
def _standing_in(name: str, module: ModuleType | None) -> Iterator[None]:
    if name in sys.modules:
        yield
        return
    sys.modules[name] = module  # type: ignore[assignment]  # None is how Python marks what cannot be imported
    try:
        yield
    finally:
        del sys.modules[name]


@contextlib.contextmanager
def deferred(modules: Sequence[str]) -> Iterator[None]:
    """Let these modules, imported inside, be loaded when something of them is first used."""
    finder = _Deferring(modules)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Deferring(MetaPathFinder):
    def __init__(self, modules: Sequence[str]) -> None:
        self.modules = set(modules)

    def find_spec(self, name: str, _: Sequence[str] | None, __: ModuleType | None = None) -> ModuleSpec | None:
        """The module's spec with a loader that waits."""
        if name not in self.modules:
            return None
        self.modules.remove(name)  # the next line asks this finder too
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec
