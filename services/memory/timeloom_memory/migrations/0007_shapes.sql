-- Clients follow memories in shapes. Their old rows are not logged, and of the new ones only what is small: a content
-- may have 100,000 characters, and is read by its id.
CREATE PUBLICATION timeloom_shapes_memories FOR TABLE memories (
    project_id,
    id,
    namespace,
    key,
    agent_id,
    session_id,
    kind,
    tags,
    importance,
    confidence,
    occur_time,
    valid_from,
    valid_to,
    expire_time,
    archived,
    cluster_id,
    superseded_by,
    supersedes,
    version,
    create_time,
    update_time,
    delete_time
);
