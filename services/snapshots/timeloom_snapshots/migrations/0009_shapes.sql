-- Clients follow executions in shapes. The table is written with every snapshot, so its old rows are not logged, and of
-- the new ones only what is small and says what an execution is: neither where its head stands nor its documents.
CREATE PUBLICATION timeloom_shapes_executions FOR TABLE executions (
    project_id,
    id,
    agent_id,
    session_id,
    name,
    status,
    tags,
    trace_id,
    forked_from_execution_id,
    forked_from_sequence,
    create_time,
    end_time,
    delete_time
);
