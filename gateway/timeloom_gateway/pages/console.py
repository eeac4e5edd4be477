"""The console: static files, and the one page for every path that is no file."""

from __future__ import annotations

from mimetypes import guess_type
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from timeloom_gateway.pages.assets import notice
from timeloom_gateway.web.errors import MethodNotAllowedError, RouteNotFoundError
from timeloom_platform.web.messages import Receive, Request, Send

# With both policies (the other one stands on every answer) the page is isolated, which gives it threads
# and private storage; its workers have to say so, too.
_ISOLATION = {"cross-origin-embedder-policy": "require-corp"}
# The console's style library writes styles into the page, and its kernels are WebAssembly.
_PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cache-control": "no-cache",
}
# What a build writes beside a file, smallest first.
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_HASHED_FILES = "public, max-age=31536000, immutable"
_NOT_BUILT = (
    "This installation has no console in the browser. Everything else works: the documentation shows what "
    "the API offers and lets you try it, and the command line shows executions and their states."
)


class Console:
    """Serves the built console, or says that there is none."""

    def __init__(self, directory: Path | None) -> None:
        is_built = directory is not None and (directory / "index.html").is_file()
        self._files = StaticFiles(directory=directory) if is_built else None

    async def __call__(self, request: Request, receive: Receive, send: Send) -> None:
        """Answers with a file, or with the page for any other path that a browser may show."""
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowedError(("GET", "HEAD"))
        wants_page = "text/html" in request.header(b"accept")
        if self._files is None:
            if request.path != "/" and not wants_page:
                raise RouteNotFoundError("There is nothing here; /docs shows what there is.")
            await notice("There is no console here", _NOT_BUILT).send(send)
            return
        response = await _respond(self._files, request, wants_page=wants_page)
        await response(request.scope, receive, send)


async def _respond(found: StaticFiles, request: Request, *, wants_page: bool) -> Response:
    path = found.get_path(request.scope)
    try:
        response = await _file(found, request, "index.html" if path in ("", ".") else path)
    except HTTPException:
        if not wants_page:
            raise RouteNotFoundError("There is nothing here; /docs shows what there is.") from None
        response = await _file(found, request, "index.html")
    response.headers.update(_ISOLATION)
    if response.headers.get("content-type", "").startswith("text/html"):
        response.headers.update(_PAGE_HEADERS)
    else:
        is_hashed = path.startswith("assets/")
        response.headers["cache-control"] = _HASHED_FILES if is_hashed else "no-cache"
    return response


async def _file(found: StaticFiles, request: Request, path: str) -> Response:
    """A file as it was built, in the smallest form that the browser takes."""
    taken = {each.partition(";")[0].strip() for each in request.header(b"accept-encoding").split(",")}
    for encoding, suffix in _ENCODINGS:
        if encoding in taken and found.lookup_path(path + suffix)[1] is not None:
            response = await found.get_response(path + suffix, request.scope)
            response.headers["content-encoding"] = encoding
            response.headers["content-type"] = _type_of(path)
            break
    else:
        response = await found.get_response(path, request.scope)
    response.headers["vary"] = "accept-encoding"
    return response


def _type_of(path: str) -> str:
    found = guess_type(path)[0] or "application/octet-stream"
    return f"{found}; charset=utf-8" if found.startswith("text/") else found
