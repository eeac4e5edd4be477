"""Path templates and the tree of routes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_gateway.transcoding.routing import Match, NoMatch, Router
from timeloom_gateway.transcoding.templates import PathTemplate
from timeloom_platform.contract import ContractError


def router(*routes: str) -> Router[str]:
    made: Router[str] = Router()
    for route in routes:
        method, template = route.split()
        made.add(method, PathTemplate.parse(template), route)
    return made


ROUTES = router(
    "GET /api/executions",
    "POST /api/executions",
    "GET /api/executions/{id}",
    "DELETE /api/executions/{id}",
    "POST /api/executions/{id}:complete",
    "POST /api/executions/special",
    "POST /api/executions/{id}/snapshots:batch",
    "GET /api/files/{name=**}",
    "GET /api/files/{name=**}:preview",
    "GET /api/parts/{name=shelves/*/parts/*}/raw",
    "GET /api/pair/{a}/{b}",
)


@pytest.mark.parametrize(
    ("request_line", "target", "values"),
    [
        ("GET /api/executions", "GET /api/executions", ()),
        ("GET /api/executions/7", "GET /api/executions/{id}", ("7",)),
        ("GET /api/executions/a%2Fb%20c", "GET /api/executions/{id}", ("a/b c",)),
        ("GET /api/executions/%C3%BC", "GET /api/executions/{id}", ("ü",)),
        ("POST /api/executions/7:complete", "POST /api/executions/{id}:complete", ("7",)),
        ("GET /api/executions/urn:uuid:7", "GET /api/executions/{id}", ("urn:uuid:7",)),
        ("POST /api/executions/special", "POST /api/executions/special", ()),
        ("POST /api/executions/7/snapshots:batch", "POST /api/executions/{id}/snapshots:batch", ("7",)),
        ("GET /api/files/a/b%2Fc/d%20e", "GET /api/files/{name=**}", ("a/b%2Fc/d e",)),
        ("GET /api/files/a/b:preview", "GET /api/files/{name=**}:preview", ("a/b",)),
        (
            "GET /api/parts/shelves/1/parts/2/raw",
            "GET /api/parts/{name=shelves/*/parts/*}/raw",
            ("shelves/1/parts/2",),
        ),
        ("GET /api/pair/1/2", "GET /api/pair/{a}/{b}", ("1", "2")),
        ("GET /api/exec%75tions", "GET /api/executions", ()),
    ],
)
def test_a_path_finds_its_route(request_line: str, target: str, values: tuple[str, ...]) -> None:
    method, path = request_line.split()
    assert ROUTES.match(method, path) == Match(target=target, values=values)


@pytest.mark.parametrize(
    ("request_line", "allowed"),
    [
        ("GET /api/unknown", ()),
        ("GET /api/executions/", ()),
        ("GET /api//executions", ()),
        ("GET /api/executions/7/", ()),
        ("GET /", ()),
        ("PUT /api/executions", ("GET", "POST")),
        ("PATCH /api/executions/7", ("DELETE", "GET")),
        ("PUT /api/executions/special", ("POST",)),
        ("GET /api/executions/special", ("POST",)),
        ("PUT /api/executions/7:complete", ("POST",)),
        ("GET /api/executions/7:complete", ("POST",)),
        ("GET /api/pair/1/2/3", ()),
        ("GET /" + "a/" * 100, ()),
    ],
)
def test_a_path_without_a_route_names_the_methods_it_has(request_line: str, allowed: tuple[str, ...]) -> None:
    method, path = request_line.split()
    assert ROUTES.match(method, path) == NoMatch(allowed_methods=allowed)


def test_a_variable_that_is_not_utf8_is_told_from_an_unknown_path() -> None:
    with pytest.raises(UnicodeDecodeError):
        ROUTES.match("GET", "/api/executions/%ff")


@pytest.mark.parametrize(
    "template",
    ["api", "/api/{", "/api/{id", "/a//b", "/a/", "/{a=**}/b", "/a/b:c:d", "/{}", "/a{id}", "", "/{a={b}}"],
)
def test_a_malformed_template_is_refused(template: str) -> None:
    with pytest.raises(ContractError):
        PathTemplate.parse(template)


def test_two_bindings_of_one_path_are_refused() -> None:
    with pytest.raises(ContractError, match="two bindings"):
        router("GET /api/{a}", "GET /api/{b}")


@given(st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_an_expanded_template_matches_with_the_same_values(single: str, several: list[str]) -> None:
    routes = router("GET /api/{one}/files/{rest=**}")
    template = PathTemplate.parse("/api/{one}/files/{rest=**}")
    segments = [part.replace("/", "").replace("%", "") or "x" for part in several]
    path = template.expand([single, "/".join(segments)])
    assert routes.match("GET", path) == Match(
        target="GET /api/{one}/files/{rest=**}", values=(single, "/".join(segments))
    )
