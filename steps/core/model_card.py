"""The model card in Markdown, by the parts of Mitchell et al. 2019, "Model Cards for Model Reporting" (FAT*)."""

from steps.core import card_about, card_figures
from steps.core.card_evidence import CardEvidence, Registration
from steps.core.markdown_text import bullets, code, paragraphs, text


def model_card(evidence: CardEvidence, registration: Registration) -> str:
    """The whole card."""
    title = f"# Model card: {text(registration.name)} version {text(registration.version)}"
    sections = {
        "Model details": card_about.details(evidence, registration),
        "Intended use": card_about.use(evidence),
        "Factors": card_about.factors(evidence),
        "Metrics": card_about.metrics(evidence),
        "Training and evaluation data": card_about.data(evidence),
        "Quantitative analyses": _analyses(evidence),
        "Sensitive features": _sensitive(evidence),
        "Ethical considerations": bullets(map(text, evidence.statements.ethics)),
        "Caveats and recommendations": _caveats(evidence),
        "Reproduce and roll back": _reproduce(registration),
    }
    parts = [f"## {name}\n\n{body}" for name, body in sections.items() if body]
    return paragraphs((title, _summary(evidence), *parts)) + "\n"


def description(evidence: CardEvidence) -> str:
    """The card in three sentences, for the registry."""
    found = evidence.champion.metrics
    return (
        f"{text(evidence.statements.purpose)} Cross-validated RMSE {found['cv_rmse']:.2f} ± {found['cv_rmse_sd']:.2f} "
        f"({evidence.target.unit}), {len(evidence.champion.features)} features. Not for: "
        f"{text(evidence.statements.not_intended[0])} The whole card: model_card.md in the version's bundle."
    )


def _summary(evidence: CardEvidence) -> str:
    found = evidence.champion.metrics
    lines = [text(evidence.statements.purpose)]
    lines += [
        f"**Error:** {found['cv_rmse']:.2f} ± {found['cv_rmse_sd']:.2f} RMSE in cross-validation, in "
        f"{text(evidence.target.unit)}; intervals meant for {evidence.intervals.coverage:.0%} of the prices. "
        f"**Sensitive features used:** {card_about.sensitive_names(evidence, used=True) or 'none'}. "
        f"**Not for:** {text(evidence.statements.not_intended[0])}"
    ]
    return paragraphs(lines)


def _analyses(evidence: CardEvidence) -> str:
    parts = {
        "This model": card_figures.performance(evidence),
        "Beside other procedures": card_figures.baselines(evidence),
        "By price": card_figures.tiers(evidence),
        "Intervals": card_figures.intervals(evidence),
        "Beside the champion before it": card_figures.comparison(evidence),
        "How stable the choice of features is": card_figures.selection(evidence) if evidence.selection else "",
    }
    return paragraphs(f"### {name}\n\n{body}" for name, body in parts.items() if body)


def _sensitive(evidence: CardEvidence) -> str:
    admission = evidence.admission
    waived = [
        f"{code(name)} **waived**, {'used' if name in evidence.champion.features else 'not used'} by this model: "
        f"{text(why)}"
        for name, why in admission.waivers.items()
    ]
    gone = [f"{code(name)} **left out**: no model of this run has seen it." for name in admission.left_out]
    if not waived and not gone:
        return "The contract tags no feature as sensitive."
    return paragraphs((bullets([*waived, *gone]), "### What leaving out costs", card_figures.leaving_out(evidence)))


def _caveats(evidence: CardEvidence) -> str:
    own = [
        "Experiments were compared, and features chosen, on the rows that the cross-validated error comes from, which "
        "flatters the winner a little.",
        "The model knows the range of prices that it was trained on and prices nothing beyond it.",
        "Its error holds for houses like those it was trained on: watch the drift report, and train again when it "
        "says so.",
    ]
    return bullets([*map(text, evidence.statements.recommendations), *own])


def _reproduce(registration: Registration) -> str:
    return paragraphs(
        (
            "**Reproduce.** Check out the commit above, `make setup`, set `training_set.as_of` in "
            f"`zenml_config/training.yaml` to {code(registration.created_at)} and run the training pipeline. Where "
            "the data's fingerprint is the one "
            "above, the same environment gives the same booster: compare the digest.",
            "**Roll back to this version.** Give it the alias `champion` and deploy; a retired one is first brought "
            f"back (`python -m steps.retire_models --restore {registration.version}`):",
            "```sh\n"
            'python -c "from steps.tracking.runs import MODEL, mlflow_client; '
            f"mlflow_client().set_registered_model_alias(MODEL, 'champion', '{registration.version}')\"\n"
            "zenml pipeline run pipelines.deployment.deployment_pipeline -c zenml_config/deployment.yaml\n"
            "```",
        )
    )
