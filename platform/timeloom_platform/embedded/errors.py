"""What can go wrong when a server is run as a child process."""


class EmbeddedError(Exception):
    """An embedded server cannot be installed, initialised or started; the message says what to do."""


class NotReadyError(EmbeddedError):
    """A process ended, or was not ready within its time."""
