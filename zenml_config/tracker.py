"""How ZenML's tracker signs in to a server of MLflow: with MLFLOW_TRACKING_TOKEN, which ZenML's secret store keeps."""

from collections.abc import Mapping

from zenml.client import Client

from steps.core.errors import ConfigurationError

SECRET = "house_price_mlflow"  # noqa: S105  # a name
TOKEN = f"{{{{{SECRET}.token}}}}"  # a reference, which ZenML resolves


def tracker_configuration(environment: Mapping[str, str]) -> dict[str, str]:
    """What the stack's experiment tracker is told: MLflow's address and, for a server, where its token is kept."""
    uri = environment["MLFLOW_TRACKING_URI"]
    return {"tracking_uri": uri} | ({"tracking_token": TOKEN} if _is_server(uri) else {})


def keep_token(client: Client, environment: Mapping[str, str]) -> None:
    """Have ZenML's secret store keep the token, where MLflow is a server: ZenML refuses one without.

    Raises:
        ConfigurationError: there is no token.
    """
    if not _is_server(environment["MLFLOW_TRACKING_URI"]):
        return
    token = environment.get("MLFLOW_TRACKING_TOKEN", "")
    if not token:
        raise ConfigurationError(
            "MLFLOW_TRACKING_TOKEN: not set. ZenML takes a server of MLflow with a token only; where the server asks "
            "for none, any will do."
        )
    if client.list_secrets(name=SECRET):
        client.update_secret(SECRET, add_or_update_values={"token": token})
    else:
        client.create_secret(SECRET, values={"token": token})


def _is_server(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))
