"""What a client is told about a failure of the database, and what it is not."""

import asyncpg
import pytest

from timeloom_platform.database import map_database_error

SECRET = 'duplicate key value violates unique constraint "api_keys_pkey": Key (secret)=(hunter2)'


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (asyncpg.SerializationError, "ABORTED", "CONFLICT"),
        (asyncpg.DeadlockDetectedError, "ABORTED", "CONFLICT"),
        (asyncpg.LockNotAvailableError, "ABORTED", "CONFLICT"),
        (asyncpg.QueryCanceledError, "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"),
        (TimeoutError, "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"),
        (asyncpg.UniqueViolationError, "ALREADY_EXISTS", "ALREADY_EXISTS"),
        (asyncpg.CharacterNotInRepertoireError, "INVALID_ARGUMENT", "INVALID_FIELD"),
        (asyncpg.UntranslatableCharacterError, "INVALID_ARGUMENT", "INVALID_FIELD"),
        (asyncpg.TooManyConnectionsError, "RESOURCE_EXHAUSTED", "OVERLOADED"),
        (asyncpg.ConnectionDoesNotExistError, "UNAVAILABLE", "UNAVAILABLE"),
        (asyncpg.CannotConnectNowError, "UNAVAILABLE", "UNAVAILABLE"),
        (asyncpg.AdminShutdownError, "UNAVAILABLE", "UNAVAILABLE"),
        (asyncpg.DiskFullError, "UNAVAILABLE", "UNAVAILABLE"),
        (asyncpg.ReadOnlySQLTransactionError, "UNAVAILABLE", "UNAVAILABLE"),
        (asyncpg.InternalClientError, "UNAVAILABLE", "UNAVAILABLE"),
        (ConnectionResetError, "UNAVAILABLE", "UNAVAILABLE"),
        (asyncpg.InsufficientPrivilegeError, "INTERNAL", "INTERNAL"),
        (asyncpg.UndefinedObjectError, "INTERNAL", "INTERNAL"),
        (asyncpg.ForeignKeyViolationError, "INTERNAL", "INTERNAL"),
        (asyncpg.PostgresSyntaxError, "INTERNAL", "INTERNAL"),
    ],
)
def test_each_failure_has_its_status(error: type[Exception], status: str, reason: str) -> None:
    mapped = map_database_error(error(SECRET))

    assert mapped is not None
    assert (mapped.status, mapped.reason) == (status, reason)
    assert "hunter2" not in str(mapped)
    assert "api_keys" not in str(mapped)


@pytest.mark.parametrize(
    "message",
    [
        "cannot perform operation: connection is closed",
        "pool is closing",
        "connection was closed meanwhile",
    ],
)
def test_a_connection_that_turned_out_to_be_closed_is_unavailable(message: str) -> None:
    mapped = map_database_error(asyncpg.InterfaceError(message))

    assert mapped is not None
    assert mapped.status == "UNAVAILABLE"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("not ours"),
        OSError("a file, not a socket"),
        asyncpg.InterfaceError("the server expects 1 argument for this query, 2 were passed"),
    ],
)
def test_other_failures_are_left_to_others(error: Exception) -> None:
    assert map_database_error(error) is None
