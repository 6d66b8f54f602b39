"""Which version is tried in the cluster beside the one that is served."""

from serving.settings import Settings
from steps.cluster.api import ClusterApi
from steps.cluster.seldon_deployment import ClusterObject, read_template
from steps.core.predictors import in_use, leader, version_of


def tried_in_cluster(settings: Settings) -> str | None:
    """The version of a canary or shadow, or None: none is tried.

    Raises:
        ConfigurationError: there is no cluster, or no template.
        DeploymentError: its API server does not answer, or does not let us.
    """
    template = read_template(settings.cluster_template)
    predictors = in_use(ClusterObject(template, ClusterApi(), take_over=False).read().predictors)
    first = leader(predictors)
    return next((version_of(one) for one in predictors if one is not first), None)
