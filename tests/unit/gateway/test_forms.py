"""The form that a method takes over HTTP, and what has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from google.api import http_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from tests.unit.gateway import example_contract
from tests.unit.gateway.example_contract import MEDIA_TYPE, add_stream
from timeloom.observability.v1.event_streams_service_pb2 import ExportEventsResponse
from timeloom.type.v1 import annotations_pb2 as options
from timeloom_gateway.contracts import Contracts, message_class
from timeloom_gateway.openapi.document import build
from timeloom_gateway.problems import Reasons
from timeloom_gateway.transcoding.files import FilePart
from timeloom_gateway.transcoding.forms import Form
from timeloom_gateway.transcoding.rest import Route, compile_routes
from timeloom_gateway.web.files import file_name
from timeloom_platform.contract import ContractError
from timeloom_platform.errors import InvalidFieldError

Rule = http_pb2.HttpRule
BOTH, UP, DOWN, NEITHER = (True, True), (True, False), (False, True), (False, False)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("GetItem", Form.CALL),
        ("CreateItem", Form.CALL),
        ("WatchItems", Form.EVENTS),
        ("PlayItems", Form.EVENTS),
        ("TalkItems", Form.SOCKET),
        ("SendFile", Form.UPLOAD),
        ("ReceiveFile", Form.DOWNLOAD),
    ],
)
def test_the_form_follows_from_the_contract(routes: Mapping[str, Route], name: str, form: Form) -> None:
    assert routes[name].form is form


@pytest.mark.parametrize(
    ("streams", "rule", "why"),
    [
        (BOTH, Rule(post="/api/x", body="*"), "is a WebSocket: GET"),
        (BOTH, Rule(get="/api/x", response_body="data"), "is a WebSocket: GET"),
        (UP, Rule(post="/api/x", body="*"), "is a POST whose body is a bytes field with a media type"),
        (UP, Rule(post="/api/x", body="document"), "is a POST whose body"),
        (UP, Rule(put="/api/x", body="data"), "is a POST whose body"),
        (UP, Rule(get="/api/x"), "is a POST whose body"),
        (DOWN, Rule(post="/api/x", body="data"), "only a stream of requests can be a file"),
        (NEITHER, Rule(post="/api/x", body="data"), "only a stream of requests can be a file"),
        (NEITHER, Rule(get="/api/x", response_body="data"), "only a stream of responses can be a file"),
    ],
)
def test_what_has_no_form_is_refused(streams: tuple[bool, bool], rule: Rule, why: str) -> None:
    def change(file: FileDescriptorProto) -> None:
        add_stream(file.service[1], "Formless", streams, rule)

    with pytest.raises(ContractError, match=f"StreamService/Formless has no form over HTTP: .*{why}"):
        list(compile_routes(example_contract.build(change=change)))


@pytest.mark.parametrize("of", ["StreamRequest", "StreamResponse"])
def test_messages_of_a_socket_cannot_be_taken_for_the_gateways_own(of: str) -> None:
    def change(file: FileDescriptorProto) -> None:
        message = next(each for each in file.message_type if each.name == of)
        example_contract.field(message, "type", "string")

    with pytest.raises(ContractError, match=f"{of} must have no field type"):
        list(compile_routes(example_contract.build(change=change)))


@pytest.mark.parametrize(
    ("kind", "media_type", "more"),
    [
        ("string", MEDIA_TYPE, {}),
        ("bytes", MEDIA_TYPE, {"repeated": True}),
        ("bytes", "vnd.timeloom.example", {}),
        ("bytes", 'application/x"\r\nset-cookie: a', {}),
    ],
)
def test_a_file_is_one_bytes_field_with_a_media_type(
    kind: str, media_type: str, more: dict[str, Any]
) -> None:
    def change(file: FileDescriptorProto) -> None:
        message = next(each for each in file.message_type if each.name == "StreamRequest")
        added = example_contract.field(message, "other", kind, **more)
        added.options.Extensions[options.media_type] = media_type
        add_stream(file.service[1], "Formless", UP, Rule(post="/api/x", body="other"))

    with pytest.raises(ContractError, match=r"StreamRequest\.other: .* is no media type of a single bytes"):
        list(compile_routes(example_contract.build(change=change)))


class TestSocket:
    def test_the_first_request_takes_up_the_path(self, routes: Mapping[str, Route]) -> None:
        reader = routes["TalkItems"].request
        first: Any = reader.read(values=("a",), query="", body=b'{"number": 7, "document": {"b" : 1.0}}')
        assert (first.shelf, first.number, first.document) == ("a", 7, b'{"b" : 1.0}')
        later: Any = reader.read_more(b'{"number": 8}')
        assert (later.shelf, later.number) == ("", 8)

    @pytest.mark.parametrize("is_first", [True, False])
    @pytest.mark.parametrize(
        ("body", "field"), [(b'{"shelf": "b"}', "shelf"), (b'{"nmber": 1}', "nmber"), (b"[]", "")]
    )
    def test_a_wrong_message_names_its_fields(
        self, routes: Mapping[str, Route], body: bytes, field: str, *, is_first: bool
    ) -> None:
        reader = routes["TalkItems"].request
        with pytest.raises(InvalidFieldError) as caught:
            reader.read(values=("a",), query="", body=body) if is_first else reader.read_more(body)
        assert [each.field for each in caught.value.violations] == [field]

    def test_there_are_no_parameters(self, routes: Mapping[str, Route]) -> None:
        with pytest.raises(InvalidFieldError, match="query must be empty"):
            routes["TalkItems"].request.read(values=("a",), query="number=1", body=b"")


class TestFiles:
    def test_the_first_part_comes_with_path_and_query(
        self, example: Contracts, routes: Mapping[str, Route]
    ) -> None:
        route = routes["SendFile"]
        assert route.upload is not None
        parse: Any = message_class(example.message_type("timeloom.example.v1.StreamRequest")).FromString
        request = route.request.read(values=("a",), query="number=7", body=b"")
        first, later = parse(route.upload.first(request, b"one")), parse(route.upload.next(b"two"))
        assert (first.shelf, first.number, first.data) == ("a", 7, b"one")
        assert (later.shelf, later.number, later.data) == ("", 0, b"two")

    def test_a_part_cannot_come_in_the_query(self, routes: Mapping[str, Route]) -> None:
        with pytest.raises(InvalidFieldError, match="data is not a parameter"):
            routes["SendFile"].request.read(values=("a",), query="data=YQ", body=b"")

    def test_a_response_holds_a_part(self, example: Contracts, routes: Mapping[str, Route]) -> None:
        route = routes["ReceiveFile"]
        assert route.download is not None
        create = message_class(example.message_type("timeloom.example.v1.StreamResponse"))
        assert route.download.of(create(data=b"one").SerializeToString()) == FilePart(data=b"one")
        assert route.download.media_type == MEDIA_TYPE

    def test_a_service_may_say_what_a_file_is(self) -> None:
        routes = compile_routes(Contracts.load())
        download = next(route.download for route in routes if route.method.name == "ExportEvents")
        assert download is not None
        told = {"media_type": "application/x-ndjson", "file_name": "events.jsonl"}
        response = ExportEventsResponse(data=b"{}", **told)
        assert download.is_told
        assert download.of(response.SerializeToString()) == FilePart(data=b"{}", **told)

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("019a7f3e-5c1b", "019a7f3e-5c1b.timeloom.example"),
            ("shelves/a b", "a_b.timeloom.example"),
            ('"\r\nset-cookie: a=b', "_set-cookie_a_b.timeloom.example"),
            ("ü", "_.timeloom.example"),
            ("..", "file.timeloom.example"),
            ("", "file.timeloom.example"),
            ("x" * 1000, "x" * 100 + ".timeloom.example"),
        ],
    )
    def test_the_name_is_harmless(self, text: str, name: str) -> None:
        assert file_name(text, MEDIA_TYPE) == name


@pytest.fixture(scope="module")
def paths(contracts: Contracts) -> dict[str, Any]:
    """What the OpenAPI document says of each path."""
    found: dict[str, Any] = build(contracts, list(compile_routes(contracts)), Reasons(contracts))["paths"]
    return found


class TestDocument:
    def test_a_socket_is_a_get_that_switches(self, paths: dict[str, Any]) -> None:
        operation = paths["/api/executions/{executionId}/replay"]["get"]
        assert {"101", "401", "426"} <= set(operation["responses"])
        assert "200" not in operation["responses"]
        assert operation["x-websocket"] == {
            "request": {"$ref": "#/components/schemas/ControlPlaybackRequest"},
            "response": {"$ref": "#/components/schemas/ControlPlaybackResponse"},
        }
        assert {} in operation["security"]
        assert "4401" in operation["description"]

    def test_files_are_bytes_of_their_media_type(self, paths: dict[str, Any]) -> None:
        content: dict[str, Any] = {"application/vnd.timeloom.execution": {}, "application/octet-stream": {}}
        upload = paths["/api/executions:import"]["post"]
        assert upload["requestBody"] == {"required": True, "content": content}
        assert {"408", "413", "415"} <= set(upload["responses"])
        assert "Idempotency-Key" not in [each["name"] for each in upload["parameters"]]
        download = paths["/api/executions/{executionId}/export"]["get"]["responses"]["200"]
        assert download["content"] == content
        assert "Content-Disposition" in download["headers"]

    def test_only_streams_that_resume_say_so(self, paths: dict[str, Any]) -> None:
        play = paths["/api/executions/{executionId}/replay"]["post"]
        tail = paths["/api/executions/{executionId}/tail"]["get"]
        assert "Last-Event-ID" in tail["description"]
        assert "Last-Event-ID" not in play["description"]
        assert {"text/event-stream", "application/x-ndjson"} == set(play["responses"]["200"]["content"])
        assert "422" in play["responses"]

    def test_a_parameter_that_is_required_says_so(self, paths: dict[str, Any]) -> None:
        parameters = paths["/api/executions:compare"]["get"]["parameters"]
        required = {each["name"] for each in parameters if each.get("required")}
        assert required == {"executionId", "otherExecutionId"}
