"""Why something outside could not be asked."""

from __future__ import annotations


class OutgoingError(Exception):
    """A host cannot be reached, says nothing in time, or says too much.

    Attributes:
        type: The class of the failure, such as `TimeoutError`.
        message: For people.
        is_final: Asking again cannot help.
    """

    def __init__(self, type_: str, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.type = type_
        self.message = message
        self.is_final = is_final


class InvalidRequestError(OutgoingError):
    """The request is not one that can be made; asking again cannot help."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestError", message, is_final=True)
