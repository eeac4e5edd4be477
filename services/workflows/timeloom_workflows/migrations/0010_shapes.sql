-- Clients follow executions in shapes. The table is written with every step, so its old rows are not logged, and of the
-- new ones only what is small and says how an execution stands: neither its counts nor its documents.
CREATE PUBLICATION timeloom_shapes_workflow_executions FOR TABLE executions (
    project_id,
    id,
    workflow_id,
    workflow_version,
    status,
    waiting_for,
    cancelling,
    priority,
    tags,
    trigger,
    trigger_id,
    parent_id,
    parent_step_id,
    forked_from_id,
    forked_from_step_id,
    retry_count,
    create_time,
    start_time,
    end_time,
    deadline
);
