"""What processes the stack consists of, and how each is told of the others."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from timeloom_platform.embedded import ports
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.embedded.postgres import EmbeddedPostgres
from timeloom_platform.embedded.process import ProcessSpecification
from timeloom_stack import probes
from timeloom_stack.directory import DataDirectory
from timeloom_stack.port_owners import PublicPort
from timeloom_stack.python import PYTHON_MODULE
from timeloom_stack.rooms import GATEWAY_MODULE, ROOMS, TELEMETRY_ROOM, Room
from timeloom_stack.secrets import Secrets
from timeloom_stack.settings import StackSettings, reachable
from timeloom_stack.supervisor import Supervised

GATEWAY = "gateway"
POSTGRES = "postgres"
# What is acknowledged is committed, so a service that drains for longer than a person waits may be ended.
_STOP_TIMEOUT_SECONDS = 1.2

# For clients; a service that inherited it would act with a person's key.
_CLIENT_VARIABLES = frozenset({"TIMELOOM_API_KEY", "TIMELOOM_URL", "TIMELOOM_GRPC_ADDRESS"})
# Each thread would otherwise get an arena of glibc's allocator, and keep what was freed in it.
_ALLOCATOR = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """The processes, and the environment that they (and helpers of the supervisor) run in."""

    processes: tuple[Supervised, ...]
    environment: Mapping[str, str] = field(repr=False)
    is_cold: bool
    """Whether this is the first start with this data."""


def public_ports(settings: StackSettings) -> list[PublicPort]:
    """The ports that people and programs outside use."""
    return [
        PublicPort(
            purpose="HTTP", host=settings.http_host, number=settings.http_port, variable="TIMELOOM_HTTP_PORT"
        ),
        PublicPort(
            purpose="gRPC", host=settings.grpc_host, number=settings.grpc_port, variable="TIMELOOM_GRPC_PORT"
        ),
        PublicPort(
            purpose="OpenTelemetry over gRPC",
            host=settings.otlp_host,
            number=settings.otlp_grpc_port,
            variable="TIMELOOM_OTLP_GRPC_PORT",
        ),
        PublicPort(
            purpose="OpenTelemetry over HTTP",
            host=settings.otlp_host,
            number=settings.otlp_http_port,
            variable="TIMELOOM_OTLP_HTTP_PORT",
        ),
    ]


class Planner:
    """Chooses ports, and writes down each process."""

    def __init__(
        self, settings: StackSettings, directory: DataDirectory, secrets: Secrets, environ: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._secrets = secrets
        self._environ = environ
        self._taken = {port.number for port in public_ports(settings)}

    def plan(self) -> StackPlan:
        """Decides everything that is decided before the first process starts."""
        is_cold = not self._directory.credentials_file.exists()
        data, urls = self._plan_data()
        environment = self._common_environment() | urls
        needs = frozenset(each.name for each in data)
        rooms = {room: self._choose_port() for room in ROOMS}
        environment |= {room.address_variable: f"{ports.LOOPBACK}:{port}" for room, port in rooms.items()}
        processes = (
            *data,
            *(self._plan_room(room, port, environment, needs) for room, port in rooms.items()),
            self._plan_gateway(environment, needs),
        )
        return StackPlan(processes=processes, environment=environment, is_cold=is_cold)

    def _plan_data(self) -> tuple[list[Supervised], dict[str, str]]:
        """PostgreSQL and NATS, unless the settings name others; and the addresses of those that are used."""
        embedded: list[Supervised] = []
        database_url, nats_url = self._settings.database_url, self._settings.nats_url
        if not database_url:
            postgres = EmbeddedPostgres(
                self._directory.postgres, port=self._choose_port(), passwords=self._secrets.postgres
            )
            embedded.append(_at_port(postgres.specification, postgres.port))
            database_url = postgres.url
        if not nats_url:
            nats = EmbeddedNats(self._directory.nats, port=self._choose_port(), password=self._secrets.nats)
            embedded.append(_at_port(nats.specification, nats.port))
            nats_url = nats.url
        return embedded, {"TIMELOOM_DATABASE_URL": database_url, "TIMELOOM_NATS_URL": nats_url}

    def _common_environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in self._environ.items() if name not in _CLIENT_VARIABLES}
        return {
            **_ALLOCATOR,
            **(self._self_telemetry() if self._settings.self_telemetry else {}),
            **inherited,
            "TIMELOOM_INTERNAL_SECRET_FILE": str(self._secrets.internal_file),
            **self._sealing_key(inherited),
            "TIMELOOM_IDENTITY_ADDRESS": self._settings.grpc_address,
            "TIMELOOM_PUBLIC_URL": inherited.get("TIMELOOM_PUBLIC_URL", self._settings.http_url),
            "TIMELOOM_EMBEDDING_CACHE_DIR": str(self._directory.models),
            "TIMELOOM_INDEX_DIRECTORY": str(self._directory.graphs),
            "TIMELOOM_SHAPES_DIRECTORY": str(self._directory.shapes),
            "TIMELOOM_LOG_FORMAT": "json",
            "TIMELOOM_LOG_LEVEL": self._settings.log_level,
            "PYTHONUNBUFFERED": "1",
        }

    def _self_telemetry(self) -> dict[str, str]:
        """What has the services send their own telemetry into this installation, into its first project."""
        return {
            "TIMELOOM_OTLP_ENDPOINT": self._settings.otlp_endpoint,
            "TIMELOOM_OTLP_CREDENTIALS_FILE": str(self._directory.credentials_file),
            "TIMELOOM_TRACE_SAMPLE_RATIO": "1",
        }

    def _sealing_key(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The installation's master key, unless its owner keeps one elsewhere."""
        if "TIMELOOM_SEALING_KEY" in inherited:
            return {}
        file = inherited.get("TIMELOOM_SEALING_KEY_FILE", str(self._secrets.sealing_file))
        return {"TIMELOOM_SEALING_KEY_FILE": file}

    def _plan_room(
        self, room: Room, port: int, environment: Mapping[str, str], needs: frozenset[str]
    ) -> Supervised:
        own = {
            "TIMELOOM_LISTEN": f"{ports.LOOPBACK}:{port}",
            "TIMELOOM_METRICS_LISTEN": self._metrics_listen(),
        }
        address = f"{ports.LOOPBACK}:{port}"
        if room.name == TELEMETRY_ROOM:
            settings = self._settings
            own["TIMELOOM_OTLP_GRPC_LISTEN"] = f"{settings.otlp_host}:{settings.otlp_grpc_port}"
            own["TIMELOOM_OTLP_HTTP_LISTEN"] = f"{settings.otlp_host}:{settings.otlp_http_port}"
            address = f"{address}, {settings.otlp_grpc_port}, {settings.otlp_http_port}"
        specification = self._python(
            room.name,
            room.module,
            environment={**environment, **own},
            needs=needs,
            is_ready=partial(_listens, ports.LOOPBACK, port),
        )
        return Supervised(specification=specification, address=address)

    def _plan_gateway(self, environment: Mapping[str, str], needs: frozenset[str]) -> Supervised:
        settings = self._settings
        own = {
            "TIMELOOM_HTTP_HOST": settings.http_host,
            "TIMELOOM_HTTP_PORT": str(settings.http_port),
            "TIMELOOM_GRPC_HOST": settings.grpc_host,
            "TIMELOOM_GRPC_PORT": str(settings.grpc_port),
            "TIMELOOM_METRICS_LISTEN": self._metrics_listen(),
        }
        if console := settings.console:
            own["TIMELOOM_CONSOLE_DIR"] = str(console)
        specification = self._python(
            GATEWAY,
            GATEWAY_MODULE,
            environment={**environment, **own},
            needs=needs,
            is_ready=partial(_serves_http, f"{settings.http_url}/healthz"),
        )
        host = reachable(settings.http_host)
        return Supervised(
            specification=specification,
            address=f"{host}:{settings.http_port}, {settings.grpc_port}",
        )

    def _python(
        self,
        name: str,
        module: str,
        *,
        environment: Mapping[str, str],
        needs: frozenset[str],
        is_ready: Callable[[int], Awaitable[bool]],
    ) -> ProcessSpecification:
        return ProcessSpecification(
            name=name,
            command=(*PYTHON_MODULE, module),
            directory=self._directory.root,
            environment=environment,
            # A first start spends most of its time in initdb: meanwhile the services load, and then wait.
            depends_on=needs - {POSTGRES},
            uses=needs & {POSTGRES},
            is_ready=is_ready,
            stop_signal=signal.SIGTERM,
            parent_death_signal=signal.SIGKILL,
            ready_timeout_seconds=60.0,
            stop_timeout_seconds=_STOP_TIMEOUT_SECONDS,
        )

    def _metrics_listen(self) -> str:
        return f"{ports.LOOPBACK}:{self._choose_port()}" if self._settings.metrics else ""

    def _choose_port(self) -> int:
        port = ports.choose(taken=frozenset(self._taken))
        self._taken.add(port)
        return port


def _at_port(specification: ProcessSpecification, port: int) -> Supervised:
    return Supervised(specification=specification, address=f"{ports.LOOPBACK}:{port}")


async def _listens(host: str, port: int, _pid: int) -> bool:
    """A service listens only when it has what it needs."""
    return await probes.listens(host, port)


async def _serves_http(url: str, _pid: int) -> bool:
    return await probes.answers(url)
