"""Where Timeloom is and which key opens it: from arguments, the environment or a credentials file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from timeloom.errors import ConfigurationError

DATA_DIRECTORY = ".timeloom"
CREDENTIALS_FILE = "credentials.json"
HTTP_URL_DEFAULT = "http://127.0.0.1:8080"
GRPC_ADDRESS_DEFAULT = "127.0.0.1:8081"
OTLP_PORT = 4317

_NO_KEY = """\
No Timeloom API key found. Give one of these:
  - the argument:           Timeloom(api_key="tl_…")
  - the environment:        TIMELOOM_API_KEY=tl_…
  - a credentials file:     .timeloom/credentials.json here or in a folder above ({directory});
                            `timeloom up` writes it (TIMELOOM_DATA_DIR names another folder)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a client needs to know.

    Attributes:
        grpc_address: `host:port`, or `https://host:port` for TLS.
        http_url: Where REST, the console and the documentation are; only shown to people.
        otlp_endpoint: Where OpenTelemetry is sent over gRPC, as a URL.
        api_key: `tl_<id>_<secret>`.
    """

    grpc_address: str
    http_url: str
    otlp_endpoint: str
    api_key: str = field(repr=False)


def resolve(
    *,
    grpc_address: str | None = None,
    url: str | None = None,
    api_key: str | None = None,
    otlp_endpoint: str | None = None,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Configuration:
    """Find each setting at the first place that has it: the argument, the environment, the credentials file.

    Args:
        grpc_address: `host:port`, or `https://host:port` for TLS.
        url: The address of the REST front.
        api_key: The key of the project to work in.
        otlp_endpoint: Where OpenTelemetry is sent over gRPC, as a URL.
        environ: Instead of the process's environment.
        directory: Where the search for the file begins, upwards; the working directory if None.

    Raises:
        ConfigurationError: There is no API key anywhere, or the credentials file cannot be read.
    """
    environ = os.environ if environ is None else environ
    directory = Path.cwd() if directory is None else directory
    api_key = api_key or environ.get("TIMELOOM_API_KEY")
    grpc_address = grpc_address or environ.get("TIMELOOM_GRPC_ADDRESS")
    url = url or environ.get("TIMELOOM_URL")
    # A key that was given belongs to the address that was given: the file's address would be another house.
    kept: Mapping[str, str] = {} if api_key and grpc_address else _credentials(environ, directory)
    api_key = api_key or kept.get("apiKey")
    if not api_key:
        raise ConfigurationError(_NO_KEY.format(directory=directory))
    http_url = url or kept.get("httpUrl") or HTTP_URL_DEFAULT
    otlp_endpoint = otlp_endpoint or environ.get("TIMELOOM_OTLP_ENDPOINT")
    return Configuration(
        grpc_address=grpc_address or kept.get("grpcAddress") or GRPC_ADDRESS_DEFAULT,
        http_url=http_url,
        otlp_endpoint=otlp_endpoint or ("" if url else kept.get("otlpEndpoint")) or _otlp_beside(http_url),
        api_key=api_key,
    )


def _otlp_beside(url: str) -> str:
    """Return where OpenTelemetry is taken at the host of a URL."""
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{OTLP_PORT}"


def _credentials(environ: Mapping[str, str], directory: Path) -> Mapping[str, str]:
    data_directory = environ.get("TIMELOOM_DATA_DIR")
    folders = [folder / DATA_DIRECTORY for folder in (directory, *directory.parents)]
    for folder in [Path(data_directory)] if data_directory else folders:
        path = folder / CREDENTIALS_FILE
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise ConfigurationError(
                f"The credentials file {path} cannot be read: {error.strerror}"
            ) from error
        return _parsed(path, text)
    return {}


def _parsed(path: Path, text: str) -> Mapping[str, str]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"The credentials file {path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"The credentials file {path} does not hold an object")
    values = cast("dict[str, Any]", document)
    return {name: value for name, value in values.items() if isinstance(value, str)}
