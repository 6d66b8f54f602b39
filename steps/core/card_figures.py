"""The parts of the model card that are made of measured figures."""

from collections.abc import Iterable

from steps.core.card_evidence import CardEvidence
from steps.core.markdown_text import bullets, code, paragraphs, table, text
from steps.core.quality import Standing


def performance(evidence: CardEvidence) -> str:
    """The champion's own figures, by the kind of rows."""
    found, folds = evidence.champion.metrics, evidence.validation
    rows = [
        ("**cross-validated** (the model was chosen by this)", "cv", f" ± {found['cv_rmse_sd']:.2f}"),
        ("test rows (not used for any choice)", "test", ""),
        ("training rows (the model has seen them)", "train", ""),
    ]
    cells = [
        (name, f"{found[f'{kind}_rmse']:.2f}{spread}", _figure(found, f"{kind}_mae"), _figure(found, f"{kind}_r2"))
        for name, kind, spread in rows
        if f"{kind}_rmse" in found
    ]
    return paragraphs(
        (
            table(("rows", "RMSE", "MAE", "R²"), cells),
            f"Cross-validated: the mean over {folds.repeats} x {folds.folds} folds of the "
            f"{evidence.data.training_houses} training rows, ± the standard deviation between folds. The "
            f"{evidence.data.test_houses} test rows are one split of many; they decide nothing but whether the floors "
            "are reached.",
        )
    )


def baselines(evidence: CardEvidence) -> str:
    """The procedure beside others on the same folds, then in folds that keep groups together."""
    report = evidence.quality
    kept = "" if report.nested else " The champion's parameters were not looked for anew, which flatters it."
    parts = [
        f"On the same {report.repeats} x {report.folds} folds of all {report.houses} rows; the difference is the RMSE "
        f"of this model less that of the other, with a {report.confidence:.0%} interval by the corrected resampled "
        f"t-test.{kept}",
        _standings(report.repeated),
    ]
    if report.grouped:
        names = ", ".join(map(code, report.group_columns))
        parts += [
            f"**By group.** Rows with equal {names} stay together ({report.groups} groups): the "
            "error to expect where a whole group is new.",
            _standings(report.grouped),
        ]
    return paragraphs(parts)


def tiers(evidence: CardEvidence) -> str:
    """Error, bias and coverage by price tier."""
    cells = [
        (
            text(tier.name),
            str(tier.homes),
            f"{tier.low:.1f} to {tier.high:.1f}" if tier.low < tier.high else f"{tier.low:.1f}",
            f"{tier.rmse:.2f}",
            f"{tier.bias:+.2f}",
            f"{tier.coverage:.0%}",
        )
        for tier in evidence.tiers
    ]
    return paragraphs(
        (
            table(("tier", "rows", "true price", "RMSE", "bias", "in the interval"), cells),
            "From the out-of-fold predictions of the training rows, by true price. Bias: mean of predicted less true "
            "price; a model that is unsure draws prices towards the middle, so that cheap homes come out too dear and "
            "dear ones too cheap.",
        )
    )


def intervals(evidence: CardEvidence) -> str:
    """What the intervals promise and what they hold."""
    found = evidence.intervals.metrics
    rows = [
        (name, _share(found, f"{kind}_coverage"), _figure(found, f"{kind}_interval_width"))
        for name, kind in (("training rows, out of fold", "oof"), ("test rows", "test"))
    ]
    return paragraphs(
        (
            f"Each price comes with an interval that is to hold the true price in {evidence.intervals.coverage:.0%} "
            "of the cases.",
            table(("rows", "held", "mean width"), rows),
            "Out of fold the share is what was asked for by construction; the test rows tell more, and the tiers "
            "above where it is missed. The promise is about all homes together, not about any group of them.",
        )
    )


def comparison(evidence: CardEvidence) -> str:
    """What the gate decided, and by what."""
    verdict = evidence.verdict
    outcome = {
        "promote": "takes the place of the champion",
        "unchanged": "is the champion already",
        "challenge": "is registered as challenger; the champion stays",
    }[verdict.outcome]
    parts = [f"The model **{outcome}**. Rule: {verdict.rule}. {text(verdict.reason[:1].upper() + verdict.reason[1:])}."]
    if verdict.evidence is not None:
        test = verdict.evidence.test
        rows = [
            ("this model, RMSE", f"{verdict.evidence.challenger_rmse:.3f}"),
            (f"version {text(verdict.champion_version)}, RMSE", f"{verdict.evidence.champion_rmse:.3f}"),
            ("gain", f"{test.gain:+.3f}"),
            ("its interval", f"{test.low:+.3f} to {test.high:+.3f}"),
            ("p of no gain", f"{test.p_better:.3g}"),
            ("p of a loss beyond the margin", f"{test.p_not_worse:.3g}"),
        ]
        parts.append(table(("", f"{test.houses} houses, each left out {test.repeats} times"), rows))
    return paragraphs(parts)


def leaving_out(evidence: CardEvidence) -> str:
    """What the model would lose without its sensitive features."""
    rows = [
        (
            text(one.left_out),
            f"{one.rmse_with:.2f}",
            f"{one.rmse_without:.2f}",
            f"{one.cost:+.3f}",
            f"{one.low:+.3f} to {one.high:+.3f}",
            _p_value(one.p_value),
        )
        for one in evidence.leaving_out
    ]
    if not rows:
        return ""
    return paragraphs(
        (
            table(("left out", "RMSE with", "without", "cost", f"{evidence.confidence:.0%} interval", "p"), rows),
            "The same fixed settings with and without, on the training rows in the same folds. Where the interval "
            "holds 0, no difference was found, which does not prove that there is none.",
        )
    )


def selection(evidence: CardEvidence) -> str:
    """How sure it is that a feature is among the most important ones."""
    used = set(evidence.champion.features)
    rows = [
        (
            code(one.feature),
            "yes" if one.feature in used else "no",
            f"{one.frequency:.0%}",
            f"{one.rank_low} to {one.rank_high}",
            "borderline" if one.is_borderline else "",
        )
        for one in evidence.selection
    ]
    return paragraphs(
        (
            "How often a feature is among the most important ones when the training rows are drawn anew, and its rank "
            "there. A borderline feature could as well be in or out.",
            table(("feature", "in this model", "chosen", "ranks", ""), rows, left=2),
        )
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names with what they are."""
    return bullets(f"**{name}:** {value}" for name, value in pairs)


def _standings(standings: list[Standing]) -> str:
    rows = []
    for one in standings:
        other = one.difference
        rows.append(
            (
                f"**{code(one.name)}** (this model)" if other is None else code(one.name),
                f"{one.mean_rmse:.2f} ± {one.sd_rmse:.2f}",
                f"{one.mean_mae:.2f}",
                f"{one.mean_r2:.3f}",
                "" if other is None else f"{other.mean:+.2f} ({other.low:+.2f} to {other.high:+.2f})",
                "" if other is None else _p_value(other.p_value),
            )
        )
    return table(("procedure", "RMSE ± folds", "MAE", "R²", "difference", "p"), rows)


def _p_value(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else r"\<0.001"


def _figure(metrics: dict[str, float], name: str) -> str:
    return f"{metrics[name]:.2f}" if name in metrics else ""


def _share(metrics: dict[str, float], name: str) -> str:
    return f"{metrics[name]:.1%}" if name in metrics else ""
