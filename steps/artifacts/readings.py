"""What a reader of a record's page is told first, by the record's type."""

from steps.core.page import Reading

READINGS: dict[str, tuple[str, Reading]] = {
    "PublicationReport": (
        "What was published to the feature store",
        Reading(
            what="How many observations of this data set were news to the offline store, in houses.",
            good="New data: new features and prices. The same data again: everything unchanged, nothing new.",
            act="Absent houses stay in the store; if many are, the source may have sent a part only.",
        ),
    ),
    "MaterializationReport": (
        "What was brought online",
        Reading(
            what="How many rows, one a house, were copied from the offline store to the one that the service reads.",
            good="As many as are new; 0 where nothing is. The freshness report says what is missing.",
            act="Run it again: `python -m steps.materialize` goes on where it was killed.",
        ),
    ),
    "PointInTimeReport": (
        "Training rows as they were known at their time",
        Reading(
            what="What became of the rows that were asked of the offline store: each house with the features that were "
            "known when its price became known, none of later.",
            good="Nothing lost, doubled, expired or never observed.",
            act="Expired or never observed: those houses are trained on with missing features; look at their source.",
        ),
    ),
    "Admission": (
        "Sensitive features: who may see them",
        Reading(
            what="Which features the contract tags as sensitive, and whether the models of this run may use them.",
            good="Each is left out, or has a waiver whose reason you would defend in public.",
            act="`sensitive_features` in zenml_config/training.yaml decides; what leaving them out costs is measured "
            "beside.",
        ),
    ),
    "RegisteredModel": (
        "The version in the model registry",
        Reading(
            what="Under which version and alias the winner of this run is registered in MLflow, and where its bundle "
            "is.",
            good="Alias champion: it serves from the next deployment on. Not new: the same model had a version "
            "already.",
            act="Alias challenger: the champion stays; the gate's page says why.",
        ),
    ),
    "Champion": (
        "The version that the registry calls champion",
        Reading(
            what="The model that this run deploys or judges, its features, and the quality that training measured. "
            "Errors in the `unit` below.",
            good="The version that you expect; cv_rmse with its spread, cv_rmse_sd, is the figure to trust.",
            act="Another version: roll back by its alias (docs/rollout.md).",
        ),
    ),
    "Deployment": (
        "What was deployed, and how it answered",
        Reading(
            what="What was done to put the version in place, and how its answers compare with the offline model's.",
            good="Live, both ways of asking agree within the tolerance, and the stores have no differences.",
            act="A deployment that disagrees is not let in: the service before it keeps answering. Look at the parity "
            "page.",
        ),
    ),
    "Window": (
        "The traffic that is judged",
        Reading(
            what="Which served rows the drift verdict is about: the newest hours that hold enough of them.",
            good="Hundreds of different rows, of the version that serves now.",
            act="Few rows give no verdict: wait, or widen `window` in zenml_config/monitoring.yaml.",
        ),
    ),
    "Conclusion": (
        "What became of the challenger in service",
        Reading(
            what="Whether a version is tried beside the champion, and what its evidence says by now.",
            good="None, or going on, or promoted because its errors are smaller beyond chance.",
            act="Withdrawn: read the reason; the champion served all the time (docs/rollout.md).",
        ),
    ),
    "Decision": (
        "Whether a retraining is started",
        Reading(
            what="What asks for a retraining, if anything, and whether it may start now.",
            good="No cause: nothing asks for one. Start: the cause below is answered at once.",
            act="Refused (cool-down, limit, tried, running, off): wait, change `retraining` in "
            "zenml_config/monitoring.yaml, or start one by hand: `make retrain`.",
        ),
    ),
    "Outcome": (
        "How the retraining ended",
        Reading(
            what="What became of the retraining that was decided on: its runs, and the version that came out.",
            good="Not started where nothing asked for it; tried or served where something did.",
            act="Failed: its log is named below; the champion serves on.",
        ),
    ),
}
