"""Shapes put together from their parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from timeloom.workspace.v1 import shapes_service_pb2, shapes_service_pb2_grpc
from timeloom_platform.server import ServiceBinding
from timeloom_workspace.parts import Part, ShapeGround
from timeloom_workspace.shapes.answers import Answers
from timeloom_workspace.shapes.engine import Engine
from timeloom_workspace.shapes.limits import ShapeLimits
from timeloom_workspace.shapes.own_tables import OWN_PUBLICATION, OwnTables
from timeloom_workspace.shapes.peers import Peers
from timeloom_workspace.shapes.servicer import ShapesServicer
from timeloom_workspace.shapes.tables import RegisteredTables, Registry

PUBLICATIONS: Final = ("timeloom_shapes", "timeloom_shapes_migration", OWN_PUBLICATION)
"""Of the workspace, and of the rooms whose tables are in the same database: each publishes its own."""


def assembled(
    ground: ShapeGround,
    *,
    limits: ShapeLimits | None = None,
    registry: Registry | None = None,
    publications: Sequence[str] = PUBLICATIONS,
) -> Part:
    """The part of the service that shows shapes.

    Args:
        ground: What they stand on.
        limits: How much they may take.
        registry: The tables that shapes may be made of.
        publications: What tells of their changes.
    """
    engine = Engine(
        url=ground.database_url,
        publications=publications,
        directory=ground.directory,
        limits=limits or ShapeLimits(chunk_bytes=ground.chunk_bytes),
        address=ground.address,
    )
    own_tables = OwnTables(ground.database_url, schemas=ground.schemas)
    answers = Answers(
        engine=engine,
        registry=registry or RegisteredTables(),
        own_tables=own_tables,
        allows_deletion=ground.allows_deletion,
    )
    peers = Peers(ground.tokens)

    async def run() -> None:
        try:
            await engine.run()
        finally:
            await peers.close()
            await own_tables.close()

    return Part(
        bindings=[
            ServiceBinding(
                add=shapes_service_pb2_grpc.add_ShapesServiceServicer_to_server,
                servicer=ShapesServicer(answers, engine=engine, peers=peers),
                descriptor=shapes_service_pb2.DESCRIPTOR.services_by_name["ShapesService"],
            )
        ],
        jobs=[run],
        end_streams=engine.end_streams,
    )
