"""Settings: a frozen dataclass, filled from the environment in one go.

Each field reads `TIMELOOM_<FIELD NAME>`; `metadata={"env": "OTHER_NAME"}` chooses another variable. A
field whose type is itself a dataclass is filled the same way, so that processes compose their settings
from parts. A field made by `secret()` never appears in a `repr`, and may be given as a file:
`TIMELOOM_INTERNAL_SECRET_FILE=/run/secrets/internal`.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        service: ServiceSettings
        linger_seconds: float = 0.002
"""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

PREFIX = "TIMELOOM_"
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})

T = TypeVar("T")


class SettingsError(Exception):
    """Variables of the environment are missing or have values that cannot be read; it names them all."""

    def __init__(self, problems: list[str]) -> None:
        """Join the problems, each of which begins with its variable's name."""
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """What every process of Timeloom reads."""

    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics_listen: str = ""
    trace_sample_ratio: float = 0.05
    otlp_endpoint: str = ""
    """Where the process's own traces and metrics are sent over gRPC, such as `http://collector:4317`."""
    otlp_api_key: str = field(default="", repr=False, metadata={"secret": True})
    """What is shown there, if it is a Timeloom."""
    otlp_credentials_file: str = ""
    """A credentials file with that key, which need not be there yet."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.trace_sample_ratio <= 1.0:
            raise ValueError(f"{PREFIX}TRACE_SAMPLE_RATIO must lie between 0 and 1")


def secret(*, env: str | None = None, default: str | None = None) -> Any:
    """Declare a field that no `repr` shows and that `<VARIABLE>_FILE` may give."""
    metadata = {"secret": True} | ({"env": env} if env else {})
    if default is None:
        return field(repr=False, metadata=metadata)
    return field(default=default, repr=False, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """What every service reads besides: where it listens and what it stands on."""

    process: ProcessSettings
    listen: str = "127.0.0.1:0"
    database_url: str = secret()
    nats_url: str = secret()
    identity_address: str
    internal_secret: str = secret()


def load(cls: type[T], environ: Mapping[str, str] = os.environ) -> T:
    """Fill the dataclass from the environment.

    Raises:
        SettingsError: Names every variable that is missing or has a bad value, at once.
    """
    problems: list[str] = []
    loaded = _load(cls, environ, problems)
    if problems:
        raise SettingsError(problems)
    return cast("T", loaded)


def _load(cls: type[Any], environ: Mapping[str, str], problems: list[str]) -> Any:
    if not is_dataclass(cls):
        raise TypeError(f"{cls.__name__} is not a dataclass")
    values: dict[str, Any] = {}
    hints = get_type_hints(cls)
    known_problems = len(problems)
    for each in fields(cls):
        if is_dataclass(hints[each.name]):
            values[each.name] = _load(hints[each.name], environ, problems)
        else:
            _load_field(each, hints[each.name], environ, values, problems)
    if len(problems) > known_problems:
        return None
    try:
        return cls(**values)
    except ValueError as error:
        problems.append(str(error))
        return None


def _load_field(
    each: Field[Any], hint: Any, environ: Mapping[str, str], values: dict[str, Any], problems: list[str]
) -> None:
    variable = each.metadata.get("env", PREFIX + each.name.upper())
    is_secret = bool(each.metadata.get("secret"))
    if is_secret and each.repr:
        raise TypeError(f"{each.name} would show in a repr: declare it with settings.secret()")
    try:
        text = _read(variable, environ, is_secret=is_secret)
        if text is not None:
            values[each.name] = _parser(hint)(text)
        elif each.default is MISSING and each.default_factory is MISSING:
            problems.append(f"{variable} is missing")
    except (ValueError, OSError) as error:
        # A secret that does not parse must not be quoted in the complaint about it.
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problems.append(f"{variable} {'cannot be read' if is_secret and not reason else reason}")


def _read(variable: str, environ: Mapping[str, str], *, is_secret: bool) -> str | None:
    file = environ.get(f"{variable}_FILE") if is_secret else None
    if file is None:
        return environ.get(variable)
    if variable in environ:
        raise ValueError(f"is given twice: by itself and by {variable}_FILE")
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"_FILE: {file}: {error.strerror}") from error
    if not text:
        raise ValueError(f"_FILE: {file} is empty")
    return text


def _parser(hint: Any) -> Callable[[str], Any]:
    """Return the function that reads text as a value of the type; refuse types that no text gives."""
    simple: dict[Any, Callable[[str], Any]] = {
        str: str,
        int: partial(_number, int, "a whole number"),
        float: partial(_number, float, "a number"),
        bool: _boolean,
        Path: Path,
    }
    if hint in simple:
        return simple[hint]
    choices = get_args(hint)
    if get_origin(hint) is Literal:
        return partial(_choice, choices)
    if get_origin(hint) in {Union, types.UnionType} and len(choices) == 2 and types.NoneType in choices:
        inner = _parser(choices[0] if choices[1] is types.NoneType else choices[1])
        return lambda text: inner(text) if text else None
    raise TypeError(f"settings cannot hold {hint}")


def _number(kind: Callable[[str], T], description: str, text: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"must be {description}") from None


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("must be true or false")


def _choice(choices: tuple[str, ...], text: str) -> str:
    if text not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}")
    return text
