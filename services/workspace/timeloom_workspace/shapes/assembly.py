"""Shapes put together from their parts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from timeloom.workspace.v1 import shapes_service_pb2, shapes_service_pb2_grpc
from timeloom_platform.server import ServiceBinding
from timeloom_workspace.parts import ElectricGround, Part, ShapeGround
from timeloom_workspace.shapes.answers import Answers
from timeloom_workspace.shapes.engine import Engine
from timeloom_workspace.shapes.limits import ShapeLimits
from timeloom_workspace.shapes.own_tables import OWN_PUBLICATION, OwnTables
from timeloom_workspace.shapes.peers import Peers
from timeloom_workspace.shapes.registered import LOGGED_WHOLE, REGISTERED
from timeloom_workspace.shapes.servicer import ShapesServicer
from timeloom_workspace.shapes.snapshots import SnapshotReader
from timeloom_workspace.shapes.tables import RegisteredTables, Registry

PUBLICATIONS: Final = (
    "timeloom_shapes",
    "timeloom_shapes_migration",
    "timeloom_shapes_executions",
    "timeloom_shapes_workflow_executions",
    "timeloom_shapes_memories",
    OWN_PUBLICATION,
)
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
    if ground.electric is not None:
        return _of_electric(ground, ground.electric, registry or RegisteredTables(LOGGED_WHOLE))
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
        registry=registry or RegisteredTables(REGISTERED),
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
        bindings=[_binding(ShapesServicer(answers, engine=engine, peers=peers))],
        jobs=[run],
        end_streams=engine.end_streams,
    )


def _of_electric(ground: ShapeGround, electric: ElectricGround, registry: Registry) -> Part:
    """Shapes that Electric keeps: here is nothing to follow, and requests are passed on."""
    # What speaks HTTP is loaded only where it is spoken.
    from timeloom_workspace.shapes.electric.servicer import ElectricServicer  # noqa: PLC0415
    from timeloom_workspace.shapes.electric.upstream import Upstream  # noqa: PLC0415

    upstream = Upstream(electric.url, electric.secret)

    async def close_at_the_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await upstream.close()

    return Part(
        bindings=[
            _binding(
                ElectricServicer(upstream, registry=registry, database=SnapshotReader(ground.database_url))
            )
        ],
        jobs=[close_at_the_end],
        end_streams=upstream.end_streams,
    )


def _binding(servicer: shapes_service_pb2_grpc.ShapesServiceServicer) -> ServiceBinding:
    return ServiceBinding(
        add=shapes_service_pb2_grpc.add_ShapesServiceServicer_to_server,
        servicer=servicer,
        descriptor=shapes_service_pb2.DESCRIPTOR.services_by_name["ShapesService"],
    )
