"""A version in a Kubernetes cluster, by way of its API server."""
