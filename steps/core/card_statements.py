"""What a person states of the data and of the model's use: the part of the model card that no run can find out."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Publication(_Strict):
    """Where something can be read."""

    title: Text
    url: Address


class Source(_Strict):
    """Where the data come from."""

    source: Text
    sources: list[Publication]


class Defect(_Strict):
    """Something that is known to be wrong with the data."""

    title: Text
    text: Text


class CardStatements(_Strict):
    """The statements of zenml_config/model_card.yaml; plain texts.

    Attributes:
        written_for: what data they are about, by fingerprint.
        purpose: what the model is for, in a sentence or two.
        contact: who answers for it.
        licence: of the model.
        ethics: what is to be considered about the people behind the rows.
    """

    written_for: dict[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")], Text] = Field(min_length=1)
    purpose: Text
    contact: Text
    licence: Text
    data: Source
    intended: list[Text] = Field(min_length=1)
    not_intended: list[Text] = Field(min_length=1)
    defects: list[Defect]
    ethics: list[Text]
    recommendations: list[Text]
