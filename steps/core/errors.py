"""The errors of the pipelines, each with a message that says what was wanted, what came and how to mend it."""


class PlatformError(Exception):
    """A fault that a person can mend; its message is all that they need to read."""

    needs_no_traceback = True  # zenml_config/environment.py ends a process with the message alone


class DataError(PlatformError):
    """The data are not what the contract asks for."""


class ConfigurationError(PlatformError):
    """A setting or a parameter is not usable."""


class GateError(PlatformError):
    """The champion of the run may not serve."""


class DeploymentError(PlatformError):
    """The service did not come up, or answers wrongly."""
