"""The OpenAPI document: one operation for each HTTP binding of each method."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from timeloom_gateway.contracts import Contracts, Service, header_of, resume_position_of, rules_of
from timeloom_gateway.openapi import forms, protocol
from timeloom_gateway.openapi.problems import PROBLEM_SCHEMA, components, references, statuses_of
from timeloom_gateway.openapi.schemas import Schema, Schemas, with_rest_names
from timeloom_gateway.problems import Reasons
from timeloom_gateway.transcoding.forms import WHOLE_BODY, Form
from timeloom_gateway.transcoding.rest import Route
from timeloom_gateway.web.negotiation import ANY_TYPE, EVENT_STREAM, JSON, NDJSON, OCTET_STREAM

_VARIABLE = re.compile(r"\{([^}=]+)(?:=[^}]+)?\}")
_DESCRIPTION = """\
The self-hosted backend for AI agents: executions recorded step by step, and the way back through them.

Authenticate with `Authorization: Bearer <API key>`. Resources are returned bare; lists page with
`pageSize` and `pageToken`; errors are `application/problem+json` with a `code` for programs. Every
`POST` takes an `Idempotency-Key`, and a resource with an `etag` honours `If-Match` and `If-None-Match`.
Live updates come over WebSocket at `/api/ws` and as server-sent events at `/api/stream`."""


def takes_idempotency_key(route: Route) -> bool:
    """Whether a repeated request with the same `Idempotency-Key` is answered from the record."""
    return route.binding.http_method == "POST" and route.form is Form.CALL and not route.is_public


def build(contracts: Contracts, routes: Sequence[Route], reasons: Reasons) -> dict[str, Any]:
    """The document of everything that the gateway serves over HTTP."""
    schemas = Schemas(contracts.comments)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = openapi_path(route)
        operation = _operation(route, schemas, reasons)
        paths.setdefault(path, {})[route.binding.http_method.lower()] = operation
    schemas.response(contracts.message_type("timeloom.events.v1.Event"))
    for path, item in protocol.paths().items():
        paths.setdefault(path, {}).update(item)
    served = {route.method.contract.service for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Timeloom",
            "version": version("timeloom-gateway"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This Timeloom"}],
        "security": [{"apiKey": []}, {"session": []}],
        "tags": [
            *(_tag(service) for service in contracts.services if service.name in served),
            *protocol.TAGS,
        ],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": protocol.SECURITY_SCHEMES,
            "responses": components(reasons),
            "schemas": {"Problem": dict(PROBLEM_SCHEMA), **dict(sorted(schemas.components.items()))},
        },
    }


def openapi_path(route: Route) -> str:
    """The path as OpenAPI writes it: with the REST names of its variables, and without their patterns."""
    names = iter(variable.name for variable in route.request.variables)
    return _VARIABLE.sub(lambda _: "{" + next(names) + "}", route.binding.template)


def _tag(service: Service) -> Mapping[str, str]:
    return {"name": tag_of(service.name), "description": service.comment}


def tag_of(service: str) -> str:
    """`timeloom.snapshots.v1.SnapshotsService` -> `Snapshots`."""
    return service.rpartition(".")[2].removesuffix("Service")


def _operation(route: Route, schemas: Schemas, reasons: Reasons) -> dict[str, Any]:
    method = route.method
    name = method.name[0].lower() + method.name[1:]
    summary, _, rest = with_rest_names(method.comment).partition(". ")
    operation: dict[str, Any] = {
        "operationId": name if route.primary else f"{name}Alias",
        "tags": [tag_of(method.contract.service)],
        "summary": summary.rstrip("."),
        "description": _description(route, rest),
        "parameters": _parameters(route, schemas),
        "responses": _responses(route, schemas, reasons),
        "x-scope": method.contract.scope.name.lower(),
    }
    if route.binding.body:
        operation["requestBody"] = _request_body(route, schemas)
    if route.is_public:
        operation["security"] = []
    if route.form is Form.SOCKET:
        operation["security"] = protocol.SOCKET_SECURITY
        operation["x-websocket"] = {
            "request": schemas.request(method.request, without=route.request.set_elsewhere),
            "response": schemas.response(method.response),
        }
    if not route.primary:
        operation["x-alias-of"] = name
    return operation


def _description(route: Route, comment: str) -> str:
    lines = [comment] if comment else []
    if route.is_public:
        lines.append("Needs no credentials.")
    else:
        lines.append(f"Needs the scope `{route.method.contract.scope.name.lower()}`.")
    if not route.primary:
        lines.append(f"An alias of `{route.method.bindings[0].template}`.")
    return "\n\n".join([*lines, *forms.described(route)])


def _parameters(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    found = [
        {
            "name": variable.name,
            "in": "path",
            "required": True,
            "schema": _path_schema(schemas.parameter(variable.field)),
            **schemas.description(variable.field),
        }
        for variable in route.request.variables
    ]
    for parameter in route.request.query.parameters if route.request.query else ():
        schema = schemas.parameter(parameter.field)
        entry: dict[str, Any] = {"name": parameter.name, "in": "query", "schema": schema}
        if len(parameter.path) == 1 and rules_of(parameter.field).required:
            entry["required"] = True
        found.append({**entry, **schemas.description(parameter.field)})
    for entry in found:
        _move_examples(entry)
    return [*found, *_header_parameters(route, schemas)]


def _path_schema(schema: Schema) -> Schema:
    """What stands in a path is never empty."""
    return {**schema, "minLength": 1} if schema.get("type") == "string" else schema


def _move_examples(parameter: dict[str, Any]) -> None:
    """A parameter's examples belong into its schema."""
    examples = parameter.pop("examples", None)
    if examples:
        parameter["schema"] = {**parameter["schema"], "examples": examples}


def _header_parameters(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    found: list[Mapping[str, Any]] = [protocol.REQUEST_TIMEOUT]
    if takes_idempotency_key(route):
        found.append(protocol.IDEMPOTENCY_KEY)
    if route.request.takes_etag:
        found.append(protocol.IF_MATCH)
    if _answers_etag(route):
        found.append(protocol.IF_NONE_MATCH)
    for field in route.request.header_fields:
        schema = schemas.parameter(field)
        found.append(
            {"name": header_of(field), "in": "header", "schema": schema, **schemas.description(field)}
        )
    resume = resume_position_of(route.method.request)
    if resume is not None and route.form is Form.EVENTS:
        found.append({**protocol.LAST_EVENT_ID, "schema": schemas.parameter(resume[0])})
    return [dict(each) for each in found]


def _answers_etag(route: Route) -> bool:
    return route.binding.http_method == "GET" and route.response.has_etag


def _request_body(route: Route, schemas: Schemas) -> dict[str, Any]:
    if route.upload is not None:
        return {"required": True, "content": _file_content(route.upload.media_type)}
    request = route.method.request
    if route.binding.body == WHOLE_BODY:
        schema = schemas.request(request, without=route.request.set_elsewhere)
        required = bool(schemas.components[schema["$ref"].rpartition("/")[2]].get("required"))
    else:
        field = request.fields_by_name[route.binding.body]
        schema, required = schemas.request_field(field), rules_of(field).required
    return {"required": required, "content": {JSON: {"schema": schema}}}


def _responses(route: Route, schemas: Schemas, reasons: Reasons) -> dict[str, Any]:
    headers: dict[str, Any] = dict(protocol.RESPONSE_HEADERS)
    if route.response.has_etag:
        headers["ETag"] = protocol.ETAG_HEADER
    if takes_idempotency_key(route):
        headers["Idempotency-Replayed"] = protocol.REPLAYED_HEADER
    if route.form is Form.DOWNLOAD:
        headers["Content-Disposition"] = protocol.DISPOSITION_HEADER
    success = {"description": "Success", "headers": headers, "content": _content(route, schemas)}
    not_modified = {"304": {"description": "The resource still has the etag of `If-None-Match`."}}
    errors = statuses_of(route, reasons, takes_key=takes_idempotency_key(route))
    return {
        **(protocol.SWITCHING if route.form is Form.SOCKET else {"200": success}),
        **(not_modified if _answers_etag(route) else {}),
        **references(*errors),
    }


def _content(route: Route, schemas: Schemas) -> dict[str, Any]:
    if route.download is not None:
        # What its service says of it is known only with the answer.
        return {ANY_TYPE: {}} if route.download.is_told else _file_content(route.download.media_type)
    response = route.method.response
    if route.binding.response_body:
        schema = schemas.response_field(response.fields_by_name[route.binding.response_body])
    else:
        schema = schemas.response(response)
    if route.form is not Form.EVENTS:
        return {JSON: {"schema": schema}}
    return {EVENT_STREAM: {"schema": protocol.sse(schema)}, NDJSON: {"schema": protocol.line(schema)}}


def _file_content(media_type: str) -> dict[str, Any]:
    """Bytes as they are, which a media type without a schema stands for in OpenAPI 3.1."""
    return {media_type: {}, OCTET_STREAM: {}}
