"""The pages of the documentation that are made of what they describe when the site is built.

What stands in the code once is not copied by hand: settings come from `zenml_config/local.env` and the settings'
model, figures from the Prometheus metrics themselves, the REST interface from the OpenAPI document, the list of
decisions from their titles.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic.fields import FieldInfo

from serving.bundle import Metadata
from serving.contract import ALL_FEATURES, HOUSE_TARGET, read_feature_view
from serving.metrics import Metrics, ProfileMetrics
from serving.protocol.openapi import document
from serving.protocol.requests import RequestContract
from serving.rollouts.metrics import RolloutMetrics
from serving.settings import Settings, read_settings
from steps.contract_table import contract_columns

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = """# Reference

| page | made from |
|---|---|
| [Settings](settings.md) | `zenml_config/local.env` and the settings' model |
| [Figures for Prometheus](metrics.md) | the metrics themselves |
| [REST](rest.md) | the OpenAPI document of the service |
| [The data contract](../contract.md) | the Feast registry |

Numbers of the pipelines (experiments, thresholds, floors) are in `zenml_config/*.yaml`, each with a comment.
A guide for each part of the platform stands in the menu.

```{toctree}
:hidden:

settings
metrics
rest
```
"""


def write(documents: Path) -> list[Path]:
    """The paths of the pages in the folder of the documents, which were written anew."""
    settings = read_settings()
    pages = {
        "reference/index.md": REFERENCE,
        "reference/settings.md": settings_page(
            (ROOT / "zenml_config" / "local.env").read_text(), Settings.model_fields
        ),
        "reference/metrics.md": metrics_page(),
        "reference/rest.md": rest_page(described(settings)),
        "decisions/index.md": decisions_page(documents / "decisions"),
    }
    for name, text in pages.items():
        (documents / name).parent.mkdir(parents=True, exist_ok=True)
        (documents / name).write_text(text)
    return [documents / name for name in pages]


def decisions_page(folder: Path) -> str:
    """Each decision of the folder by number and title, and the order of the pages."""
    titles = {path.stem: path.read_text().partition("\n")[0] for path in sorted(folder.glob("[0-9]*.md"))}
    intro = "What was decided, why, and what follows from it, half a page each."
    entries = [f"- [{title.lstrip('# ')}]({stem}.md)" for stem, title in titles.items()]
    order = "\n".join(["```{toctree}", ":hidden:", "", *titles, "```"])
    return _page("Decisions", intro, "\n".join(entries), order)


def settings_page(environment: str, fields: Mapping[str, FieldInfo]) -> str:
    """Each variable of the environment file with its default, its range and the comment above it.

    Args:
        environment: the text of the file: comment lines, `NAME=value` lines, empty lines between groups.
        fields: of the settings' model, whose types and bounds are the ranges.
    """
    entries, comment = [], []
    for line in environment.splitlines():
        if line.startswith("#"):
            comment.append(line.lstrip("# "))
        elif "=" in line:
            name, _, value = line.partition("=")
            field = fields.get(name.removeprefix("HPP_").lower()) if name.startswith("HPP_") else None
            term = " · ".join(part for part in (f"`{name}={value}`", _range(field)) if part)
            entries.append(f"{term}\n: {' '.join(comment) or '…'}")
            comment = []
        else:
            comment = []
    intro = (
        "A variable that is already set wins over its line in `zenml_config/local.env`, where these defaults stand; "
        "`…`: see the one above."
    )
    return _page("Settings", intro, *entries)


def metrics_page() -> str:
    """Each figure that the service shows to Prometheus, with its kind and labels."""
    rows = []
    for make in (Metrics, ProfileMetrics, RolloutMetrics):
        registry = CollectorRegistry()
        held = vars(make(registry)).values()
        labels = {one._name: one._labelnames for one in held if hasattr(one, "_labelnames")}
        for metric in registry.collect():
            ending = "_total" if metric.type == "counter" else ""
            names = ", ".join(f"`{label}`" for label in labels.get(metric.name, ()))
            rows.append((f"`{metric.name}{ending}`", metric.type, names, metric.documentation))
    intro = "At `/metrics` of the metrics port (`HPP_METRICS_PORT`), exact over all workers of the machine."
    return _page("Metrics", intro, _table(("name", "kind", "labels", "what"), sorted(rows)))


def described(settings: Settings) -> dict[str, Any]:
    """The OpenAPI document of a service whose model uses every stored feature of the contract."""
    specs = contract_columns(settings)
    (target, *_) = read_feature_view(settings.feature_store(), HOUSE_TARGET)
    stored = {spec.name: spec for spec in specs if not spec.ratio and spec.name != target.name}
    contract = RequestContract(stored, tuple(stored), settings.max_rows)
    metadata = Metadata(
        schema=0,
        model_name="house-price",
        model_version="N",
        experiment="",
        feature_service=ALL_FEATURES,
        features=tuple(stored),
        target=target.name,
        units={target.name: target.unit},
        metrics={},
        parameters={},
        mlflow_run_id="",
        zenml_run_id="",
        data_fingerprint="",
        git_commit="",
        created_at="",
    )
    return document(contract, metadata, settings)


def rest_page(openapi: Mapping[str, Any]) -> str:
    """Each call with what it answers, the errors, and the fields of the messages."""
    calls = [
        (f"`{method.upper()} {path}`", call["summary"], ", ".join(sorted(call["responses"])))
        for path, methods in openapi["paths"].items()
        for method, call in methods.items()
    ]
    responses = openapi["components"]["responses"].items()
    errors = [(name.removeprefix("Error"), response["description"]) for name, response in responses]
    intro = (
        "`GET /seldon.json` answers with the OpenAPI document of the version that is served; this page is made from "
        "the same document, for a model that uses every feature."
    )
    messages = (
        f"### {name}\n\n{schema.get('description', '')}\n\n{_fields(schema)}"
        for name, schema in openapi["components"]["schemas"].items()
    )
    return _page(
        "REST",
        intro,
        _table(("call", "what", "answers"), calls),
        "## Errors\n\n" + _table(("code", "when"), errors),
        "## Messages",
        *messages,
    )


def _fields(schema: Mapping[str, Any]) -> str:
    fields = schema.get("properties", {})
    required = set(schema.get("required", ()))
    rows = [
        (f"`{name}`", _kind(one), "yes" if name in required else "", str(one.get("description", "")))
        for name, one in fields.items()
    ]
    return _table(("field", "type", "required", "what"), rows) if rows else ""


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    kinds = schema.get("type", "")
    return ", ".join(kinds) if isinstance(kinds, list) else str(kinds)


def _range(field: FieldInfo | None) -> str:
    if field is None:
        return ""
    bounds = [
        f"{sign} {getattr(one, name):,}"
        for one in field.metadata
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
        if getattr(one, name, None) is not None
    ]
    choices = getattr(field.annotation, "__args__", ())
    return ", ".join(bounds) or " or ".join(f"`{choice}`" for choice in choices if isinstance(choice, str))


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
    )


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((f"# {title}", *(part for part in parts if part))) + "\n"
