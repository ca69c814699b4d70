"""Errors that a caller may catch; each one's text says what was wanted and what came."""


class SafetyError(Exception):
    """Something Anju expected did not hold."""


class InvalidInput(SafetyError):
    """A value from outside is not acceptable; `field` names it.

    Parameters
    ----------
    message
        What was wanted and what came, for people.
    field
        Name of the field at fault, when there is one.

    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFound(SafetyError):
    """No such object, or none that this caller may see."""


class Forbidden(SafetyError):
    """The caller is known, but may not do this."""


class Conflict(SafetyError):
    """Somebody else changed the object first, or it is already there."""


class OffsetConflict(Conflict):
    """A piece of an upload does not join on to what is there; `offset` is what is wanted.

    Parameters
    ----------
    message
        What was wanted and what came, for people.
    offset
        Bytes that are safe.

    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class StoreUnavailable(SafetyError):
    """A store cannot be reached or refuses to write; the same call may work later."""


class SettingsInvalid(SafetyError):
    """A setting is missing or wrong; the text names the setting and its value."""


class TooManyAttempts(SafetyError):
    """Too many failures lately; `retry_after_s` tells when to try again.

    Parameters
    ----------
    message
        What happened, for people.
    retry_after_s
        Seconds to wait.

    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ModelRejected(SafetyError):
    """An IFC file cannot be used; `code` is a stable word for the pages, the text its detail.

    Parameters
    ----------
    code
        Such as `cut off` or `too large`.
    message
        What was wanted and what came.

    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
