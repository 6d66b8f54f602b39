"""The model card of a version: its files in the bundle, and what the registry says of it."""

from serving.bundle import CARD, CARD_PAGE, Metadata
from steps.core.card_evidence import CardEvidence, Registration
from steps.core.card_page import card_page
from steps.core.model_card import model_card


def card_files(evidence: CardEvidence, metadata: Metadata) -> dict[str, bytes]:
    """The card as Markdown and as a page, by file name.

    Args:
        metadata: of the bundle that they go into.
    """
    registration = Registration(
        name=metadata.model_name,
        version=metadata.model_version,
        created_at=metadata.created_at,
        feature_service=metadata.feature_service,
    )
    markdown = model_card(evidence, registration)
    page = card_page(markdown, f"{registration.name} v{registration.version}: model card")
    return {CARD: markdown.encode(), CARD_PAGE: page.encode()}


def card_tags(evidence: CardEvidence) -> dict[str, str]:
    """What the registry can be searched by."""
    used = [one.name for one in evidence.columns if one.is_sensitive and one.is_used]
    return {
        **evidence.cause.tags,
        "sensitive_features": ", ".join(used) or "none",
        "left_out_features": ", ".join(evidence.admission.left_out) or "none",
    }
