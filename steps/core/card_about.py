"""The parts of the model card that say what the model, its use and its data are."""

from steps.core.card_evidence import CardEvidence, Column, Registration
from steps.core.card_figures import facts
from steps.core.markdown_text import bullets, code, link, paragraphs, table, text


def details(evidence: CardEvidence, registration: Registration) -> str:
    """What it is, where it comes from, what it was made with."""
    champion = evidence.champion
    seeds = champion.parameters.get("bagging_seeds")
    kind = "Gradient-boosted regression trees (XGBoost)" + (f", {seeds} seeds averaged in one booster" if seeds else "")
    parameters = ", ".join(f"{code(name)} {text(_short(value))}" for name, value in champion.parameters.items())
    identity = [
        (
            "Registered",
            f"{text(registration.created_at)}, as {code(registration.name)} version {text(registration.version)}",
        ),
        ("Trained because", text(evidence.cause.in_words)),
        ("Kind", kind),
        ("Experiment", code(champion.name)),
        ("Hyperparameters", parameters or "XGBoost's defaults"),
        (
            "Training time",
            f"{champion.seconds['total']:.1f} s, of which {champion.seconds['search']:.1f} s for search and fit",
        ),
        ("Feature service", code(registration.feature_service)),
        ("Booster", f"SHA-256 {code(champion.model_digest)}"),
        ("MLflow run", code(champion.mlflow_run_id)),
        ("ZenML run", code(evidence.zenml_run)),
        ("Git commit", code(evidence.git_commit)),
        ("Environment", ", ".join(f"{text(name)} {text(found)}" for name, found in evidence.environment.items())),
        ("Licence", text(evidence.statements.licence)),
        ("Contact", text(evidence.statements.contact)),
    ]
    return facts(identity)


def use(evidence: CardEvidence) -> str:
    """What it is for, and what not."""
    said = evidence.statements
    return paragraphs(
        (
            "**Intended:**",
            bullets(map(text, said.intended)),
            "**Not intended, and not to be done:**",
            bullets(map(text, said.not_intended)),
        )
    )


def factors(evidence: CardEvidence) -> str:
    """What the error is expected to vary with."""
    groups = ", ".join(map(code, evidence.quality.group_columns))
    place = f", and the place (rows that share {groups})" if evidence.quality.grouped else ""
    return (
        f"What the error is expected to vary with, and is given by below: the price (tiers){place}. The contract tags "
        f"as sensitive: {sensitive_names(evidence, used=None) or 'nothing'}."
    )


def metrics(evidence: CardEvidence) -> str:
    """What the figures are."""
    unit = text(evidence.target.unit)
    return bullets(
        (
            f"**RMSE** and **MAE**, root of the mean squared and mean absolute error, in {unit}: the first punishes "
            "large errors.",
            "**R²**, the share of the prices' variance that the model explains.",
            "**Coverage**, the share of the true prices that the interval holds, and its **width**.",
            "Differences are paired, on the same folds. Between procedures and between features their intervals allow "
            "for the rows that folds share (Nadeau and Bengio 2003); a challenger is held against the champion by the "
            "errors of the houses.",
        )
    )


def data(evidence: CardEvidence) -> str:
    """The rows, the columns, and what is known to be wrong with them."""
    rows, said = evidence.data, evidence.statements
    parts = f"{rows.training_houses} to train, {rows.test_houses} to test; {rows.missing_values} values missing"
    pairs = [
        ("Source", text(said.data.source)),
        ("To read", "; ".join(link(one.title, one.url) for one in said.data.sources) or "nothing"),
        ("Rows", f"{rows.houses}: {parts}"),
        ("Prices became known", f"{text(rows.priced_from)} to {text(rows.priced_to)}, as the feature store has it"),
        ("Fingerprint", f"SHA-256 {code(rows.fingerprint)}"),
        ("Feature service", code(rows.feature_service) + (f", as of {text(rows.as_of)}" if rows.as_of else "")),
    ]
    head = ("column", "what", "unit", "allowed", "sensitive", "used")
    return paragraphs(
        (
            _warning(evidence),
            facts(pairs),
            "### Columns",
            table(head, [_column(column, column == evidence.target) for column in evidence.columns], left=len(head)),
            "### Known defects",
            bullets(f"**{text(one.title)}.** {text(one.text)}" for one in said.defects),
        )
    )


def sensitive_names(evidence: CardEvidence, used: bool | None) -> str:
    """The sensitive features, those that the model uses, or those that it does not; all if none is said."""
    found = [one for one in evidence.columns if one.is_sensitive and (used is None or one.is_used == used)]
    return ", ".join(code(one.name) for one in found)


def _warning(evidence: CardEvidence) -> str:
    known = evidence.statements.written_for
    if evidence.data.fingerprint in known:
        return ""
    return (
        "> **The statements of this card were written for other data:** "
        f"{text('; '.join(known.values()))}. This model was trained on data with another fingerprint. Read what is "
        "said of source, defects, use and ethics with that in mind, and write `zenml_config/model_card.yaml` anew."
    )


def _column(column: Column, is_target: bool) -> tuple[str, ...]:
    made_of = f" = {column.made_of}" if column.made_of else ""
    return (
        code(column.name),
        text(column.description + made_of),
        text(column.unit),
        text(column.allowed),
        "**yes**" if column.is_sensitive else "",
        "target" if is_target else "yes" if column.is_used else "no",
    )


def _short(value: float | int | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
