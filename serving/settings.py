"""The deployment facts that the environment gives: places, ports, processes."""

import os
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

if TYPE_CHECKING:
    from feast import FeatureStore

# Of a page, or empty; it becomes a link, so that nothing but a page may stand there.
WebAddress = Annotated[str, Field(pattern=r"^(https?://[A-Za-z0-9.\-\[\]:]+(/\S*)?)?$")]
MOST_A_MINUTE = 1_000_000  # of one key: its admission times are kept, 8 bytes each


def _networks(given: Any) -> Any:
    """The networks of a text, separated by commas or spaces; of what is none, a ValueError says why."""
    return tuple(ip_network(one) for one in given.replace(",", " ").split()) if isinstance(given, str) else given


class Settings(BaseSettings):
    """The `HPP_…` variables, whose defaults stand in `zenml_config/local.env` and nowhere else."""

    model_config = SettingsConfigDict(env_prefix="HPP_", frozen=True, extra="ignore")

    root: Path
    var_dir: Path
    log: Literal["brief", "full"]
    feature_repo: Path
    config: Path
    offline_dir: str
    models_dir: Path
    profiles_dir: Path
    mlflow_artifacts: str
    artifact_store: str  # read by zenml_config/stack.py
    host: str
    rest_port: int = Field(ge=1, le=65535)
    metrics_port: int = Field(ge=1, le=65535)
    grpc_port: int = Field(ge=0, le=65535)
    console_port: int = Field(ge=0, le=65535)
    console_zenml_run: WebAddress
    console_mlflow_run: WebAddress
    console_data_docs: WebAddress
    console_eda_report: WebAddress
    console_drift_report: WebAddress
    workers: int = Field(ge=1, le=64)
    threads: int = Field(ge=1, le=64)
    drain_seconds: float = Field(ge=0, le=600)
    max_rows: int = Field(ge=1)
    max_explained_rows: int = Field(ge=1)
    max_body_bytes: int = Field(ge=1024)
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)]
    authentication: Literal["on", "off"]
    api_keys: Path
    api_key_file: Path
    rate_limit: int = Field(ge=1, le=MOST_A_MINUTE)
    rate_limit_store: str  # checked where it is opened: an address may hold a password, and a fault here is printed
    audit_dir: Path
    audit_days: int = Field(ge=1)
    flush_seconds: float = Field(gt=0, le=3600)
    profile_seconds: float = Field(gt=0, le=3600)
    profile_store: str  # checked where it is opened; empty: the folder of the profiles
    profile_days: float = Field(gt=0)
    receipt_days: float = Field(gt=0)
    receipts_max_mb: float = Field(gt=0)
    alert_webhook: SecretStr  # checked where it is opened: its path may be a token, and a fault here is printed
    alert_secret_file: str  # empty: alerts are not signed
    runbooks: str
    model_versions_kept: int = Field(ge=1)
    lookup_cache_seconds: float = Field(ge=0, le=3600)
    expired_features: Literal["refuse", "flag"]
    cluster_template: str
    cluster_service_url: str
    cluster_gateway_url: str
    cluster_namespace: str
    cluster_pipelines_image: str
    cluster_artifacts: str
    dashboard_port: int = Field(ge=1, le=65535)

    @cached_property
    def run_dir(self) -> Path:
        """The folder of the process ids and logs of what was started."""
        return self.var_dir / "run"

    def feature_store(self) -> "FeatureStore":
        """A Feast store on the feature repository; hold it, since opening one takes 75 ms."""
        from feast import FeatureStore

        from serving.online.utc_times import read_and_write_utc

        store = FeatureStore(repo_path=str(self.feature_repo))
        read_and_write_utc(store.config.online_store.type)
        return store


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        SystemExit: a variable is missing or out of its range; the message names it.
    """
    try:
        return Settings()
    except ValidationError as err:
        faults = "; ".join(
            f"HPP_{str(e['loc'][0]).upper()} is {os.environ.get('HPP_' + str(e['loc'][0]).upper())!r}: {e['msg']}"
            for e in err.errors()
        )
        raise SystemExit(f"Settings: {faults}. Run `make setup`, or set them as in zenml_config/local.env.") from err
