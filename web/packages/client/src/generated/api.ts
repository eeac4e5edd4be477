// Made from the contracts by tools/generate_client.py. Do not change it by hand.

export interface paths {
    "/api/agent-executions": {
        /** Lists executions, newest first unless ordered otherwise */
        get: operations["listExecutions"];
        /** Creates an execution */
        post: operations["createExecution"];
    };
    "/api/agent-executions/{executionId}": {
        /** Returns one execution */
        get: operations["getExecution"];
        /** Deletes an execution with all its snapshots */
        delete: operations["deleteExecution"];
        /** Changes the fields of an execution that its caller may edit */
        patch: operations["updateExecution"];
    };
    "/api/agent-executions/{executionId}/bisect": {
        /** Finds the first bad snapshot: within an execution, or of an execution beside a good one */
        post: operations["bisectExecution"];
    };
    "/api/agent-executions/{executionId}/diff": {
        /** Compares two states, also of different executions, and lists what differs */
        get: operations["diffSnapshots"];
    };
    "/api/agent-executions/{executionId}/export": {
        /** Sends an execution as one self-contained file */
        get: operations["exportExecution"];
    };
    "/api/agent-executions/{executionId}/fork": {
        /** Begins a new execution that shares the snapshots up to one of this execution and goes on from there */
        post: operations["forkExecution"];
    };
    "/api/agent-executions/{executionId}/history": {
        /** Tells when the value at a path changed, from what to what, on the way to a snapshot */
        get: operations["getValueHistory"];
    };
    "/api/agent-executions/{executionId}/replay": {
        /** Plays recorded snapshots under the caller's control: play, pause, step, jump */
        get: operations["controlPlayback"];
        /** Plays the recorded snapshots, at the pace in which they were recorded or another, up to the first breakpoint */
        post: operations["playExecution"];
    };
    "/api/agent-executions/{executionId}/rollback": {
        /** Moves the head back to an earlier snapshot, or to any other */
        post: operations["rollbackExecution"];
    };
    "/api/agent-executions/{executionId}/snapshots": {
        /** Lists the snapshots of an execution without their states */
        get: operations["listSnapshots"];
        /** Records a snapshot: the whole state, or the delta from its parent */
        post: operations["recordSnapshot"];
    };
    "/api/agent-executions/{executionId}/snapshots/{sequence}": {
        /** Returns a snapshot with its state, or with the part of the state at a path, and its effects */
        get: operations["getSnapshot"];
        /** Changes the label and tags of a recorded snapshot */
        patch: operations["updateSnapshot"];
    };
    "/api/agent-executions/{executionId}/snapshots/{sequence}/effects": {
        /** Adds effects to a recorded snapshot */
        post: operations["recordEffects"];
    };
    "/api/agent-executions/{executionId}/snapshots:batch": {
        /** Records several snapshots of one execution in one transaction: all of them or none */
        post: operations["batchRecordSnapshots"];
    };
    "/api/agent-executions/{executionId}/snapshots:delete": {
        /** Deletes snapshots */
        post: operations["deleteSnapshots"];
    };
    "/api/agent-executions/{executionId}/tags": {
        /** Adds tags to an execution and takes tags away */
        post: operations["modifyTags"];
    };
    "/api/agent-executions/{executionId}/tail": {
        /** Sends the snapshots of an execution after a sequence, then each new one as it is committed, until the execution ends */
        get: operations["tailSnapshots"];
    };
    "/api/agent-executions/{executionId}/timeline": {
        /** Lists everything that happened in an execution, by time: snapshots, effects, moves of the head, forks */
        get: operations["getTimeline"];
    };
    "/api/agent-executions/{executionId}/verify": {
        /** Checks that everything that is stored of an execution is as it was recorded */
        get: operations["verifyExecution"];
    };
    "/api/agent-executions/{executionId}:complete": {
        /** Ends an execution with its status and output or error */
        post: operations["completeExecution"];
    };
    "/api/agent-executions:compare": {
        /** Compares two executions step by step, on the ways to their heads */
        get: operations["compareExecutions"];
    };
    "/api/agent-executions:count": {
        /** Counts the executions of a filter by status, agent and tag, and by how long they took */
        get: operations["countExecutions"];
    };
    "/api/agent-executions:import": {
        /** Makes an execution from an exported file */
        post: operations["importExecution"];
    };
    "/api/agent-executions:prune": {
        /** Deletes the snapshots that a policy does not keep, or tells which these are */
        post: operations["pruneExecutions"];
    };
    "/api/agent-memory": {
        /** Lists memories, newest first unless ordered otherwise */
        get: operations["listMemories"];
        /** Creates a memory */
        post: operations["createMemory"];
    };
    "/api/agent-memory/archive": {
        /** Puts memories away: they stay, and are found only when asked for */
        post: operations["archiveMemories"];
    };
    "/api/agent-memory/clusters": {
        /** Lists the clusters of a namespace, largest first */
        get: operations["listClusters"];
        /** Clusters a namespace in the background */
        post: operations["clusterMemories"];
    };
    "/api/agent-memory/context": {
        /** Puts the best memories for a query together, as a text to paste into a prompt */
        post: operations["buildContext"];
    };
    "/api/agent-memory/grants": {
        /** Lists grants, newest first */
        get: operations["listGrants"];
    };
    "/api/agent-memory/grants/{grantId}": {
        /** Takes a permission back, at once and on every replica */
        delete: operations["revokeGrant"];
    };
    "/api/agent-memory/jobs": {
        /** Lists jobs, newest first */
        get: operations["listJobs"];
    };
    "/api/agent-memory/jobs/{jobId}": {
        /** Returns one job */
        get: operations["getJob"];
    };
    "/api/agent-memory/jobs/{jobId}/progress": {
        /** Sends a job whenever it gets on, until it has ended */
        get: operations["watchJob"];
    };
    "/api/agent-memory/jobs/{jobId}:cancel": {
        /** Ends a job; what it has done stays */
        post: operations["cancelJob"];
    };
    "/api/agent-memory/merge": {
        /** Makes one memory of several */
        post: operations["mergeMemories"];
    };
    "/api/agent-memory/namespaces": {
        /** Lists namespaces by name */
        get: operations["listNamespaces"];
        /** Creates a namespace, or returns the one that is there */
        post: operations["createNamespace"];
    };
    "/api/agent-memory/namespaces/{namespace}": {
        /** Returns one namespace */
        get: operations["getNamespace"];
        /** Deletes a namespace, with all its memories and the grants on it */
        delete: operations["deleteNamespace"];
        /** Changes the description of a namespace */
        patch: operations["updateNamespace"];
    };
    "/api/agent-memory/namespaces/{namespace}:reembed": {
        /** Makes the vectors of a namespace anew by another model, in the background; searches go on with the old ones until all are there */
        post: operations["reembedNamespace"];
    };
    "/api/agent-memory/optimize": {
        /** Looks after a namespace in the background, or reports what that would do */
        post: operations["optimizeMemories"];
    };
    "/api/agent-memory/policy": {
        /** Returns what becomes of the project's memories by itself */
        get: operations["getMemoryPolicy"];
        /** Says what becomes of the project's memories by itself */
        put: operations["updateMemoryPolicy"];
    };
    "/api/agent-memory/proposals": {
        /** Lists near-duplicates that may be merged, most alike first */
        get: operations["listProposals"];
    };
    "/api/agent-memory/proposals/{proposalId}:apply": {
        /** Merges what a proposal names */
        post: operations["applyProposal"];
    };
    "/api/agent-memory/proposals/{proposalId}:reject": {
        /** Refuses a proposal; it is not made again */
        post: operations["rejectProposal"];
    };
    "/api/agent-memory/search": {
        /** Finds memories by meaning, words and time, best first */
        post: operations["searchMemories"];
    };
    "/api/agent-memory/search:batch": {
        /** Does several searches at once, each as if it were alone, for far less than one after the other */
        post: operations["batchSearchMemories"];
    };
    "/api/agent-memory/share": {
        /** Gives a principal a permission on a namespace or on a memory */
        post: operations["share"];
    };
    "/api/agent-memory/stats": {
        /** Counts memories, and says how its index and its models are */
        get: operations["getStats"];
    };
    "/api/agent-memory/subscriptions": {
        /** Lists subscriptions */
        get: operations["listSubscriptions"];
        /** Lets an agent learn of new memories */
        post: operations["createSubscription"];
    };
    "/api/agent-memory/subscriptions/{subscriptionId}": {
        /** Ends a subscription */
        delete: operations["deleteSubscription"];
    };
    "/api/agent-memory/subscriptions/{subscriptionId}/memories": {
        /** Returns what is new since the agent last read, oldest first, as far as it may still read it */
        get: operations["readSubscription"];
    };
    "/api/agent-memory/subscriptions/{subscriptionId}:acknowledge": {
        /** Notes up to where the agent has read */
        post: operations["acknowledgeSubscription"];
    };
    "/api/agent-memory/summarize": {
        /** Says in short what memories say, with their ids as its sources */
        post: operations["summarizeMemories"];
    };
    "/api/agent-memory/sync": {
        /** Brings the memories of one session or namespace over to another */
        post: operations["syncMemories"];
    };
    "/api/agent-memory/teams": {
        /** Lists teams */
        get: operations["listTeams"];
    };
    "/api/agent-memory/teams/{teamId}": {
        /** Says which agents a team has; creates the team if there is none */
        put: operations["setTeam"];
        /** Deletes a team, and takes back what was shared with it; the memories of `team/<id>` stay */
        delete: operations["deleteTeam"];
    };
    "/api/agent-memory/unarchive": {
        /** Takes memories out of the archive */
        post: operations["unarchiveMemories"];
    };
    "/api/agent-memory/{memoryId}": {
        /** Returns one memory */
        get: operations["getMemory"];
        /** Deletes a memory */
        delete: operations["deleteMemory"];
        /** Changes a memory, as a new version */
        patch: operations["updateMemory"];
    };
    "/api/agent-memory/{memoryId}/evidence": {
        /** Lists the evidence for and against a memory, newest first */
        get: operations["listEvidence"];
        /** Confirms or contradicts a memory */
        post: operations["addEvidence"];
    };
    "/api/agent-memory/{memoryId}/versions": {
        /** Lists the versions of a memory, newest first */
        get: operations["listMemoryVersions"];
    };
    "/api/agent-memory/{memoryId}:restore": {
        /** Takes a deletion back */
        post: operations["restoreMemory"];
    };
    "/api/agent-memory/{memoryId}:supersede": {
        /** Replaces a memory by another one from some time on */
        post: operations["supersedeMemory"];
    };
    "/api/agent-memory/{memoryId}:undo-merge": {
        /** Takes a merge back: its sources are as they were, the merged memory is deleted */
        post: operations["undoMerge"];
    };
    "/api/agent-memory:batch": {
        /** Creates memories in one transaction: all of them or none */
        post: operations["batchCreateMemories"];
    };
    "/api/agent-sessions": {
        /** Lists agent sessions */
        get: operations["listAgentSessions"];
        /** Creates an agent session */
        post: operations["createAgentSession"];
    };
    "/api/agent-sessions/{agentSessionId}": {
        /** Returns one agent session */
        get: operations["getAgentSession"];
        /** Deletes an agent session for good */
        delete: operations["deleteAgentSession"];
        /** Changes an agent session */
        patch: operations["updateAgentSession"];
    };
    "/api/api-keys": {
        /** Lists the project's API keys, newest first, without their secrets */
        get: operations["listApiKeys"];
        /** Creates an API key for the caller's project */
        post: operations["createApiKey"];
    };
    "/api/api-keys/{apiKeyId}:revoke": {
        /** Revokes a key at once and for ever */
        post: operations["revokeApiKey"];
    };
    "/api/api-keys/{apiKeyId}:rotate": {
        /** Gives a key a new secret */
        post: operations["rotateApiKey"];
    };
    "/api/caller": {
        /** Tells who the caller is: its project and what its key allows */
        get: operations["getCaller"];
    };
    "/api/environments": {
        /** Lists environments */
        get: operations["listEnvironments"];
        /** Creates an environment */
        post: operations["createEnvironment"];
    };
    "/api/environments/{environmentId}": {
        /** Returns one environment */
        get: operations["getEnvironment"];
        /** Deletes an environment for good */
        delete: operations["deleteEnvironment"];
        /** Changes an environment */
        patch: operations["updateEnvironment"];
    };
    "/api/migration": {
        /** Lists migrations, newest first */
        get: operations["listMigrations"];
        /** Begins a migration: its head, and its records if they are few */
        post: operations["createMigration"];
    };
    "/api/migration/{migrationId}": {
        /** Returns one migration */
        get: operations["getMigration"];
        /** Deletes a migration that does not run, with the records that it kept */
        delete: operations["deleteMigration"];
    };
    "/api/migration/{migrationId}/conflicts": {
        /** Lists resources that a person has to decide about, or that a rollback left alone */
        get: operations["listMigrationConflicts"];
    };
    "/api/migration/{migrationId}/conflicts:resolve": {
        /** Decides a conflict, or all that are open; a migration that waited for that goes on */
        post: operations["resolveMigrationConflict"];
    };
    "/api/migration/{migrationId}/pause": {
        /** Pauses a migration after the batch that is under way */
        post: operations["pauseMigration"];
    };
    "/api/migration/{migrationId}/plan": {
        /** Lists what is planned, and done, with each resource */
        get: operations["listMigrationItems"];
        /** Plans a migration without changing anything: what would be created, merged, skipped and refused, and why */
        post: operations["planMigration"];
    };
    "/api/migration/{migrationId}/progress": {
        /** Follows a migration until it ends */
        get: operations["watchMigration"];
    };
    "/api/migration/{migrationId}/records": {
        /** Adds records to an upload, in order */
        post: operations["appendRecords"];
    };
    "/api/migration/{migrationId}/resume": {
        /** Lets a migration go on that was paused or failed */
        post: operations["resumeMigration"];
    };
    "/api/migration/{migrationId}/rollback": {
        /** Takes a migration back, to what was there before */
        post: operations["rollBackMigration"];
    };
    "/api/migration/{migrationId}/start": {
        /** Starts a migration; it is planned first if it is not yet */
        post: operations["startMigration"];
    };
    "/api/migration/{migrationId}/verify": {
        /** Compares everything that was migrated with what is there now */
        post: operations["verifyMigration"];
    };
    "/api/migration/{migrationId}:advance": {
        /** Does the next bounded part of a migration's work, and tells whether there is more */
        post: operations["advanceMigration"];
    };
    "/api/observability/alert-rules": {
        /** Lists rules by name */
        get: operations["listAlertRules"];
        /** Creates a rule */
        post: operations["createAlertRule"];
    };
    "/api/observability/alert-rules/{ruleId}": {
        /** Returns one rule */
        get: operations["getAlertRule"];
        /** Replaces a rule */
        put: operations["updateAlertRule"];
        /** Deletes a rule with its alerts; nobody is told of them any more */
        delete: operations["deleteAlertRule"];
    };
    "/api/observability/alert-rules:test": {
        /** Reckons what a rule would have found in the past, without keeping or sending anything */
        post: operations["testAlertRule"];
    };
    "/api/observability/alerts": {
        /** Lists alerts, the newest first */
        get: operations["listAlerts"];
    };
    "/api/observability/alerts/{alertId}:acknowledge": {
        /** Notes that somebody has seen an alert */
        post: operations["acknowledgeAlert"];
    };
    "/api/observability/events": {
        /** Lists events, newest first unless ordered otherwise */
        get: operations["listEvents"];
        /** Reports events of a program that does not speak OpenTelemetry: all of them or none */
        post: operations["createEvents"];
    };
    "/api/observability/events/export": {
        /** Sends the events of a filter as a file, oldest first */
        get: operations["exportEvents"];
    };
    "/api/observability/events/facets": {
        /** Counts the events of a filter by the values of fields, and by how long they took */
        get: operations["countEvents"];
    };
    "/api/observability/events/metrics": {
        /** Reckons metrics of events over time: rates, errors, percentiles, tokens, costs */
        get: operations["queryMetrics"];
    };
    "/api/observability/events/search": {
        /** Finds events by words and by meaning, best first, with the reasons */
        post: operations["searchEvents"];
    };
    "/api/observability/events/tail": {
        /** Sends the events of a filter that are committed from now on, or after a position, until the caller leaves */
        get: operations["tailEvents"];
    };
    "/api/observability/events/{eventId}": {
        /** Returns one event with everything that is known of it */
        get: operations["getEvent"];
    };
    "/api/observability/instruments": {
        /** Lists what is measured, by name */
        get: operations["listInstruments"];
    };
    "/api/observability/instruments/{name}/points": {
        /** Returns the points of an instrument, a series for each set of attributes, or for each value of those grouped by */
        get: operations["queryMeasurements"];
    };
    "/api/observability/prices": {
        /** Lists prices: the project's own, then those that come with Timeloom */
        get: operations["listPrices"];
        /** Adds a price of the project's own */
        post: operations["createPrice"];
    };
    "/api/observability/prices/{priceId}": {
        /** Takes a price of the project's own away */
        delete: operations["deletePrice"];
    };
    "/api/observability/retention": {
        /** Returns how long events are kept */
        get: operations["getRetention"];
        /** Changes how long events are kept */
        put: operations["updateRetention"];
    };
    "/api/observability/scores": {
        /** Lists scores, newest first */
        get: operations["listScores"];
        /** Gives a score */
        post: operations["createScore"];
    };
    "/api/observability/scores/{scoreId}": {
        /** Takes a score back */
        delete: operations["deleteScore"];
    };
    "/api/observability/sessions": {
        /** Lists conversations, the one that went on last first */
        get: operations["listSessions"];
    };
    "/api/observability/sessions/{sessionId}": {
        /** Returns one conversation */
        get: operations["getSession"];
    };
    "/api/observability/stats": {
        /** Says what a project's telemetry is like: how much there is of it, how much of it is searchable yet, what was refused */
        get: operations["getTelemetryStats"];
    };
    "/api/observability/traces": {
        /** Lists traces, newest first unless ordered otherwise */
        get: operations["listTraces"];
    };
    "/api/observability/traces/{traceId}": {
        /** Returns a trace with its spans in the order of a tree: each after its parent, siblings by their beginning */
        get: operations["getTrace"];
    };
    "/api/preferences": {
        /** Lists preferences */
        get: operations["listPreferences"];
        /** Creates a preference */
        post: operations["createPreference"];
    };
    "/api/preferences/{preferenceId}": {
        /** Returns one preference */
        get: operations["getPreference"];
        /** Deletes a preference for good */
        delete: operations["deletePreference"];
        /** Changes a preference */
        patch: operations["updatePreference"];
    };
    "/api/retention-policy": {
        /** Returns the policy by which the project's snapshots are pruned by themselves, once an hour */
        get: operations["getRetentionPolicy"];
        /** Sets the policy, or takes it away: then everything is kept */
        put: operations["updateRetentionPolicy"];
    };
    "/api/stream": {
        /** Follows topics as server-sent events */
        get: operations["streamEvents"];
    };
    "/api/sync/conflicts": {
        /** Lists conflicts, newest first */
        get: operations["listSyncConflicts"];
    };
    "/api/sync/conflicts/{conflictId}": {
        /** Returns one conflict */
        get: operations["getSyncConflict"];
    };
    "/api/sync/conflicts/{conflictId}:resolve": {
        /** Decides an open conflict */
        post: operations["resolveSyncConflict"];
    };
    "/api/sync/dead-letters": {
        /** Lists mutations that cannot be applied, newest first */
        get: operations["listMutationDeadLetters"];
    };
    "/api/sync/dead-letters/{deadLetterId}": {
        /** Gives up a mutation that cannot be applied */
        delete: operations["discardMutation"];
    };
    "/api/sync/dead-letters/{deadLetterId}:redrive": {
        /** Applies a mutation that could not be applied once more, with another value if one is given */
        post: operations["redriveMutation"];
    };
    "/api/sync/mutations": {
        /** Applies the mutations of an offline queue in their order */
        post: operations["applyMutations"];
    };
    "/api/sync/policies": {
        /** Lists the conflict policies of all tables */
        get: operations["listSyncPolicies"];
    };
    "/api/sync/policies/{table}": {
        /** Sets the conflict policy of a table */
        put: operations["setSyncPolicy"];
    };
    "/api/tasks": {
        /** Lists tasks */
        get: operations["listTasks"];
        /** Creates a task */
        post: operations["createTask"];
    };
    "/api/tasks/{taskId}": {
        /** Returns one task */
        get: operations["getTask"];
        /** Deletes a task for good */
        delete: operations["deleteTask"];
        /** Changes a task */
        patch: operations["updateTask"];
    };
    "/api/workflows": {
        /** Lists workflows, by id */
        get: operations["listWorkflows"];
        /** Creates a workflow from a definition */
        post: operations["createWorkflow"];
    };
    "/api/workflows/callbacks/{token}": {
        /** Ends a step that waits to be called back: its token is the key, and the body becomes the step's output */
        post: operations["receiveCallback"];
    };
    "/api/workflows/dead-letters": {
        /** Lists work that was given up, newest first */
        get: operations["listDeadLetters"];
    };
    "/api/workflows/dead-letters/{deadLetterId}": {
        /** Forgets work that was given up */
        delete: operations["deleteDeadLetter"];
    };
    "/api/workflows/dead-letters/{deadLetterId}:redrive": {
        /** Tries work again that was given up */
        post: operations["redriveDeadLetter"];
    };
    "/api/workflows/events": {
        /** Lists events, newest first */
        get: operations["listWorkflowEvents"];
        /** Publishes events: workflows that they trigger begin, steps that wait for them go on */
        post: operations["publishEvents"];
    };
    "/api/workflows/executions": {
        /** Lists executions, newest first unless ordered otherwise */
        get: operations["listWorkflowExecutions"];
    };
    "/api/workflows/executions/{executionId}": {
        /** Returns an execution, with its steps if asked for; with `waitSeconds`, when it has ended or the wait is over */
        get: operations["getWorkflowExecution"];
        /** Deletes an execution that has ended, with its steps and history */
        delete: operations["deleteWorkflowExecution"];
    };
    "/api/workflows/executions/{executionId}/approve": {
        /** Decides what a step asks people for */
        post: operations["approveStep"];
    };
    "/api/workflows/executions/{executionId}/cancel": {
        /** Cancels an execution: what runs is stopped, and what is done is compensated where the definition says how */
        post: operations["cancelWorkflowExecution"];
    };
    "/api/workflows/executions/{executionId}/fork": {
        /** Begins a new execution that has had the same steps up to one of them, changed where the call says so */
        post: operations["forkWorkflowExecution"];
    };
    "/api/workflows/executions/{executionId}/history": {
        /** Lists what happened to an execution, in order */
        get: operations["listHistory"];
    };
    "/api/workflows/executions/{executionId}/pause": {
        /** Pauses an execution: steps that run end, and no other begins */
        post: operations["pauseWorkflowExecution"];
    };
    "/api/workflows/executions/{executionId}/resume": {
        /** Lets a paused execution go on */
        post: operations["resumeWorkflowExecution"];
    };
    "/api/workflows/executions/{executionId}/retry": {
        /** Takes up an execution that failed or was cancelled: from the steps that failed, or from an earlier one */
        post: operations["retryWorkflowExecution"];
    };
    "/api/workflows/executions/{executionId}/signal": {
        /** Sends a signal to an execution */
        post: operations["signalWorkflowExecution"];
    };
    "/api/workflows/executions/{executionId}/steps": {
        /** Lists the steps of an execution, in the order in which they began */
        get: operations["listSteps"];
    };
    "/api/workflows/executions/{executionId}/steps/{stepId}": {
        /** Returns a step with its input and output */
        get: operations["getStep"];
    };
    "/api/workflows/executions/{executionId}/watch": {
        /** Sends the execution and the steps that changed whenever it gets on, until it has ended */
        get: operations["watchWorkflowExecution"];
    };
    "/api/workflows/executions:control": {
        /** Does the same to all executions that a filter leaves: so many at a time, and the answer says whether more are left */
        post: operations["controlWorkflowExecutions"];
    };
    "/api/workflows/hooks/{hookId}": {
        /** Takes a webhook's call: its signature is its key */
        post: operations["receiveWebhook"];
    };
    "/api/workflows/schema": {
        /** Returns the JSON Schema of definitions */
        get: operations["getWorkflowSchema"];
    };
    "/api/workflows/stats": {
        /** Counts executions and steps, and tells how long they took and how many failed */
        get: operations["getWorkflowStats"];
    };
    "/api/workflows/templates": {
        /** Lists definitions to begin with */
        get: operations["listTemplates"];
    };
    "/api/workflows/templates/{templateId}": {
        /** Returns a template with its definition */
        get: operations["getTemplate"];
    };
    "/api/workflows/triggers": {
        /** Lists what makes workflows begin by themselves */
        get: operations["listTriggers"];
    };
    "/api/workflows/{workflowId}": {
        /** Returns a workflow: its newest version, or the one that is asked for */
        get: operations["getWorkflow"];
        /** Makes a new version of a workflow, or creates it */
        put: operations["updateWorkflow"];
        /** Deletes a workflow with its triggers */
        delete: operations["deleteWorkflow"];
    };
    "/api/workflows/{workflowId}/execute": {
        /** Begins an execution */
        post: operations["executeWorkflow"];
    };
    "/api/workflows/{workflowId}/execute:batch": {
        /** Begins many executions of a workflow in one transaction */
        post: operations["batchExecuteWorkflow"];
    };
    "/api/workflows/{workflowId}/triggers/{index}/secret": {
        /** Returns what a webhook's callers sign their requests with */
        get: operations["getWebhookSecret"];
    };
    "/api/workflows/{workflowId}/triggers/{index}/secret:rotate": {
        /** Gives a webhook another secret; the old one is refused from then on */
        post: operations["rotateWebhookSecret"];
    };
    "/api/workflows/{workflowId}/versions": {
        /** Lists the versions of a workflow, newest first */
        get: operations["listWorkflowVersions"];
    };
    "/api/workflows/{workflowId}:disable": {
        /** Keeps a workflow's triggers from firing */
        post: operations["disableWorkflow"];
    };
    "/api/workflows/{workflowId}:enable": {
        /** Lets a workflow's triggers fire */
        post: operations["enableWorkflow"];
    };
    "/api/workflows:validate": {
        /** Tells what is wrong with a definition, all of it, with the places */
        post: operations["validateWorkflow"];
    };
    "/api/ws": {
        /** Follows topics over a WebSocket */
        get: operations["openSocket"];
    };
    "/auth/session": {
        /** Tells whose session the cookie is, and its anti-forgery token */
        get: operations["getConsoleSession"];
        /** Begins a session with an API key, which the browser need not keep */
        post: operations["beginConsoleSession"];
        /** Ends the session */
        delete: operations["endConsoleSession"];
    };
    "/healthz": {
        /** Answers as long as the gateway runs */
        get: operations["checkHealth"];
    };
    "/readyz": {
        /** Tells whether everything that the gateway needs answers */
        get: operations["checkReadiness"];
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What went wrong (RFC 9457). */
        Problem: {
            /** @description Identifies the kind of problem; a link to its description. */
            type: string;
            /** @description The kind of problem, in words. */
            title: string;
            /** @description The HTTP status. */
            status: number;
            /** @description What went wrong this time. */
            detail: string;
            /** @description The reason, for programs. */
            code: string;
            /** @description The fields that are wrong. */
            violations?: {
                field: string;
                description: string;
            }[];
            /** @description Facts for programs, such as the head that a stale parent should have been. */
            metadata?: {
                [key: string]: string;
            };
            /** @description Names this request in the logs. */
            requestId: string;
        };
        AcknowledgeAlertRequest: Record<string, never>;
        AcknowledgeSubscriptionRequest: {
            sequence?: string | number;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        AddEvidenceRequest: {
            /** @description Who says so; `asAgentId` if empty. */
            agentId?: string;
            /**
             * @description What an agent thinks of a memory.
             * @enum {string}
             */
            stance: "CONFIRMS" | "CONTRADICTS";
            note?: string;
            evidenceMemoryId?: string;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        AdvanceMigrationRequest: Record<string, never>;
        AdvanceMigrationResponse: {
            /** @description One import of a browser's data. */
            migration?: components["schemas"]["Migration"];
            /** @description Whether nothing is left to do until somebody asks for more, or decides. */
            done: boolean;
        };
        /** @description A conversation between a person and agents, as an app keeps it. */
        AgentSession: {
            /** @description A UUID, chosen by the server unless the caller did. */
            id: string;
            userId: string;
            agentId: string;
            /**
             * @description What kind of conversation an agent session is.
             * @enum {string}
             */
            type: "UNSPECIFIED" | "CHAT" | "VOICE" | "BRAINSTORM" | "MULTI_AGENT";
            title: string;
            /** @description Whatever the app keeps of it: a JSON object. */
            data?: unknown;
            currentStage: string;
            totalStages: number;
            active: boolean;
            startTime?: string;
            endTime?: string;
            lastInteractionTime?: string;
            /** @description Any JSON object to keep with it. */
            metadata?: unknown;
            createTime?: string;
            updateTime?: string;
            /** @description Changes whenever the session does. */
            etag: string;
        };
        /** @description A rule that holds, or held, for one group. */
        Alert: {
            id: string;
            ruleId: string;
            ruleName: string;
            /**
             * @description How an alert stands.
             *
             *     - `PENDING`: The rule holds, but not for long enough yet.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "PENDING" | "FIRING" | "RESOLVED";
            /**
             * @description How bad it is, as OpenTelemetry's ranges of severity numbers have it.
             * @enum {string}
             */
            severity: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
            /** @description The values of the rule's `groupBy`, in order. */
            group: string[];
            /** @description What the metric came to when it fired, and last. */
            value: number;
            lastValue: number;
            threshold: number;
            pendingTime?: string;
            fireTime?: string;
            resolveTime?: string;
            acknowledgeTime?: string;
            /** @description How telling somebody went. */
            deliveries: components["schemas"]["AlertDelivery"][];
        };
        /** @description What is done when an alert fires and when it is resolved. */
        AlertAction: {
            /** @description A request over HTTP, with the alert as its JSON body. It is made again until it is answered with a status from 200 to 299, for two hours and twelve times at most, unless the answer says that this is no use. The header `timeloom-delivery` is the same each time. */
            webhook?: components["schemas"]["AlertWebhook"];
            /** @description An event for workflows, by which one may be started: its data has the alert as `alert`. */
            event?: components["schemas"]["AlertEvent"];
        };
        /** @description What is done when an alert fires and when it is resolved. */
        AlertActionInput: {
            /** @description A request over HTTP, with the alert as its JSON body. It is made again until it is answered with a status from 200 to 299, for two hours and twelve times at most, unless the answer says that this is no use. The header `timeloom-delivery` is the same each time. */
            webhook?: components["schemas"]["AlertWebhookInput"];
            /** @description An event for workflows, by which one may be started: its data has the alert as `alert`. */
            event?: components["schemas"]["AlertEventInput"];
        };
        /** @description An alert fired, or was resolved. */
        AlertChanged: {
            /** @description A rule that holds, or held, for one group. */
            alert?: components["schemas"]["Alert"];
            /** @description Which events for workflows it is, as its rule names them. */
            eventNames: string[];
        };
        /** @description How telling somebody went. */
        AlertDelivery: {
            /**
             * @description FIRING or RESOLVED.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "PENDING" | "FIRING" | "RESOLVED";
            /** @description The place of the action in its rule, from 0 on. */
            actionIndex: number;
            attemptCount: number;
            /** @description Absent until it was delivered. */
            deliverTime?: string;
            /** @description Why the last try failed; empty if it did not. */
            error: string;
        };
        /** @description An event for workflows, by which one may be started: its data has the alert as `alert`. */
        AlertEvent: {
            /** @description Its name, such as `budget.exceeded`. */
            name: string;
        };
        /** @description An event for workflows, by which one may be started: its data has the alert as `alert`. */
        AlertEventInput: {
            /** @description Its name, such as `budget.exceeded`. */
            name: string;
        };
        /** @description When to raise an alert, and whom to tell. */
        AlertRule: {
            id: string;
            name: string;
            description: string;
            enabled: boolean;
            /**
             * @description What is reckoned.
             *
             *     - `COUNT`: How many events.
             *     - `RATE`: How many a second.
             *     - `ERROR_COUNT`: How many failed.
             *     - `ERROR_RATE`: The share that failed, from 0 to 1.
             *     - `DURATION_P50`: Durations in milliseconds, of events that take time: not of logs, nor of moments within spans.
             *     - `COST`: In US dollars; what is not known counts as nothing.
             * @enum {string}
             */
            metric: "UNSPECIFIED" | "COUNT" | "RATE" | "ERROR_COUNT" | "ERROR_RATE" | "DURATION_P50" | "DURATION_P75" | "DURATION_P90" | "DURATION_P95" | "DURATION_P99" | "DURATION_MEAN" | "DURATION_MAX" | "INPUT_TOKENS" | "OUTPUT_TOKENS" | "TOTAL_TOKENS" | "COST";
            /** @description Of which events; times in it are not allowed. */
            filter?: components["schemas"]["EventFilter"];
            /** @description An alert for each value of these fields, such as `user_id`; one alert if empty. Events without such a value are not looked at, and of the groups only the 200 with most events. An alert whose group has had no events for an hour is resolved. */
            groupBy: string[];
            /** @description How far back it looks. */
            windowSeconds: number;
            /**
             * @description How a metric is held against a rule.
             *
             *     - `ABOVE`: It is above the threshold.
             *     - `BELOW`: It is below the threshold.
             *     - `RISES_BY`: Against the window before, it has grown by more than the threshold: 0.5 is by half. From nothing, it has grown by more than any.
             *     - `FALLS_BY`: Against the window before, it has shrunk by more than the threshold.
             * @enum {string}
             */
            comparison: "UNSPECIFIED" | "ABOVE" | "BELOW" | "RISES_BY" | "FALLS_BY";
            threshold: number;
            /** @description An alert that fires is resolved once the metric has come back to this; to the threshold if absent. */
            recoveryThreshold?: number;
            /** @description For how long the rule has to hold before the alert fires. */
            forSeconds: number;
            /** @description Fewer events than these in the window say nothing: the alert stays as it is. Of two windows that are compared both must have so many; what falls, only the one before. */
            eventCountMin: number;
            /**
             * @description How bad it is, as OpenTelemetry's ranges of severity numbers have it.
             * @enum {string}
             */
            severity: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
            /** @description What is done when an alert fires and when it is resolved. */
            actions: components["schemas"]["AlertAction"][];
            createTime?: string;
            updateTime?: string;
            /** @description When it was last held against the metric, and what went wrong if something did. */
            checkTime?: string;
            checkError: string;
            /** @description Changes when the rule changes. */
            etag: string;
        };
        /** @description When to raise an alert, and whom to tell. */
        AlertRuleInput: {
            id?: string;
            name: string;
            description?: string;
            enabled?: boolean;
            /**
             * @description What is reckoned.
             *
             *     - `COUNT`: How many events.
             *     - `RATE`: How many a second.
             *     - `ERROR_COUNT`: How many failed.
             *     - `ERROR_RATE`: The share that failed, from 0 to 1.
             *     - `DURATION_P50`: Durations in milliseconds, of events that take time: not of logs, nor of moments within spans.
             *     - `COST`: In US dollars; what is not known counts as nothing.
             * @enum {string}
             */
            metric: "COUNT" | "RATE" | "ERROR_COUNT" | "ERROR_RATE" | "DURATION_P50" | "DURATION_P75" | "DURATION_P90" | "DURATION_P95" | "DURATION_P99" | "DURATION_MEAN" | "DURATION_MAX" | "INPUT_TOKENS" | "OUTPUT_TOKENS" | "TOTAL_TOKENS" | "COST";
            /** @description Of which events; times in it are not allowed. */
            filter?: components["schemas"]["EventFilterInput"];
            /** @description An alert for each value of these fields, such as `user_id`; one alert if empty. Events without such a value are not looked at, and of the groups only the 200 with most events. An alert whose group has had no events for an hour is resolved. */
            groupBy?: ("kind" | "agent_id" | "model" | "provider" | "tool_name" | "service_name" | "error_type" | "session_id" | "user_id" | "name")[];
            /** @description How far back it looks. */
            windowSeconds: number;
            /**
             * @description How a metric is held against a rule.
             *
             *     - `ABOVE`: It is above the threshold.
             *     - `BELOW`: It is below the threshold.
             *     - `RISES_BY`: Against the window before, it has grown by more than the threshold: 0.5 is by half. From nothing, it has grown by more than any.
             *     - `FALLS_BY`: Against the window before, it has shrunk by more than the threshold.
             * @enum {string}
             */
            comparison: "ABOVE" | "BELOW" | "RISES_BY" | "FALLS_BY";
            threshold?: number;
            /** @description An alert that fires is resolved once the metric has come back to this; to the threshold if absent. */
            recoveryThreshold?: number;
            /** @description For how long the rule has to hold before the alert fires. */
            forSeconds?: number;
            /** @description Fewer events than these in the window say nothing: the alert stays as it is. Of two windows that are compared both must have so many; what falls, only the one before. */
            eventCountMin?: number;
            /**
             * @description How bad it is, as OpenTelemetry's ranges of severity numbers have it.
             * @enum {string}
             */
            severity?: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
            /** @description What is done when an alert fires and when it is resolved. */
            actions?: components["schemas"]["AlertActionInput"][];
            createTime?: string;
            updateTime?: string;
            /** @description When it was last held against the metric, and what went wrong if something did. */
            checkTime?: string;
            checkError?: string;
            /** @description Changes when the rule changes. */
            etag?: string;
        };
        /** @description A request over HTTP, with the alert as its JSON body. It is made again until it is answered with a status from 200 to 299, for two hours and twelve times at most, unless the answer says that this is no use. The header `timeloom-delivery` is the same each time. */
        AlertWebhook: {
            url: string;
            /** @description Signs the body: the header `timeloom-signature` has `t=<seconds>,v1=<HMAC-SHA256 of "<t>.<body>" in hex>`. It is kept sealed and never shown. */
            secret: string;
            /** @description Whether there is one. */
            hasSecret: boolean;
        };
        /** @description A request over HTTP, with the alert as its JSON body. It is made again until it is answered with a status from 200 to 299, for two hours and twelve times at most, unless the answer says that this is no use. The header `timeloom-delivery` is the same each time. */
        AlertWebhookInput: {
            url: string;
            /** @description Signs the body: the header `timeloom-signature` has `t=<seconds>,v1=<HMAC-SHA256 of "<t>.<body>" in hex>`. It is kept sealed and never shown. */
            secret?: string;
            /** @description Whether there is one. */
            hasSecret?: boolean;
        };
        /** @description A step of one execution beside the same step of another. */
        AlignedStep: {
            /**
             * @description How two executions compare at one place of their alignment.
             *
             *     - `SAME`: Both have the step, with equal states.
             *     - `DIFFERENT`: Both have the step, with different states.
             *     - `MISSING`: Only the first execution has the step.
             *     - `EXTRA`: Only the other execution has the step.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "SAME" | "DIFFERENT" | "MISSING" | "EXTRA";
            stepName: string;
            /** @description Zero if the execution lacks the step. */
            sequence: number;
            /** @description Zero if the other execution lacks the step. */
            otherSequence: number;
        };
        /** @description A credential of one project. Its secret is shown once, when it is created or rotated. */
        ApiKey: {
            /** @description The public part of the key: `tl_<id>_…`. */
            id: string;
            /** @description The project that it opens. */
            projectId: string;
            /** @description For people. */
            name: string;
            /**
             * @description What it allows: read, write or admin. Admin contains write, write contains read.
             * @enum {string}
             */
            scope: "UNSPECIFIED" | "PUBLIC" | "READ" | "WRITE" | "ADMIN" | "INTERNAL";
            /** @description When it stops working; absent if it does not expire. */
            expireTime?: string;
            /** @description When it was revoked; absent while it works. */
            revokeTime?: string;
            /** @description When it was last used, to the minute; absent if it never was. */
            lastUseTime?: string;
            createTime?: string;
            /** @description The only agent that its holder may act as; empty if it may act as any agent, and for the project itself. */
            agentId: string;
        };
        AppendRecordsRequest: {
            /** @description The place of the first of them in the export, from 0 on: at most how many were received. */
            firstIndex?: number;
            /** @description As in `CreateMigration`. */
            records?: unknown;
        };
        ApplyMutationsRequest: {
            /** @description The client, such as a browser's tab or a device: it stays the same for as long as its queue lives. */
            clientId: string;
            /** @description A change that a client made, perhaps while it was offline. What is wrong with it makes it a dead letter, and does not keep the others of its batch. */
            mutations: components["schemas"]["MutationInput"][];
        };
        ApplyMutationsResponse: {
            /** @description In the order of the mutations. */
            results: components["schemas"]["MutationResult"][];
            /** @description The server's hybrid logical clock: the client's own goes on from the later of both. */
            clock: string;
        };
        ApplyProposalRequest: {
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        ApplyProposalResponse: {
            /** @description Near-duplicates that may become one memory. */
            proposal?: components["schemas"]["Proposal"];
            /** @description One thing that an agent remembers. What was written is never rewritten: a change makes a new version, and a fact that no longer holds is superseded by another memory. */
            memory?: components["schemas"]["Memory"];
        };
        ApproveStepRequest: {
            /** @description The step that asks; may be empty if only one does. */
            stepId?: string;
            /**
             * @description What somebody decided.
             * @enum {string}
             */
            decision: "APPROVED" | "REJECTED";
            /** @description Who decides. */
            decidedBy?: string;
            comment?: string;
            /** @description What else they said: any JSON. It becomes part of the step's output, which is an object of `approved`, `decidedBy`, `comment`, `data` and the `decisions` of all who were asked. */
            data?: unknown;
        };
        ArchiveMemoriesRequest: {
            namespaces?: string[];
            /** @description What memories a call is about. Empty fields do not count; all others must hold. */
            filter?: components["schemas"]["MemoryFilterInput"];
            reason?: string;
            /** @description Only say which. */
            dryRun?: boolean;
            /** @description Those that decay has brought below this probability of recall; all of the filter if zero. */
            retentionBelow?: number;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        ArchiveMemoriesResponse: {
            memoryIds: string[];
            sequence: string;
        };
        BatchCreateMemoriesRequest: {
            /** @description A memory to be created. */
            memories: components["schemas"]["NewMemoryInput"][];
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        BatchCreateMemoriesResponse: {
            /** @description In the order of the request, without contents. */
            memories: components["schemas"]["Memory"][];
            /** @description The sequence of the last of them. */
            sequence: string;
        };
        BatchExecuteWorkflowRequest: {
            /** @description The inputs of up to 1,000 executions: a JSON array. */
            inputs: unknown;
            /** @description The newest version if zero. */
            version?: number;
            /** @description From -100 to 100; what the definition says if absent. */
            priority?: number;
            tags?: string[];
            /** @description Values to find it by: an object of at most 50 strings, numbers and booleans. */
            attributes?: unknown;
            /** @description Do not begin before then. */
            startTime?: string;
        };
        BatchExecuteWorkflowResponse: {
            /** @description In the order of the inputs. */
            executionIds: string[];
        };
        BatchRecordSnapshotsRequest: {
            /** @description In order; each stands on the one before it. Their own `executionId` may be empty. */
            snapshots: components["schemas"]["RecordSnapshotRequestInput"][];
        };
        BatchRecordSnapshotsResponse: {
            /** @description Without their states and effects. */
            snapshots: components["schemas"]["Snapshot"][];
        };
        /** @description Searches that ask for at most 5,000 memories together. */
        BatchSearchMemoriesRequest: {
            searches: components["schemas"]["SearchMemoriesRequestInput"][];
        };
        BatchSearchMemoriesResponse: {
            /** @description In the order of the searches. */
            answers: components["schemas"]["SearchMemoriesResponse"][];
        };
        BisectExecutionRequest: {
            /** @description A CEL expression that is true of bad states; it sees `state` and `snapshot`, and `good`, the state of the same step of the good execution, or null if there is none. It is false where it names something that is not there. May be empty beside a good execution: then a state is bad that differs, or that has no counterpart. */
            expression?: string;
            /** @description A snapshot known to be good; none if zero. */
            goodSequence?: number;
            /** @description A snapshot known to be bad; the head if zero. */
            badSequence?: number;
            /** @description An execution in which all went well; its steps are aligned with this one's. */
            goodExecutionId?: string;
            /** @description Asks the predicate of every state afterwards, to find out whether it is monotone. */
            exhaustive?: boolean;
        };
        BisectExecutionResponse: {
            /** @description The first bad snapshot; zero if the last one is not bad. */
            firstBadSequence: number;
            /** @description The last good snapshot before it; zero if there is none. */
            lastGoodSequence: number;
            /** @description What was asked of the predicate, in order. */
            evaluations: components["schemas"]["Evaluation"][];
            /** @description The answers contradict a predicate that is false up to some snapshot and true from then on, or the good snapshot is bad. Only if all states were asked is it certain that none does. */
            notMonotone: boolean;
            /** @description Where the predicate's answer changes, if all states were asked: more than one place if it is not monotone. */
            flips: number[];
        };
        /** @description Where a playback stops. */
        BreakpointInput: {
            /** @description At this snapshot. */
            sequence?: number;
            /** @description At snapshots of this step. */
            stepName?: string;
            /**
             * @description At snapshots of this kind.
             * @enum {string}
             */
            kind?: "UNSPECIFIED" | "EXECUTION_START" | "STEP_START" | "STEP_END" | "DECISION_POINT" | "ERROR_STATE" | "EXECUTION_END" | "CHECKPOINT" | "ROLLBACK_POINT";
            /** @description Where the value at this JSON pointer differs from the one in the frame before. */
            changedPath?: string;
            /** @description Where this CEL expression over `state` and `snapshot` is true. A snapshot has its fields of this contract, without state and effects, and with a kind such as 'STEP_END'. Where the expression names something that is not there, it is false. */
            expression?: string;
        };
        BuildContextRequest: {
            search: components["schemas"]["SearchMemoriesRequestInput"];
            /** @description The longest that the text may be, in tokens of `tokenizer`; 1,000 if zero. */
            maxTokens?: number;
            /** @description How much variety counts against fitness, from 0 to 1; 0.3 if absent. */
            diversity?: number;
            /** @description Under which headings: `date` (the default), `namespace`, `kind`, `session` or `none`. */
            groupBy?: string;
        };
        BuildContextResponse: {
            /** @description Ready to paste into a prompt; each memory with its date and the number of its source. */
            text: string;
            /** @description What it is made of, in the order of the text. */
            results: components["schemas"]["SearchResult"][];
            tokenCount: number;
            /** @description What the tokens were counted by. */
            tokenizer: string;
            sequence: string;
        };
        /** @description Who makes a call. */
        Caller: {
            /** @description The project of the credentials. */
            projectId: string;
            /** @description The project's name. */
            projectName: string;
            /** @description The id of the API key; empty for a Timeloom service. */
            apiKeyId: string;
            /**
             * @description What the credentials allow.
             * @enum {string}
             */
            scope: "UNSPECIFIED" | "PUBLIC" | "READ" | "WRITE" | "ADMIN" | "INTERNAL";
            /** @description The only agent that the caller may act as; empty if it may act as any agent, and for the project itself. */
            agentId: string;
        };
        CancelJobRequest: {
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        CancelWorkflowExecutionRequest: {
            /** @description For the history. */
            reason?: string;
        };
        /** @description One difference between two states. */
        Change: {
            /**
             * @description How one place of a state differs between two snapshots.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "ADDED" | "REMOVED" | "CHANGED";
            /** @description A JSON pointer: into the newer state, or into the older one where the value was removed. */
            path: string;
            /** @description Where a changed value stood in the older state, if a list shifted it; empty if at `path`. */
            oldPath: string;
            /** @description Absent where the value was added. */
            oldValue?: unknown;
            /** @description Absent where the value was removed. */
            newValue?: unknown;
        };
        /** @description A group of memories that are about the same. */
        Cluster: {
            id: string;
            namespace: string;
            /** @description The terms that tell it from the others. */
            name: string;
            terms: string[];
            memoryCount: number;
            /** @description How well its memories fit, from -1 to 1: the mean silhouette. */
            silhouette: number;
            /** @description Those that are nearest to its centre. */
            representativeIds: string[];
            updateTime?: string;
        };
        ClusterMemoriesRequest: {
            namespace: string;
            /**
             * @description How clusters are found.
             *
             *     - `KMEANS`: Spherical k-means: every memory belongs to a cluster, and clusters keep their ids.
             *     - `HDBSCAN`: HDBSCAN: what fits nowhere stays alone.
             * @enum {string}
             */
            method?: "UNSPECIFIED" | "KMEANS" | "HDBSCAN";
            /** @description How many; chosen by their quality if zero. For k-means. */
            clusterCount?: number;
            dryRun?: boolean;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        CompareExecutionsResponse: {
            /** @description A step of one execution beside the same step of another. */
            steps: components["schemas"]["AlignedStep"][];
            /** @description The first place, over all pages, where they differ; absent if they do not. */
            firstDivergence?: components["schemas"]["AlignedStep"];
            /** @description How many places there are of each kind, over all pages. */
            sameCount: number;
            differentCount: number;
            missingCount: number;
            extraCount: number;
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        CompleteExecutionRequest: {
            /**
             * @description SUCCEEDED, FAILED or CANCELLED.
             * @enum {string}
             */
            status: "SUCCEEDED" | "FAILED" | "CANCELLED";
            /** @description What the agent answered. */
            output?: unknown;
            /** @description Why it failed. */
            error?: components["schemas"]["ExecutionErrorInput"];
            /** @description When the agent ended, by the caller's clock, and not before it began; the server's time of arrival if absent. */
            endTime?: string;
        };
        ControlPlaybackRequest: {
            /** @description Chosen by the caller, and repeated in what the command leads to. */
            requestId?: number;
            /** @description Begins; the first command. */
            open?: components["schemas"]["OpenPlaybackInput"];
            /** @description Lets frames come by themselves. */
            play?: components["schemas"]["StartPlaybackInput"];
            /** @description Stops where it stands. */
            pause?: components["schemas"]["PausePlaybackInput"];
            /** @description Goes some frames on, or back if negative. */
            step?: components["schemas"]["StepPlaybackInput"];
            /** @description Goes to a snapshot. */
            jump?: components["schemas"]["JumpPlaybackInput"];
            /** @description Replaces the breakpoints. */
            setBreakpoints?: components["schemas"]["SetBreakpointsInput"];
        };
        ControlPlaybackResponse: {
            /** @description Of the command that led to it; zero for what came by itself. */
            requestId: number;
            /** @description One snapshot of a playback. The state that it stands for has been rebuilt and has the recorded hash. */
            frame?: components["schemas"]["PlaybackFrame"];
            /** @description How a playback stands, after a command and whenever that changes by itself. */
            status?: components["schemas"]["PlaybackStatus"];
        };
        ControlWorkflowExecutionsRequest: {
            /** @description Which executions are meant. An empty filter means all. */
            filter: components["schemas"]["WorkflowExecutionFilterInput"];
            /**
             * @description What can be done to many executions.
             * @enum {string}
             */
            action: "PAUSE" | "RESUME" | "CANCEL" | "RETRY" | "DELETE";
            reason?: string;
            /** @description At most this many in this call, the oldest first; 1,000 if zero. */
            limit?: number;
            /** @description Only count them. */
            dryRun?: boolean;
        };
        ControlWorkflowExecutionsResponse: {
            /** @description Those that it was done to, or would have been. Those that the filter leaves, but the action does not concern, such as what has ended already where the action is to pause, are not counted. */
            changedCount: number;
            /** @description Those that it could not be done to, such as pausing what ended meanwhile. */
            skippedCount: number;
            /** @description Call again with the same filter. */
            more: boolean;
        };
        /** @description What something cost, in US dollars. */
        Cost: {
            total: number;
            /** @description The parts, where they are known. */
            input?: number;
            output?: number;
            /**
             * @description Of one event; sums do not say it.
             * @enum {string}
             */
            source: "UNSPECIFIED" | "REPORTED" | "PRICED";
        };
        /** @description How many memories there are of something. */
        Count: {
            name: string;
            count: number;
        };
        CountEventsResponse: {
            /** @description How many events the whole filter means. */
            count: number;
            /** @description How many events there are of each value of a field. */
            facets: components["schemas"]["Facet"][];
            /** @description From the shortest to the longest without gaps, each about twice as wide as the one before; moments and logs take no time and are in none. Their counts are exact, and those of a filter with their bounds. */
            durations: components["schemas"]["DurationBin"][];
            /** @description Whether only the newest 200,000 events were counted. That is so for filters of other fields than those that can be counted by, which look at each event. */
            isCut: boolean;
        };
        CountExecutionsResponse: {
            /** @description How many executions the whole filter means. */
            count: number;
            /** @description By `status`, `agentId` and `tag`. */
            facets: components["schemas"]["ExecutionFacet"][];
            /** @description From the shortest to the longest without gaps, each twice as wide as the one before; those that run are in none. */
            durations: components["schemas"]["ExecutionDurationBin"][];
            /** @description Whether only the newest 200,000 executions of the time, session and name were counted. */
            isCut: boolean;
        };
        CreateAgentSessionRequest: {
            /** @description A UUID of the caller's choice; the server chooses one if empty. A second call with the same one is refused. */
            agentSessionId?: string;
            userId?: string;
            agentId?: string;
            /**
             * @description `CHAT` if unspecified.
             * @enum {string}
             */
            type?: "UNSPECIFIED" | "CHAT" | "VOICE" | "BRAINSTORM" | "MULTI_AGENT";
            title?: string;
            /** @description A JSON object. */
            data?: unknown;
            currentStage?: string;
            totalStages?: number;
            active?: boolean;
            startTime?: string;
            endTime?: string;
            lastInteractionTime?: string;
            /** @description A JSON object. */
            metadata?: unknown;
        };
        CreateAlertRuleRequest: {
            /** @description A UUID chosen by the caller; the server makes one if it is empty. */
            ruleId?: string;
            /** @description When to raise an alert, and whom to tell. */
            rule: components["schemas"]["AlertRuleInput"];
        };
        CreateApiKeyRequest: {
            /** @description For people, such as `ci` or `laptop of Ada`. */
            name: string;
            /**
             * @description Read, write or admin.
             * @enum {string}
             */
            scope: "READ" | "WRITE" | "ADMIN";
            /** @description When it stops working; never if absent. */
            expireTime?: string;
            /** @description Binds the key to an agent: with it one acts as this agent, as no other, and not for the project itself. Such a key cannot have the admin scope. */
            agentId?: string;
        };
        CreateApiKeyResponse: {
            /** @description A credential of one project. Its secret is shown once, when it is created or rotated. */
            apiKey?: components["schemas"]["ApiKey"];
            /** @description The whole key, to be kept by the caller: it cannot be shown again. */
            secret: string;
        };
        CreateEnvironmentRequest: {
            /** @description A UUID of the caller's choice; the server chooses one if empty. A second call with the same one is refused. */
            environmentId?: string;
            /** @description Unique in the project. */
            name: string;
            description?: string;
            githubOrganization?: string;
            githubRepository?: string;
            /** @description Settings that are no secrets, by name. */
            variables?: {
                [key: string]: string;
            };
            /** @description Values to seal, by name. They are never returned. */
            secrets?: {
                [key: string]: string;
            };
            userId?: string;
            /** @description A JSON object. */
            metadata?: unknown;
        };
        CreateEventsRequest: {
            /** @description An event as a program reports it. */
            events: components["schemas"]["NewEventInput"][];
        };
        CreateEventsResponse: {
            /** @description In the order of the request. */
            eventIds: string[];
        };
        CreateExecutionRequest: {
            /** @description A UUID chosen by the caller; the server makes one if it is empty. */
            executionId?: string;
            /** @description Which agent runs. */
            agentId: string;
            /** @description The conversation that the run belongs to. */
            sessionId?: string;
            /** @description For people. */
            name?: string;
            /** @description What the agent is given. */
            input?: unknown;
            tags?: string[];
            /** @description Anything that the caller wants to keep with the execution. */
            metadata?: unknown;
            /** @description The OpenTelemetry trace of the run, as 32 hex digits. */
            traceId?: string;
            /** @description When the agent began, by the caller's clock; the server's time of arrival if absent. */
            createTime?: string;
        };
        CreateMemoryRequest: {
            /** @description A UUID of the caller; the server's if empty. Creating it again with the same content returns what is there. */
            memoryId?: string;
            /** @description Made at the first write. `agent/<as_agent_id>` if empty, or `project` for the project itself. */
            namespace?: string;
            /** @description The caller's own identifier, unique in the namespace. */
            key?: string;
            /** @description The agent that wrote it; `asAgentId` if empty. */
            agentId?: string;
            sessionId?: string;
            /**
             * @description KNOWLEDGE if unspecified.
             * @enum {string}
             */
            kind?: "UNSPECIFIED" | "CONVERSATION" | "TASK_EXECUTION" | "USER_PREFERENCE" | "LEARNED_PATTERN" | "ERROR_RESOLUTION" | "CONTEXT_SUMMARY" | "KNOWLEDGE" | "SKILL";
            content: string;
            context?: string;
            metadata?: unknown;
            tags?: string[];
            /** @description From 1 to 10; 5 if zero. */
            importance?: number;
            occurTime?: string;
            validFrom?: string;
            validTo?: string;
            expireTime?: string;
            /** @description A vector of the caller's own. Without one, the namespace's embedding model makes it. */
            vector?: number[];
            /** @description The model that the vector comes from; `custom` if empty. */
            vectorModel?: string;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        CreateMigrationRequest: {
            /** @description A UUID of the caller's choice; the server chooses one if empty. A second call with the same one is refused. */
            migrationId?: string;
            /** @description The version of the export's format: 1. */
            formatVersion?: number;
            /** @description Where an export comes from. */
            source?: components["schemas"]["ExportSourceInput"];
            /** @description How many records there are in all. */
            recordCount?: number;
            /** @description SHA-256 of the records' SHA-256s in order, as they are in hex, one after the other. */
            sha256: string;
            /** @description The first records: a JSON array of objects with `store` (`localStorage`, or `indexedDB:<database>/<object store>`), `key` (a string), `value` (any JSON value; what localStorage has is a string) and `sha256`, in lower-case hex, of the canonical form (RFC 8785) of the object with the other three. */
            records?: unknown;
            /**
             * @description `SKIP` if unspecified.
             * @enum {string}
             */
            conflictResolution?: "UNSPECIFIED" | "SKIP" | "OVERWRITE" | "MERGE" | "RENAME" | "ASK";
            /**
             * @description `SEAL` if unspecified.
             * @enum {string}
             */
            secretPolicy?: "UNSPECIFIED" | "SEAL" | "REFUSE" | "DROP";
        };
        CreateNamespaceRequest: {
            namespace: string;
            description?: string;
            /** @description The model that makes vectors here; the installation's default if absent, none if empty. */
            embeddingModel?: string;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        CreatePreferenceRequest: {
            /** @description A UUID of the caller's choice; the server chooses one if empty. A second call with the same one is refused. */
            preferenceId?: string;
            userId?: string;
            /** @description Unique among its user's. */
            key: string;
            /** @description Any JSON value. */
            value: unknown;
        };
        CreatePriceRequest: {
            /** @description Any if empty. */
            provider?: string;
            /** @description A model's name, or the beginning of several with `*` at its end. */
            model: string;
            inputPerMillion?: number;
            outputPerMillion?: number;
            cacheReadPerMillion?: number;
            cacheWritePerMillion?: number;
            /** @description From the beginning of time if absent. */
            effectiveTime?: string;
        };
        CreateScoreRequest: {
            /** @description A UUID chosen by the caller; the server makes one if it is empty. */
            scoreId?: string;
            name: string;
            /** @description A value, a label, or both. */
            value?: number;
            label?: string;
            comment?: string;
            /**
             * @description HUMAN or EVALUATOR; HUMAN if it is not given.
             * @enum {string}
             */
            source?: "UNSPECIFIED" | "HUMAN" | "EVALUATOR" | "TELEMETRY";
            /** @description At least one of trace, execution and session; a span with its trace. */
            traceId?: string;
            spanId?: string;
            executionId?: string;
            sessionId?: string;
            authorId?: string;
            /** @description A JSON object of at most 64 KiB. */
            metadata?: unknown;
        };
        CreateSubscriptionRequest: {
            /** @description The agent; `asAgentId` if empty. */
            agentId?: string;
            namespaces?: string[];
            kinds?: ("UNSPECIFIED" | "CONVERSATION" | "TASK_EXECUTION" | "USER_PREFERENCE" | "LEARNED_PATTERN" | "ERROR_RESOLUTION" | "CONTEXT_SUMMARY" | "KNOWLEDGE" | "SKILL")[];
            tags?: string[];
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        CreateTaskRequest: {
            /** @description A UUID of the caller's choice; the server chooses one if empty. A second call with the same one is refused. */
            taskId?: string;
            title: string;
            description?: string;
            /**
             * @description `PENDING` if unspecified.
             * @enum {string}
             */
            status?: "UNSPECIFIED" | "PENDING" | "IN_PROGRESS" | "PAUSED" | "COMPLETED" | "CANCELLED";
            /**
             * @description `MEDIUM` if unspecified.
             * @enum {string}
             */
            priority?: "UNSPECIFIED" | "LOW" | "MEDIUM" | "HIGH";
            /**
             * @description `CODE` if unspecified.
             * @enum {string}
             */
            mode?: "UNSPECIFIED" | "CODE" | "ASK";
            userId?: string;
            sessionId?: string;
            environmentId?: string;
            repository?: string;
            branch?: string;
            statusMessage?: string;
            hasChanges?: boolean;
            archived?: boolean;
            /** @description A JSON array. */
            messages?: unknown;
            /** @description A JSON object. */
            pullRequest?: unknown;
            tags?: string[];
            /** @description A JSON object. */
            metadata?: unknown;
        };
        CreateWorkflowRequest: {
            /** @description The whole definition. Its `id` must be new. */
            definition: unknown;
            tags?: string[];
            /** @description Create it switched off. */
            disabled?: boolean;
        };
        /** @description Work that was given up, to be looked at and tried again. */
        DeadLetter: {
            id: string;
            /** @description The execution, and the step in it, that failed for good; or empty. */
            workflowId: string;
            executionId: string;
            stepId: string;
            /** @description The event that could not be handled; or empty. */
            eventId: string;
            /** @description Why an execution or step failed. */
            error?: components["schemas"]["WorkflowError"];
            createTime?: string;
            /** @description When it was tried again; absent if it was not. */
            redriveTime?: string;
        };
        /** @description A place of a definition that is wrong. */
        DefinitionProblem: {
            /** @description Where, such as `steps[2].retry.maxAttempts`. */
            place: string;
            /** @description The id of the step it is in; empty if it is in none. */
            stepId: string;
            /** @description Such as `CYCLE`, `UNKNOWN_STEP`, `UNBOUNDED_LOOP`, `INVALID_EXPRESSION`, `SCHEMA`. */
            code: string;
            message: string;
        };
        DeleteAgentSessionResponse: Record<string, never>;
        DeleteAlertRuleResponse: Record<string, never>;
        DeleteDeadLetterResponse: Record<string, never>;
        DeleteEnvironmentResponse: Record<string, never>;
        DeleteExecutionResponse: Record<string, never>;
        DeleteMigrationResponse: Record<string, never>;
        DeleteNamespaceResponse: {
            memoryCount: number;
            sequence: string;
        };
        DeletePreferenceResponse: Record<string, never>;
        DeletePriceResponse: Record<string, never>;
        DeleteScoreResponse: Record<string, never>;
        DeleteSnapshotsRequest: {
            /** @description Those that are not there any more are passed over. */
            sequences: number[];
        };
        DeleteSnapshotsResponse: {
            /** @description How many were deleted. */
            snapshotCount: number;
        };
        DeleteSubscriptionResponse: Record<string, never>;
        DeleteTaskResponse: Record<string, never>;
        DeleteTeamResponse: Record<string, never>;
        DeleteWorkflowExecutionResponse: Record<string, never>;
        DeleteWorkflowResponse: Record<string, never>;
        DiffSnapshotsResponse: {
            /** @description Names a snapshot. */
            from?: components["schemas"]["SnapshotRef"];
            /** @description Names a snapshot. */
            to?: components["schemas"]["SnapshotRef"];
            /** @description In the order of their paths; at most 10,000. */
            changes: components["schemas"]["Change"][];
            /** @description There were more. */
            truncated: boolean;
        };
        DisableWorkflowRequest: Record<string, never>;
        DiscardMutationResponse: Record<string, never>;
        /** @description How many events took how long. */
        DurationBin: {
            /** @description At least so many milliseconds, and less than the next bin. */
            durationMsMin: number;
            durationMsMax: number;
            count: number;
        };
        /** @description A recorded answer of the outside world within a step. */
        Effect: {
            /** @description The caller's own identifier, unique in the snapshot; the ordinal in decimal if it gives none. */
            key: string;
            /** @description Its place among the snapshot's effects, from 1 on; the server numbers them. */
            ordinal: number;
            /**
             * @description Which part of the outside world an effect's answer came from.
             *
             *     - `LLM`: A model's answer.
             *     - `TOOL`: A tool's result.
             *     - `CLOCK`: The time of day.
             *     - `RANDOM`: A random number.
             *     - `ID`: A generated identifier.
             *     - `HTTP`: An HTTP response.
             *     - `WRITE`: A write that a framework's task made before its checkpoint.
             *     - `CUSTOM`: Anything else.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "LLM" | "TOOL" | "CLOCK" | "RANDOM" | "ID" | "HTTP" | "WRITE" | "CUSTOM";
            /** @description The model, tool, host or channel. */
            name: string;
            /** @description What was asked. */
            request?: unknown;
            /** @description What was answered. */
            response?: unknown;
            createTime?: string;
        };
        /** @description A recorded answer of the outside world within a step. */
        EffectInput: {
            /** @description The caller's own identifier, unique in the snapshot; the ordinal in decimal if it gives none. */
            key?: string;
            /** @description Its place among the snapshot's effects, from 1 on; the server numbers them. */
            ordinal?: number;
            /**
             * @description Which part of the outside world an effect's answer came from.
             *
             *     - `LLM`: A model's answer.
             *     - `TOOL`: A tool's result.
             *     - `CLOCK`: The time of day.
             *     - `RANDOM`: A random number.
             *     - `ID`: A generated identifier.
             *     - `HTTP`: An HTTP response.
             *     - `WRITE`: A write that a framework's task made before its checkpoint.
             *     - `CUSTOM`: Anything else.
             * @enum {string}
             */
            kind: "LLM" | "TOOL" | "CLOCK" | "RANDOM" | "ID" | "HTTP" | "WRITE" | "CUSTOM";
            /** @description The model, tool, host or channel. */
            name?: string;
            /** @description What was asked. */
            request?: unknown;
            /** @description What was answered. */
            response?: unknown;
            createTime?: string;
        };
        EnableWorkflowRequest: Record<string, never>;
        /** @description A place where agents work: a repository, and what is needed to reach it. */
        Environment: {
            /** @description A UUID, chosen by the server unless the caller did. */
            id: string;
            /** @description Unique in the project. */
            name: string;
            description: string;
            githubOrganization: string;
            githubRepository: string;
            /** @description Settings that are no secrets, by name. */
            variables: {
                [key: string]: string;
            };
            /** @description The names of its secrets. Their values are sealed: nobody gets them back. */
            secretNames: string[];
            /** @description Whose it is; empty if it is the project's. */
            userId: string;
            /** @description Any JSON object to keep with it. */
            metadata?: unknown;
            createTime?: string;
            updateTime?: string;
            /** @description Changes whenever the environment does. */
            etag: string;
        };
        /** @description One answer of a predicate in a bisection. */
        Evaluation: {
            sequence: number;
            /** @description Whether the state is bad. */
            bad: boolean;
        };
        /** @description Something that happened while an agent worked. */
        Event: {
            /** @description A UUID that follows from what the event is, so that the same event sent again is the same. */
            id: string;
            /**
             * @description What an event is a record of.
             *
             *     - `SPAN`: A piece of work with a beginning and an end: a span of OpenTelemetry.
             *     - `SPAN_EVENT`: A moment within a span: an event of OpenTelemetry's span, such as an exception.
             *     - `LOG`: A log record.
             *     - `CHANGE`: Something that a service of Timeloom committed: an execution began, a workflow failed.
             *     - `CUSTOM`: Anything that a program reported by `CreateEvents`.
             * @enum {string}
             */
            type: "UNSPECIFIED" | "SPAN" | "SPAN_EVENT" | "LOG" | "CHANGE" | "CUSTOM";
            /**
             * @description Which part of an agent's work an event is.
             *
             *     - `AGENT`: One run of an agent.
             *     - `WORKFLOW`: One run of a workflow, or of a graph of steps.
             *     - `CHAIN`: A step that only passes on what others do.
             *     - `LLM`: A call of a language model.
             *     - `EMBEDDING`: Texts turned into vectors.
             *     - `TOOL`: A call of a tool.
             *     - `RETRIEVER`: Documents looked up.
             *     - `RERANKER`: Documents put in order.
             *     - `GUARDRAIL`: Something checked before it may go on.
             *     - `EVALUATOR`: Something judged.
             *     - `PROMPT`: A prompt made from its template.
             *     - `MEMORY`: Something remembered or recalled.
             *     - `PLAN`: The next steps thought out.
             *     - `OTHER`: Anything else, such as a request over HTTP.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "AGENT" | "WORKFLOW" | "CHAIN" | "LLM" | "EMBEDDING" | "TOOL" | "RETRIEVER" | "RERANKER" | "GUARDRAIL" | "EVALUATOR" | "PROMPT" | "MEMORY" | "PLAN" | "OTHER";
            /** @description Its span's name, its log's event name, or what its writer called it. */
            name: string;
            /**
             * @description How what an event records came out.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "OK" | "ERROR";
            /**
             * @description How bad it is, as OpenTelemetry's ranges of severity numbers have it.
             * @enum {string}
             */
            severity: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
            /** @description What a log says, or why a span failed. */
            message: string;
            /** @description The class of an error, such as `RateLimitError`; empty without one. */
            errorType: string;
            /** @description In hex; empty if it belongs to no trace. */
            traceId: string;
            spanId: string;
            /** @description Empty for the root of a trace. */
            parentSpanId: string;
            startTime?: string;
            /** @description The same as `startTime` for a moment. */
            endTime?: string;
            /** @description In milliseconds, exact to the nanosecond below a hundred days. */
            durationMs: number;
            /** @description When it was committed here. */
            receiveTime?: string;
            /** @description The execution that it is a part of; empty if it is none's. */
            executionId: string;
            /** @description The conversation. */
            sessionId: string;
            /** @description The person or account that the agent works for. */
            userId: string;
            /** @description The agent that did it: its name, as agents of executions are called. */
            agentId: string;
            /** @description The model that answered, or that was asked. */
            model: string;
            /** @description Who serves the model, such as `openai`. */
            provider: string;
            /** @description The tool that was called. */
            toolName: string;
            /** @description The program that reported it (`service.name`). */
            serviceName: string;
            /** @description The OpenTelemetry scope that reported it, or the service of Timeloom that committed it. */
            scopeName: string;
            tags: string[];
            /** @description Absent where no tokens were counted. */
            usage?: components["schemas"]["TokenUsage"];
            /** @description Absent where nothing is known to have been paid. */
            cost?: components["schemas"]["Cost"];
            /** @description The beginning of what went in, and came out, as a person would read it. */
            inputPreview: string;
            outputPreview: string;
            /** @description What went in, and came out. Lists leave these, and what follows, out. */
            input?: unknown;
            output?: unknown;
            /** @description All attributes as they were sent, as a JSON object, without those that are the input and the output. */
            attributes?: unknown;
            /** @description What was said of the program that reported it, as a JSON object. */
            resource?: unknown;
            /** @description Another span that a span has to do with. */
            links: components["schemas"]["Link"][];
        };
        /** @description Which events. All that is given must hold; of a repeated field, one of its values. */
        EventFilter: {
            types: ("UNSPECIFIED" | "SPAN" | "SPAN_EVENT" | "LOG" | "CHANGE" | "CUSTOM")[];
            kinds: ("UNSPECIFIED" | "AGENT" | "WORKFLOW" | "CHAIN" | "LLM" | "EMBEDDING" | "TOOL" | "RETRIEVER" | "RERANKER" | "GUARDRAIL" | "EVALUATOR" | "PROMPT" | "MEMORY" | "PLAN" | "OTHER")[];
            statuses: ("UNSPECIFIED" | "OK" | "ERROR")[];
            /**
             * @description This severity, or a worse one.
             * @enum {string}
             */
            severityMin: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
            names: string[];
            agentIds: string[];
            models: string[];
            providers: string[];
            toolNames: string[];
            serviceNames: string[];
            errorTypes: string[];
            traceId: string;
            executionId: string;
            sessionId: string;
            userId: string;
            /** @description All of these. */
            tags: string[];
            /** @description Only spans without a parent. */
            rootsOnly: boolean;
            /** @description Those that began at or after this time, and before that one. */
            startedAfter?: string;
            startedBefore?: string;
            /** @description Those that took at least, and less than, so many milliseconds; not bounded if zero. */
            durationMsMin: number;
            durationMsMax: number;
            /** @description Those that have these attributes, each as `name=value`, the value as text. */
            attributes: string[];
            /** @description Those in which all of these words occur: in their names, messages, inputs or outputs. */
            words: string;
        };
        /** @description Which events. All that is given must hold; of a repeated field, one of its values. */
        EventFilterInput: {
            types?: ("UNSPECIFIED" | "SPAN" | "SPAN_EVENT" | "LOG" | "CHANGE" | "CUSTOM")[];
            kinds?: ("UNSPECIFIED" | "AGENT" | "WORKFLOW" | "CHAIN" | "LLM" | "EMBEDDING" | "TOOL" | "RETRIEVER" | "RERANKER" | "GUARDRAIL" | "EVALUATOR" | "PROMPT" | "MEMORY" | "PLAN" | "OTHER")[];
            statuses?: ("UNSPECIFIED" | "OK" | "ERROR")[];
            /**
             * @description This severity, or a worse one.
             * @enum {string}
             */
            severityMin?: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
            names?: string[];
            agentIds?: string[];
            models?: string[];
            providers?: string[];
            toolNames?: string[];
            serviceNames?: string[];
            errorTypes?: string[];
            traceId?: string;
            executionId?: string;
            sessionId?: string;
            userId?: string;
            /** @description All of these. */
            tags?: string[];
            /** @description Only spans without a parent. */
            rootsOnly?: boolean;
            /** @description Those that began at or after this time, and before that one. */
            startedAfter?: string;
            startedBefore?: string;
            /** @description Those that took at least, and less than, so many milliseconds; not bounded if zero. */
            durationMsMin?: number;
            durationMsMax?: number;
            /** @description Those that have these attributes, each as `name=value`, the value as text. */
            attributes?: string[];
            /** @description Those in which all of these words occur: in their names, messages, inputs or outputs. */
            words?: string;
        };
        /** @description An event that was found, and why. */
        EventMatch: {
            /** @description Something that happened while an agent worked. */
            event?: components["schemas"]["Event"];
            /** @description Higher is better; only comparable within one answer. */
            score: number;
            /** @description Its rank among those that have the words, from 1 on; zero if it does not have them. */
            wordRank: number;
            /** @description Its rank among those of a similar meaning; zero if it is not among them. */
            meaningRank: number;
            /** @description How near its meaning is, from -1 to 1; zero without `meaningRank`. */
            similarity: number;
            /** @description The words of the query that it has. */
            words: string[];
            /** @description The place that matches, with the words between `<mark>` and `</mark>`; everything else is escaped for HTML. */
            excerpt: string;
        };
        /** @description What the services tell one another, and what live clients receive: a fact that has been committed. Its subject on NATS is `timeloom.<project id>.<topic with dots>`, its `Nats-Msg-Id` is `id`. */
        EventsEvent: {
            /** @description Unique (a UUIDv7): consumers use it to recognise a repeated delivery. */
            id: string;
            /** @description The project it happened in. */
            projectId: string;
            /** @description The live topic that it belongs to, such as `executions/018f…`. */
            topic: string;
            /** @description When it was committed. */
            createTime?: string;
            /** @description The W3C trace context of the call that caused it; empty if it was not traced. */
            traceparent: string;
            /** @description An execution was created. */
            executionCreated?: components["schemas"]["ExecutionCreated"];
            /** @description An execution's own fields changed: its status, output, name or tags. */
            executionUpdated?: components["schemas"]["ExecutionUpdated"];
            /** @description An execution was deleted with all its snapshots. */
            executionDeleted?: components["schemas"]["ExecutionDeleted"];
            /** @description Snapshots were committed to an execution; the sequences are contiguous. */
            snapshotsRecorded?: components["schemas"]["SnapshotsRecorded"];
            /** @description Snapshots of an execution were deleted. */
            snapshotsDeleted?: components["schemas"]["SnapshotsDeleted"];
            /** @description A snapshot was given another label or other tags than it had. */
            snapshotUpdated?: components["schemas"]["SnapshotUpdated"];
            /** @description Memories of a namespace were created, changed, deleted or purged. */
            memoriesChanged?: components["schemas"]["MemoriesChanged"];
            /** @description An agent's subscription has something new. */
            memoryAnnounced?: components["schemas"]["MemoryAnnounced"];
            /** @description A job of the memory service got on. */
            memoryJobUpdated?: components["schemas"]["MemoryJobUpdated"];
            /** @description A workflow execution got on. */
            workflowExecutionChanged?: components["schemas"]["WorkflowExecutionChanged"];
            /** @description A workflow was created, changed, switched on or off, or deleted. */
            workflowChanged?: components["schemas"]["WorkflowChanged"];
            /** @description An event for workflows was published. */
            workflowEventPublished?: components["schemas"]["WorkflowEventPublished"];
            /** @description A workflow execution was deleted with its steps and its history. */
            workflowExecutionDeleted?: components["schemas"]["WorkflowExecutionDeleted"];
            /** @description Tasks, environments, preferences or agent sessions were created, changed or deleted. */
            workspaceRecordsChanged?: components["schemas"]["WorkspaceRecordsChanged"];
            /** @description A mutation met a record that had been changed meanwhile, and a person has to decide. */
            syncConflictOpened?: components["schemas"]["SyncConflictOpened"];
            /** @description A migration got on. */
            migrationUpdated?: components["schemas"]["MigrationUpdated"];
            /** @description Events of telemetry were committed. */
            eventsRecorded?: components["schemas"]["EventsRecorded"];
            /** @description An alert fired, or was resolved. */
            alertChanged?: components["schemas"]["AlertChanged"];
            /** @description A score was given. */
            scoreCreated?: components["schemas"]["ScoreCreated"];
        };
        /** @description Events of telemetry were committed. */
        EventsRecorded: {
            /** @description Without inputs, outputs and attributes; those of one project, in the order of their arrival. */
            events: components["schemas"]["Event"][];
        };
        /** @description What an agent found out about a memory. */
        Evidence: {
            id: string;
            memoryId: string;
            agentId: string;
            /**
             * @description What an agent thinks of a memory.
             * @enum {string}
             */
            stance: "UNSPECIFIED" | "CONFIRMS" | "CONTRADICTS";
            note: string;
            /** @description The memory that shows it; empty if none does. */
            evidenceMemoryId: string;
            createTime?: string;
        };
        ExecuteWorkflowRequest: {
            /** @description What the workflow is given: checked against the schema of its input. */
            input?: unknown;
            /** @description The newest version if zero. */
            version?: number;
            /** @description From -100 to 100; what the definition says if absent. */
            priority?: number;
            tags?: string[];
            /** @description Values to find it by: an object of at most 50 strings, numbers and booleans. */
            attributes?: unknown;
            /** @description Do not begin before then. */
            startTime?: string;
            /** @description An execution that began with the same key is returned instead of beginning another one; may be empty. Keys are kept as long as their executions. */
            idempotencyKey?: string;
            /** @description Answer when it has ended, or after so many seconds at the latest; at once if zero. */
            waitSeconds?: number;
        };
        /** @description One run of an agent. */
        Execution: {
            /** @description A UUID; the server's own are UUIDv7, so that they sort by time. */
            id: string;
            /** @description Which agent ran. */
            agentId: string;
            /** @description The conversation that the run belongs to; may be empty. */
            sessionId: string;
            /** @description For people. */
            name: string;
            /**
             * @description How an execution stands.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
            /** @description What the agent was given. */
            input?: unknown;
            /** @description What the agent answered; absent until it ended. */
            output?: unknown;
            /** @description Why the agent failed; absent unless it did. */
            error?: components["schemas"]["ExecutionError"];
            /** @description The snapshot that the execution stands on; zero if it has none. */
            headSequence: number;
            /** @description How many snapshots it has had: the number of the newest. Those that were deleted since count, too. */
            snapshotCount: number;
            /** @description Where the execution was forked from; absent if it was not. */
            forkedFrom?: components["schemas"]["SnapshotRef"];
            /** @description The OpenTelemetry trace of the run, in hex; may be empty. */
            traceId: string;
            tags: string[];
            /** @description Anything that the caller wants to keep with the execution. */
            metadata?: unknown;
            createTime?: string;
            updateTime?: string;
            /** @description When it ended; absent while it runs. */
            endTime?: string;
            /** @description Changes when the fields change that a caller may edit. */
            etag: string;
        };
        /** @description An execution was created. */
        ExecutionCreated: {
            /** @description One run of an agent. */
            execution?: components["schemas"]["Execution"];
        };
        /** @description An execution was deleted with all its snapshots. */
        ExecutionDeleted: {
            executionId: string;
        };
        /** @description How many executions took how long. */
        ExecutionDurationBin: {
            /** @description At least so many milliseconds, and less than the next bin. */
            durationMsMin: number;
            durationMsMax: number;
            count: number;
        };
        /** @description Why an execution failed. */
        ExecutionError: {
            /** @description The class of the error, such as `TimeoutError`. */
            type: string;
            message: string;
            /** @description The stack trace; may be empty. */
            stack: string;
        };
        /** @description Why an execution failed. */
        ExecutionErrorInput: {
            /** @description The class of the error, such as `TimeoutError`. */
            type?: string;
            message?: string;
            /** @description The stack trace; may be empty. */
            stack?: string;
        };
        /** @description How many executions there are of each value of a field. */
        ExecutionFacet: {
            /** @description Such as `agentId`. */
            field: string;
            /** @description The most frequent ones. */
            values: components["schemas"]["ExecutionFacetValue"][];
            /** @description How many other values there are. */
            otherCount: number;
        };
        /** @description A value of a field, and how many executions have it. */
        ExecutionFacetValue: {
            value: string;
            count: number;
        };
        /** @description An execution's own fields changed: its status, output, name or tags. */
        ExecutionUpdated: {
            /** @description One run of an agent. */
            execution?: components["schemas"]["Execution"];
        };
        /** @description Where an export comes from. */
        ExportSource: {
            /** @description Such as `https://app.example.com`. */
            origin: string;
            app: string;
            appVersion: string;
            userAgent: string;
            /** @description Whose data it is; what is migrated belongs to this user. */
            userId: string;
        };
        /** @description Where an export comes from. */
        ExportSourceInput: {
            /** @description Such as `https://app.example.com`. */
            origin?: string;
            app?: string;
            appVersion?: string;
            userAgent?: string;
            /** @description Whose data it is; what is migrated belongs to this user. */
            userId?: string;
        };
        /** @description How many events there are of each value of a field. */
        Facet: {
            /** @description Such as `model`. */
            field: string;
            /** @description The most frequent ones. */
            values: components["schemas"]["FacetValue"][];
            /** @description How many other values there are. */
            otherCount: number;
        };
        /** @description A value of a field, and how many events have it. */
        FacetValue: {
            /** @description Empty for events without one. */
            value: string;
            count: number;
        };
        ForkExecutionRequest: {
            /** @description The last shared snapshot; the head if zero. */
            sequence?: number;
            /** @description A UUID for the new execution; the server makes one if it is empty. */
            forkExecutionId?: string;
            /** @description For people; the name of the execution if empty. */
            name?: string;
            /** @description The conversation that the fork belongs to; the execution's if absent. */
            sessionId?: string;
            tags?: string[];
            /** @description Anything that the caller wants to keep with the fork; the execution's metadata if empty. */
            metadata?: unknown;
            /** @description A JSON Patch (RFC 6902) on the state: the fork's first own snapshot then has the patched state. */
            patch?: unknown;
        };
        ForkWorkflowExecutionRequest: {
            /** @description The last step that the fork has had: it and those before it are taken over with what they came to. None if empty. */
            stepId?: string;
            /** @description Another input than the original had; its own if absent. */
            input?: unknown;
            /** @description Other outputs of steps that are taken over: an object from their ids. */
            outputs?: unknown;
            /** @description The version to go on with; the original's if zero. */
            version?: number;
            /** @description For the history of the original. */
            reason?: string;
            /** @description The original's if empty. */
            tags?: string[];
        };
        GetRetentionPolicyResponse: {
            /** @description Absent if there is none: everything is kept. */
            policy?: components["schemas"]["RetentionPolicy"];
            updateTime?: string;
        };
        GetStatsResponse: {
            memoryCount: number;
            archivedCount: number;
            supersededCount: number;
            deletedCount: number;
            versionCount: number;
            /** @description How many memories there are of something. */
            kinds: components["schemas"]["Count"][];
            /** @description How many memories there are of something. */
            agents: components["schemas"]["Count"][];
            /** @description How many memories there are of something. */
            namespaces: components["schemas"]["Count"][];
            /** @description A part of the index in this replica's memory. */
            shards: components["schemas"]["ShardStats"][];
            /** @description A model that makes vectors. */
            models: components["schemas"]["ModelStats"][];
            sequence: string;
        };
        GetTelemetryStatsResponse: {
            eventCount: number;
            traceCount: number;
            oldestTime?: string;
            newestTime?: string;
            /** @description What tables and indexes take, in bytes: this project's share by its events. */
            storedBytes: number;
            /** @description How many events still have to be made findable by words, and by meaning; of the latter at most 100,000 are counted. */
            unindexedCount: number;
            unembeddedCount: number;
        };
        GetTimelineResponse: {
            /** @description Something in the course of an execution. */
            entries: components["schemas"]["TimelineEntry"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        GetTraceResponse: {
            /** @description A trace: everything that belongs to one piece of work. */
            trace?: components["schemas"]["Trace"];
            /** @description Of a trace with more than 50,000 spans, the first 50,000. All pages are of the spans that were there when the first page was asked for; a page may have fewer than were asked for if they take much. */
            spans: components["schemas"]["TraceSpan"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
            /** @description On the first page, at most 1,000. */
            scores: components["schemas"]["Score"][];
        };
        GetValueHistoryResponse: {
            /** @description Oldest first. */
            changes: components["schemas"]["ValueChange"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        GetWebhookSecretResponse: {
            secret: string;
            /** @description Where to call, such as `/api/workflows/hooks/wh_…`. */
            path: string;
        };
        GetWorkflowExecutionResponse: {
            /** @description One run of a workflow. */
            execution?: components["schemas"]["WorkflowExecution"];
            /** @description One step of an execution, as it stands now. */
            steps: components["schemas"]["Step"][];
        };
        GetWorkflowStatsResponse: {
            /** @description All together. */
            total?: components["schemas"]["WorkflowStats"];
            /** @description How executions or steps of one kind went within a time. */
            workflows: components["schemas"]["WorkflowStats"][];
            /** @description How executions or steps of one kind went within a time. */
            steps: components["schemas"]["WorkflowStats"][];
            /** @description Workers that are connected, by their ids. */
            workerIds: string[];
        };
        /** @description A permission that was given. */
        Grant: {
            id: string;
            /** @description The namespace, with everything below it; empty if it is a single memory. */
            namespace: string;
            /** @description The memory; empty if it is a namespace. */
            memoryId: string;
            /** @description Who has it: `agent/<id>`, `team/<id>` or `project`. */
            principal: string;
            /**
             * @description What a principal may do with a memory or a namespace.
             *
             *     - `WRITE`: Read and write.
             * @enum {string}
             */
            permission: "UNSPECIFIED" | "READ" | "WRITE";
            /** @description Who gave it: an agent, or empty for the project itself. */
            grantedBy: string;
            createTime?: string;
            /** @description When it ends; absent if it does not. */
            expireTime?: string;
        };
        /** @description A move of an execution's head by a rollback. It deletes nothing. */
        HeadMove: {
            /** @description Its number among the moves of the execution, from 1 on. */
            number: number;
            fromSequence: number;
            toSequence: number;
            /** @description Why, in the words of whoever did it; may be empty. */
            reason: string;
            createTime?: string;
        };
        /** @description One thing that happened to an execution. Entries are never changed. */
        HistoryEvent: {
            /** @description From 1 on, without gaps. */
            sequence: number;
            /**
             * @description What happened to an execution.
             *
             *     - `CANCELLATION_REQUESTED`: A cancellation was asked for; compensations may follow.
             *     - `EXECUTION_RETRIED`: It goes on after it had failed or was cancelled.
             *     - `EXECUTION_TAKEN_OVER`: Its worker or engine was lost, and another one goes on with it.
             *     - `EXECUTION_FORKED`: Another execution began with the steps of this one.
             *     - `STEP_RETRYING`: An attempt failed; another one follows.
             * @enum {string}
             */
            type: "UNSPECIFIED" | "EXECUTION_CREATED" | "EXECUTION_STARTED" | "EXECUTION_PAUSED" | "EXECUTION_RESUMED" | "EXECUTION_SUCCEEDED" | "EXECUTION_FAILED" | "CANCELLATION_REQUESTED" | "EXECUTION_CANCELLED" | "EXECUTION_RETRIED" | "EXECUTION_TAKEN_OVER" | "EXECUTION_FORKED" | "STEP_SCHEDULED" | "STEP_STARTED" | "STEP_WAITING" | "STEP_SUCCEEDED" | "STEP_RETRYING" | "STEP_FAILED" | "STEP_SKIPPED" | "STEP_CANCELLED" | "SIGNAL_RECEIVED" | "EVENT_RECEIVED" | "APPROVAL_DECIDED";
            time?: string;
            /** @description The step it is about; empty if it is about none. */
            stepId: string;
            attempt: number;
            /** @description What else there is to say, such as `reason`, `workerId`, `error`: a JSON object. */
            attributes?: unknown;
        };
        /** @description Something that is measured. */
        Instrument: {
            /** @description Such as `gen_ai.client.token.usage`. */
            name: string;
            /**
             * @description What kind of numbers an instrument yields, as OpenTelemetry's data model has them.
             *
             *     - `GAUGE`: The last value counts.
             *     - `SUM`: Increments add up.
             *     - `HISTOGRAM`: Numbers of values by their size, in buckets with bounds.
             *     - `EXPONENTIAL_HISTOGRAM`: The same in buckets that grow exponentially.
             *     - `SUMMARY`: Quantiles that were reckoned where it was measured.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "GAUGE" | "SUM" | "HISTOGRAM" | "EXPONENTIAL_HISTOGRAM" | "SUMMARY";
            /** @description As UCUM writes it. */
            unit: string;
            description: string;
            /** @description The names of attributes that its points have. */
            attributeNames: string[];
            serviceNames: string[];
            lastTime?: string;
        };
        /** @description Work in the background. It survives a crash: another replica goes on where it was. */
        Job: {
            id: string;
            /**
             * @description What a job does.
             *
             *     - `CLUSTER`: Clusters a namespace anew.
             *     - `OPTIMIZE`: Looks after a namespace: duplicates, what to archive, clusters, summaries.
             *     - `REEMBED`: Makes vectors by another model.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "CLUSTER" | "OPTIMIZE" | "REEMBED";
            namespace: string;
            /**
             * @description How a job stands.
             * @enum {string}
             */
            state: "UNSPECIFIED" | "PENDING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
            /** @description It only reports what it would do. */
            dryRun: boolean;
            /** @description What it is at, in words. */
            phase: string;
            /** @description How much of the current phase is done, and how much there is. */
            doneCount: number;
            totalCount: number;
            /** @description What it did, or would do. */
            report?: unknown;
            /** @description Why it failed. */
            error: string;
            createTime?: string;
            updateTime?: string;
            endTime?: string;
        };
        /** @description Moves a playback to a snapshot. Then it waits. */
        JumpPlaybackInput: {
            sequence: number;
        };
        /** @description Another span that a span has to do with. */
        Link: {
            traceId: string;
            spanId: string;
            attributes?: unknown;
        };
        ListAgentSessionsResponse: {
            /** @description A conversation between a person and agents, as an app keeps it. */
            agentSessions: components["schemas"]["AgentSession"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListAlertRulesResponse: {
            /** @description When to raise an alert, and whom to tell. */
            rules: components["schemas"]["AlertRule"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListAlertsResponse: {
            /** @description A rule that holds, or held, for one group. */
            alerts: components["schemas"]["Alert"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListApiKeysResponse: {
            /** @description A credential of one project. Its secret is shown once, when it is created or rotated. */
            apiKeys: components["schemas"]["ApiKey"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListClustersResponse: {
            /** @description A group of memories that are about the same. */
            clusters: components["schemas"]["Cluster"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListDeadLettersResponse: {
            /** @description Work that was given up, to be looked at and tried again. */
            deadLetters: components["schemas"]["DeadLetter"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListEnvironmentsResponse: {
            /** @description A place where agents work: a repository, and what is needed to reach it. */
            environments: components["schemas"]["Environment"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListEventsResponse: {
            /** @description A page may have fewer than were asked for, even none, although there are more: when they take much, or when it takes long to find those that a filter means. */
            events: components["schemas"]["Event"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListEvidenceResponse: {
            /** @description What an agent found out about a memory. */
            evidence: components["schemas"]["Evidence"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListExecutionsResponse: {
            /** @description One run of an agent. */
            executions: components["schemas"]["Execution"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListGrantsResponse: {
            /** @description A permission that was given. */
            grants: components["schemas"]["Grant"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListHistoryResponse: {
            /** @description One thing that happened to an execution. Entries are never changed. */
            events: components["schemas"]["HistoryEvent"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListInstrumentsResponse: {
            /** @description Something that is measured. */
            instruments: components["schemas"]["Instrument"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListJobsResponse: {
            /** @description Work in the background. It survives a crash: another replica goes on where it was. */
            jobs: components["schemas"]["Job"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListMemoriesResponse: {
            /** @description One thing that an agent remembers. What was written is never rewritten: a change makes a new version, and a fact that no longer holds is superseded by another memory. */
            memories: components["schemas"]["Memory"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
            /** @description If they were asked for: the vectors of the memories in their order, one after the other, each with as many numbers as its memory's `dimension` says, of four bytes, the least significant first. Zeros stand for one that is being made. */
            vectors: string;
        };
        ListMemoryVersionsResponse: {
            /** @description A memory as it was from one change to the next. */
            versions: components["schemas"]["MemoryVersion"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListMigrationConflictsResponse: {
            /** @description A resource whose id, or name, is taken, and which a person has to decide about; or one that somebody changed after it was migrated, so that a rollback left it alone. */
            conflicts: components["schemas"]["MigrationConflict"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListMigrationItemsResponse: {
            /** @description A resource that a record contains, with what becomes of it. */
            items: components["schemas"]["MigrationItem"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListMigrationsResponse: {
            /** @description One import of a browser's data. */
            migrations: components["schemas"]["Migration"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListMutationDeadLettersResponse: {
            /** @description A mutation that cannot be applied. */
            deadLetters: components["schemas"]["MutationDeadLetter"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListNamespacesResponse: {
            /** @description Where memories live, and what holds for all of them. */
            namespaces: components["schemas"]["Namespace"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListPreferencesResponse: {
            /** @description What a person has chosen. */
            preferences: components["schemas"]["Preference"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListPricesResponse: {
            /** @description What a model costs from some time on, in US dollars for a million tokens. */
            prices: components["schemas"]["Price"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListProposalsResponse: {
            /** @description Near-duplicates that may become one memory. */
            proposals: components["schemas"]["Proposal"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListScoresResponse: {
            /** @description How good something was: of a trace, of one span in it, of an execution, or of a session. */
            scores: components["schemas"]["Score"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListSessionsResponse: {
            /** @description A page may have fewer than were asked for, although there are more. */
            sessions: components["schemas"]["Session"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListSnapshotsResponse: {
            /** @description An execution's state after a step. */
            snapshots: components["schemas"]["Snapshot"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListStepsResponse: {
            /** @description One step of an execution, as it stands now. */
            steps: components["schemas"]["Step"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListSubscriptionsResponse: {
            /** @description An agent's wish to learn of new memories. */
            subscriptions: components["schemas"]["Subscription"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListSyncConflictsResponse: {
            /** @description A mutation that met a record which had been changed since its writer saw it. */
            conflicts: components["schemas"]["SyncConflict"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListSyncPoliciesResponse: {
            /** @description The conflict policy of a table. */
            policies: components["schemas"]["SyncPolicy"][];
        };
        ListTasksResponse: {
            /** @description Something that a person wants an agent to do. */
            tasks: components["schemas"]["Task"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListTeamsResponse: {
            /** @description Agents that share what is in `team/<id>`. */
            teams: components["schemas"]["Team"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListTemplatesResponse: {
            /** @description Without their definitions. */
            templates: components["schemas"]["WorkflowTemplate"][];
        };
        ListTracesResponse: {
            /** @description A trace: everything that belongs to one piece of work. */
            traces: components["schemas"]["Trace"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListTriggersResponse: {
            /** @description What makes a workflow begin by itself. */
            triggers: components["schemas"]["Trigger"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListWorkflowEventsResponse: {
            /** @description Something that happened in the world, that workflows may begin or go on by. */
            events: components["schemas"]["WorkflowEvent"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListWorkflowExecutionsResponse: {
            /** @description One run of a workflow. */
            executions: components["schemas"]["WorkflowExecution"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListWorkflowVersionsResponse: {
            /** @description Without their definitions. */
            versions: components["schemas"]["Workflow"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        ListWorkflowsResponse: {
            /** @description Without their definitions. */
            workflows: components["schemas"]["Workflow"][];
            /** @description Empty on the last page. */
            nextPageToken: string;
        };
        /** @description What was measured within one step. */
        MeasurementPoint: {
            /** @description How many values; for a sum or gauge, how many points were sent. */
            count: number;
            /** @description Of the increments, or of the values of a histogram; absent for a gauge. What counts since a start is told as what came in between, whether or not it began anew meanwhile. */
            sum?: number;
            /** @description The last value of a gauge, or of a sum that goes up and down. */
            last?: number;
            min?: number;
            max?: number;
            /** @description Of a histogram, by interpolation within its buckets; of a summary, as they were sent. */
            p50?: number;
            p95?: number;
            p99?: number;
        };
        /** @description The points of one group. */
        MeasurementSeries: {
            /** @description In the order of `groupBy`. */
            group: string[];
            /** @description What was measured within one step. */
            points: components["schemas"]["MeasurementPoint"][];
        };
        /** @description Memories of a namespace were created, changed, deleted or purged. */
        MemoriesChanged: {
            namespace: string;
            /** @description The position of the last of these changes among all of the project. */
            sequence: string;
            /** @description Which; empty if they are too many to name. */
            memoryIds: string[];
            /**
             * @description Why a version of a memory was made.
             *
             *     - `MERGED`: It was merged into another one.
             *     - `CONFIDENCE`: Agents confirmed or contradicted it.
             *     - `CLUSTERED`: Its cluster changed.
             *     - `EMBEDDED`: Its vector was made anew by another model.
             * @enum {string}
             */
            change: "UNSPECIFIED" | "CREATED" | "UPDATED" | "SUPERSEDED" | "ARCHIVED" | "RESTORED" | "DELETED" | "MERGED" | "CONFIDENCE" | "CLUSTERED" | "EMBEDDED";
        };
        /** @description One thing that an agent remembers. What was written is never rewritten: a change makes a new version, and a fact that no longer holds is superseded by another memory. */
        Memory: {
            /** @description A UUID, chosen by the server unless the caller did. */
            id: string;
            /** @description Where it lives, such as `agent/researcher`, `team/support` or `project`. */
            namespace: string;
            /** @description The caller's own identifier, unique in the namespace among those that are not deleted; empty if it has none. */
            key: string;
            /** @description The agent that wrote it. */
            agentId: string;
            /** @description The conversation or task that it comes from. */
            sessionId: string;
            /**
             * @description What a memory is about.
             *
             *     - `CONVERSATION`: Something that was said.
             *     - `TASK_EXECUTION`: What was done in a task, and how it went.
             *     - `USER_PREFERENCE`: What somebody likes or wants.
             *     - `LEARNED_PATTERN`: What was seen again and again.
             *     - `ERROR_RESOLUTION`: How an error was overcome.
             *     - `CONTEXT_SUMMARY`: What many other memories say, in short.
             *     - `KNOWLEDGE`: A fact.
             *     - `SKILL`: How something is done.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "CONVERSATION" | "TASK_EXECUTION" | "USER_PREFERENCE" | "LEARNED_PATTERN" | "ERROR_RESOLUTION" | "CONTEXT_SUMMARY" | "KNOWLEDGE" | "SKILL";
            /** @description The text, as it was written. */
            content: string;
            /** @description What came before it, such as the previous turn of the conversation: it helps to find the memory and is no part of it. Of a memory with a session it is the content of that session's previous memory, if its writer gave none. */
            context: string;
            /** @description Any JSON value to keep with it; null is the same as none. */
            metadata?: unknown;
            /** @description Any number of words to find it by. */
            tags: string[];
            /** @description How much it matters, from 1 to 10. */
            importance: number;
            /** @description How far it is to be trusted, from 0 to 1: what agents confirmed and contradicted. */
            confidence: number;
            /** @description When what it says happened; its creation if nothing else is known. */
            occurTime?: string;
            /** @description From when on what it says holds. */
            validFrom?: string;
            /** @description Until when it held; absent while it holds. */
            validTo?: string;
            /** @description When it will not be found any more; absent if never. */
            expireTime?: string;
            /** @description How often it was found and used. Counted in the background. */
            accessCount: number;
            lastAccessTime?: string;
            /** @description Put away: found only when asked for. */
            archived: boolean;
            /** @description The cluster that it belongs to; empty if none. */
            clusterId: string;
            /** @description The memory that has taken its place; empty if none has. */
            supersededBy: string;
            /** @description The memory whose place it has taken; empty if it has taken none. */
            supersedes: string;
            /** @description The memories that it was made of, if it is a summary or was merged. */
            sourceIds: string[];
            /** @description The model that its vector comes from: empty if it has none. */
            embeddingModel: string;
            /** @description How many dimensions that vector has. */
            dimension: number;
            /** @description Counts its versions, from 1 on. */
            version: number;
            /** @description The position of its last change among all changes of memories in the project: what `minSequence` takes. */
            sequence: string;
            createTime?: string;
            updateTime?: string;
            /** @description When it was deleted; absent unless it is. It is purged some time later. */
            deleteTime?: string;
            /** @description Changes with every version; for `If-Match`. */
            etag: string;
            /** @description Its vector; only where it was asked for. */
            vector: number[];
        };
        /** @description An agent's subscription has something new. */
        MemoryAnnounced: {
            subscriptionId: string;
            agentId: string;
            sequence: string;
        };
        /** @description What memories a call is about. Empty fields do not count; all others must hold. */
        MemoryFilterInput: {
            /** @description Any of these kinds. */
            kinds?: ("UNSPECIFIED" | "CONVERSATION" | "TASK_EXECUTION" | "USER_PREFERENCE" | "LEARNED_PATTERN" | "ERROR_RESOLUTION" | "CONTEXT_SUMMARY" | "KNOWLEDGE" | "SKILL")[];
            /** @description All of these tags. */
            tags?: string[];
            /** @description At least one of these tags. */
            anyTags?: string[];
            /** @description Written by any of these agents. */
            agentIds?: string[];
            /** @description From any of these sessions. */
            sessionIds?: string[];
            /** @description Any of these clusters. */
            clusterIds?: string[];
            /** @description Only these. */
            memoryIds?: string[];
            /** @description Only those whose metadata contain this JSON object, member by member. */
            metadata?: unknown;
            /** @description What happened at this time or later. */
            occurAfter?: string;
            /** @description What happened before this time. */
            occurBefore?: string;
            importanceMin?: number;
            confidenceMin?: number;
            /** @description What holds, or held, at this time; what holds now if absent, unless `includeSuperseded` is set. */
            validAt?: string;
            /** @description As it was known at this time: versions that came later do not count, and what was deleted later is there. */
            asOf?: string;
            /** @description Also what no longer holds. */
            includeSuperseded?: boolean;
            /** @description Also what was put away. */
            includeArchived?: boolean;
            /** @description Also what has expired. */
            includeExpired?: boolean;
            /** @description Also what was deleted and not yet purged. */
            includeDeleted?: boolean;
        };
        /** @description A job of the memory service got on. */
        MemoryJobUpdated: {
            /** @description Work in the background. It survives a crash: another replica goes on where it was. */
            job?: components["schemas"]["Job"];
        };
        /** @description What becomes of a project's memories by itself. */
        MemoryPolicy: {
            /**
             * @description ACT_R if unspecified.
             * @enum {string}
             */
            decayModel: "UNSPECIFIED" | "ACT_R" | "FSRS" | "EXPONENTIAL";
            /** @description After so many days without use an exponential memory is half forgotten; 30 if zero. */
            halfLifeDays: number;
            /** @description What was deleted is purged after so many days; 30 if absent. */
            purgeDeletedAfterDays?: number;
            /** @description What expired is purged after so many days; never if absent. */
            purgeExpiredAfterDays?: number;
            /** @description What is less likely to be recalled than this is archived; nothing if zero. */
            archiveRetentionBelow: number;
            /** @description What is at least this important is never archived by itself; 8 if zero. */
            archiveImportanceBelow: number;
            updateTime?: string;
        };
        /** @description What becomes of a project's memories by itself. */
        MemoryPolicyInput: {
            /**
             * @description ACT_R if unspecified.
             * @enum {string}
             */
            decayModel?: "UNSPECIFIED" | "ACT_R" | "FSRS" | "EXPONENTIAL";
            /** @description After so many days without use an exponential memory is half forgotten; 30 if zero. */
            halfLifeDays?: number;
            /** @description What was deleted is purged after so many days; 30 if absent. */
            purgeDeletedAfterDays?: number;
            /** @description What expired is purged after so many days; never if absent. */
            purgeExpiredAfterDays?: number;
            /** @description What is less likely to be recalled than this is archived; nothing if zero. */
            archiveRetentionBelow?: number;
            /** @description What is at least this important is never archived by itself; 8 if zero. */
            archiveImportanceBelow?: number;
            updateTime?: string;
        };
        /** @description A memory as it was from one change to the next. */
        MemoryVersion: {
            /** @description One thing that an agent remembers. What was written is never rewritten: a change makes a new version, and a fact that no longer holds is superseded by another memory. */
            memory?: components["schemas"]["Memory"];
            /**
             * @description Why a version of a memory was made.
             *
             *     - `MERGED`: It was merged into another one.
             *     - `CONFIDENCE`: Agents confirmed or contradicted it.
             *     - `CLUSTERED`: Its cluster changed.
             *     - `EMBEDDED`: Its vector was made anew by another model.
             * @enum {string}
             */
            change: "UNSPECIFIED" | "CREATED" | "UPDATED" | "SUPERSEDED" | "ARCHIVED" | "RESTORED" | "DELETED" | "MERGED" | "CONFIDENCE" | "CLUSTERED" | "EMBEDDED";
            /** @description Why, in words, if whoever changed it said so. */
            reason: string;
            /** @description The agent that changed it; empty if no agent did. */
            agentId: string;
            /** @description When this became known, and when it was replaced by the next version; absent for the current one. */
            knownFrom?: string;
            knownTo?: string;
        };
        MergeMemoriesRequest: {
            /** @description The one that goes on first; all of one namespace. */
            memoryIds: string[];
            /** @description The text of the merged memory; that of the first if empty. */
            content?: string;
            reason?: string;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        /** @description The metrics of the events that have the same values of the fields by which they are grouped. */
        MetricSeries: {
            /** @description In the order of `groupBy`; empty for the rest. */
            group: string[];
            /** @description Whether it is what the limit of series left over. */
            isRest: boolean;
            /** @description In the order of the request. */
            metrics: components["schemas"]["MetricValues"][];
        };
        /** @description A value that may be missing: nothing happened, or nothing that takes time, so that there is no percentile. */
        MetricValue: {
            value?: number;
        };
        /** @description A metric's values, one for each point of time. */
        MetricValues: {
            /**
             * @description What is reckoned.
             *
             *     - `COUNT`: How many events.
             *     - `RATE`: How many a second.
             *     - `ERROR_COUNT`: How many failed.
             *     - `ERROR_RATE`: The share that failed, from 0 to 1.
             *     - `DURATION_P50`: Durations in milliseconds, of events that take time: not of logs, nor of moments within spans.
             *     - `COST`: In US dollars; what is not known counts as nothing.
             * @enum {string}
             */
            metric: "UNSPECIFIED" | "COUNT" | "RATE" | "ERROR_COUNT" | "ERROR_RATE" | "DURATION_P50" | "DURATION_P75" | "DURATION_P90" | "DURATION_P95" | "DURATION_P99" | "DURATION_MEAN" | "DURATION_MAX" | "INPUT_TOKENS" | "OUTPUT_TOKENS" | "TOTAL_TOKENS" | "COST";
            /** @description A value that may be missing: nothing happened, or nothing that takes time, so that there is no percentile. */
            values: components["schemas"]["MetricValue"][];
        };
        /** @description One import of a browser's data. */
        Migration: {
            /** @description A UUID, chosen by the server unless the caller did. */
            id: string;
            /**
             * @description How far a migration is.
             *
             *     - `UPLOADING`: Records are still to come.
             *     - `UPLOADED`: All records are there, and their hashes are right.
             *     - `PLANNED`: There is a plan.
             *     - `WAITING`: Conflicts are open that a person has to decide.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "UPLOADING" | "UPLOADED" | "PLANNING" | "PLANNED" | "RUNNING" | "PAUSED" | "WAITING" | "VERIFYING" | "SUCCEEDED" | "FAILED" | "ROLLING_BACK" | "ROLLED_BACK";
            /** @description Where an export comes from. */
            source?: components["schemas"]["ExportSource"];
            /**
             * @description What a resource becomes whose id, or name, is taken.
             *
             *     - `SKIP`: What is there stays.
             *     - `OVERWRITE`: The migrated one takes its place.
             *     - `MERGE`: Field by field, the newer one; lists are joined.
             *     - `RENAME`: Both stay; the migrated one gets another id and name.
             *     - `ASK`: A person decides.
             * @enum {string}
             */
            conflictResolution: "UNSPECIFIED" | "SKIP" | "OVERWRITE" | "MERGE" | "RENAME" | "ASK";
            /**
             * @description What becomes of secrets that an app kept in clear, such as tokens.
             *
             *     - `SEAL`: They are sealed on arrival.
             *     - `REFUSE`: What contains one is refused, and the value forgotten on arrival.
             *     - `DROP`: They are left out: what contains one is migrated without.
             * @enum {string}
             */
            secretPolicy: "UNSPECIFIED" | "SEAL" | "REFUSE" | "DROP";
            /** @description The whole export's SHA-256, in lower-case hex. */
            sha256: string;
            recordCount: number;
            receivedRecordCount: number;
            /** @description From 0 to 1, over everything that it does; it never falls but when it is rolled back. */
            progress: number;
            /** @description What is planned and done so far; absent before there is a plan. */
            counts?: components["schemas"]["MigrationCounts"];
            openConflictCount: number;
            /** @description Why it failed, or what the verification found. */
            error: string;
            /** @description The workflow execution that does the work; empty before there is one. */
            workflowExecutionId: string;
            /** @description Whether it can be rolled back. */
            canRollBack: boolean;
            createTime?: string;
            updateTime?: string;
            startTime?: string;
            endTime?: string;
            /** @description Changes whenever the migration does. */
            etag: string;
        };
        /** @description A resource whose id, or name, is taken, and which a person has to decide about; or one that somebody changed after it was migrated, so that a rollback left it alone. */
        MigrationConflict: {
            id: string;
            /** @description A resource that a record contains, with what becomes of it. */
            item?: components["schemas"]["MigrationItem"];
            /** @description What is there. */
            existing?: unknown;
            /** @description What the migration would make of it. */
            incoming?: unknown;
            /** @description It arose from a rollback. */
            fromRollback: boolean;
            /**
             * @description Unspecified while it is open.
             * @enum {string}
             */
            resolution: "UNSPECIFIED" | "SKIP" | "OVERWRITE" | "MERGE" | "RENAME" | "ASK";
            createTime?: string;
            resolveTime?: string;
        };
        /** @description How many resources a migration handles, by what it does with them. */
        MigrationCounts: {
            create: number;
            merge: number;
            overwrite: number;
            rename: number;
            skip: number;
            refuse: number;
            ask: number;
            /** @description Records of keys that nobody knows. */
            keep: number;
            /** @description How many of all are done. */
            done: number;
        };
        /** @description A resource that a record contains, with what becomes of it. */
        MigrationItem: {
            /** @description Its place among all of the migration, from 1 on. */
            number: number;
            /** @description The place of its record in the export, from 0 on. */
            recordIndex: number;
            /** @description The record's key, such as `task-store`. */
            key: string;
            /**
             * @description What a record's key tells that it is.
             *
             *     - `UNKNOWN`: Nobody knows: it is kept and reported.
             *     - `OFFLINE_QUEUE`: Mutations that an app had queued while it was offline.
             *     - `FORM`: Half-filled forms.
             *     - `SECRET`: Values that an app held for secret.
             *     - `CACHE`: What can be had again: it is not migrated.
             *     - `BACKUP`: An older copy of another record: it is used where that one is corrupt.
             * @enum {string}
             */
            family: "UNSPECIFIED" | "UNKNOWN" | "TASKS" | "ENVIRONMENTS" | "PREFERENCES" | "AGENT_SESSIONS" | "MEMORIES" | "OFFLINE_QUEUE" | "FORM" | "SECRET" | "CACHE" | "BACKUP";
            /** @description What it was called in the record: its id there, or its key. */
            sourceId: string;
            /** @description `tasks`, `environments`, `preferences`, `agentSessions`, `memories` or `mutations`; empty if it becomes none. */
            table: string;
            /** @description What it is called here; empty if it becomes nothing. */
            targetId: string;
            /**
             * @description What a migration does with one resource.
             *
             *     - `SKIP`: It is there already, the same or by the resolution.
             *     - `REFUSE`: It cannot be migrated; the reason says why.
             *     - `ASK`: A person has to decide.
             *     - `KEEP`: Nobody knows what it is: it is kept as it came.
             * @enum {string}
             */
            action: "UNSPECIFIED" | "CREATE" | "MERGE" | "OVERWRITE" | "RENAME" | "SKIP" | "REFUSE" | "ASK" | "KEEP";
            /** @description Why, such as `title: is missing`; it never contains values. */
            reason: string;
            done: boolean;
            /** @description The fields that differ from what is there. */
            fields: string[];
        };
        /** @description A migration got on. */
        MigrationUpdated: {
            /** @description One import of a browser's data. */
            migration?: components["schemas"]["Migration"];
        };
        /** @description A model that makes vectors. */
        ModelStats: {
            embeddingModel: string;
            dimension: number;
            loaded: boolean;
            textCount: string;
            cacheHitCount: string;
        };
        ModifyTagsRequest: {
            add?: string[];
            remove?: string[];
        };
        /** @description A change that a client made, perhaps while it was offline. What is wrong with it makes it a dead letter, and does not keep the others of its batch. */
        Mutation: {
            /** @description Chosen by the client, unique in the project: applied once, however often it is sent. */
            id: string;
            /** @description `tasks`, `environments`, `preferences` or `agentSessions`. */
            table: string;
            /**
             * @description What a mutation does to its record.
             * @enum {string}
             */
            operation: "UNSPECIFIED" | "INSERT" | "UPDATE" | "DELETE";
            /** @description The record's id: a UUID. */
            recordId: string;
            /** @description The fields that it sets, by their names in REST: a JSON object; absent for a deletion. An insertion sets all fields: those that it does not name get what they have in a new record. */
            value?: unknown;
            /** @description The client's hybrid logical clock when it was made: `<milliseconds, 15 digits>-<counter, 6 digits>-<client id>`, later than `baseClock`. It may be five minutes ahead of the server's, and 90 days behind. */
            clock: string;
            /** @description The clock of the record as the client last had it from the server, not of what waits in its queue; empty if it had none. */
            baseClock: string;
            /** @description Who made it, for a policy that asks. */
            userId: string;
        };
        /** @description A mutation that cannot be applied. */
        MutationDeadLetter: {
            id: string;
            /** @description Who sent the mutation. */
            clientId: string;
            /** @description A change that a client made, perhaps while it was offline. What is wrong with it makes it a dead letter, and does not keep the others of its batch. */
            mutation?: components["schemas"]["Mutation"];
            /** @description Why, such as `title: is required`. */
            reason: string;
            /** @description How often it was tried. */
            attempts: number;
            createTime?: string;
        };
        /** @description A change that a client made, perhaps while it was offline. What is wrong with it makes it a dead letter, and does not keep the others of its batch. */
        MutationInput: {
            /** @description Chosen by the client, unique in the project: applied once, however often it is sent. */
            id: string;
            /** @description `tasks`, `environments`, `preferences` or `agentSessions`. */
            table?: string;
            /**
             * @description What a mutation does to its record.
             * @enum {string}
             */
            operation?: "UNSPECIFIED" | "INSERT" | "UPDATE" | "DELETE";
            /** @description The record's id: a UUID. */
            recordId?: string;
            /** @description The fields that it sets, by their names in REST: a JSON object; absent for a deletion. An insertion sets all fields: those that it does not name get what they have in a new record. */
            value?: unknown;
            /** @description The client's hybrid logical clock when it was made: `<milliseconds, 15 digits>-<counter, 6 digits>-<client id>`, later than `baseClock`. It may be five minutes ahead of the server's, and 90 days behind. */
            clock?: string;
            /** @description The clock of the record as the client last had it from the server, not of what waits in its queue; empty if it had none. */
            baseClock?: string;
            /** @description Who made it, for a policy that asks. */
            userId?: string;
        };
        /** @description The answer to one mutation. */
        MutationResult: {
            mutationId: string;
            /**
             * @description What became of a mutation.
             *
             *     - `APPLIED`: It was applied, wholly or, where fields were merged, in part.
             *     - `SUPERSEDED`: It lost by its table's policy; the loss is listed among the conflicts, for 30 days.
             *     - `CONFLICT`: A person has to decide: a conflict is open.
             *     - `REJECTED`: It cannot be applied: it is among the dead letters, with the reason.
             * @enum {string}
             */
            outcome: "UNSPECIFIED" | "APPLIED" | "SUPERSEDED" | "CONFLICT" | "REJECTED";
            /** @description It had been sent before: this is the answer that it got then, or when it was redriven. Answers are kept for 90 days. */
            isRepeated: boolean;
            /** @description PostgreSQL's id of the transaction that applied it, which its change in a shape names; 0 if nothing changed. */
            transactionId: number;
            /** @description The record's clock after it. */
            clock: string;
            /** @description Why it was rejected or lost. */
            reason: string;
            /** @description The conflict that tells of it; empty if there is none. */
            conflictId: string;
            /** @description The dead letter that it became; empty if it became none. */
            deadLetterId: string;
        };
        /** @description Where memories live, and what holds for all of them. */
        Namespace: {
            /** @description Segments joined by `/`. `agent/<id>` and what is below belongs to that agent, `team/<id>` and what is below to that team's agents, everything else to the whole project. */
            name: string;
            description: string;
            /** @description The model that makes vectors of the texts here; empty if only its writers give vectors. */
            embeddingModel: string;
            /** @description How many memories it has, those that were deleted left out. */
            memoryCount: number;
            /** @description The position of its last change. */
            sequence: string;
            createTime?: string;
            updateTime?: string;
            etag: string;
        };
        /** @description An event as a program reports it. */
        NewEventInput: {
            /** @description A UUID chosen by the caller, by which, together with `startTime`, a repetition is known; without it, a repetition is known by all of its content. The event's own id, which begins with its time, is in the answer. */
            eventId?: string;
            /**
             * @description Which part of an agent's work an event is.
             *
             *     - `AGENT`: One run of an agent.
             *     - `WORKFLOW`: One run of a workflow, or of a graph of steps.
             *     - `CHAIN`: A step that only passes on what others do.
             *     - `LLM`: A call of a language model.
             *     - `EMBEDDING`: Texts turned into vectors.
             *     - `TOOL`: A call of a tool.
             *     - `RETRIEVER`: Documents looked up.
             *     - `RERANKER`: Documents put in order.
             *     - `GUARDRAIL`: Something checked before it may go on.
             *     - `EVALUATOR`: Something judged.
             *     - `PROMPT`: A prompt made from its template.
             *     - `MEMORY`: Something remembered or recalled.
             *     - `PLAN`: The next steps thought out.
             *     - `OTHER`: Anything else, such as a request over HTTP.
             * @enum {string}
             */
            kind?: "UNSPECIFIED" | "AGENT" | "WORKFLOW" | "CHAIN" | "LLM" | "EMBEDDING" | "TOOL" | "RETRIEVER" | "RERANKER" | "GUARDRAIL" | "EVALUATOR" | "PROMPT" | "MEMORY" | "PLAN" | "OTHER";
            name: string;
            /**
             * @description How what an event records came out.
             * @enum {string}
             */
            status?: "UNSPECIFIED" | "OK" | "ERROR";
            /**
             * @description How bad it is, as OpenTelemetry's ranges of severity numbers have it.
             * @enum {string}
             */
            severity?: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
            message?: string;
            errorType?: string;
            traceId?: string;
            spanId?: string;
            parentSpanId?: string;
            /** @description Now if absent. Not before the year 2000, nor more than a day from now. */
            startTime?: string;
            /** @description As `startTime` if absent: a moment. */
            endTime?: string;
            executionId?: string;
            sessionId?: string;
            userId?: string;
            agentId?: string;
            model?: string;
            provider?: string;
            toolName?: string;
            serviceName?: string;
            tags?: string[];
            /** @description The tokens of a call of a model, or of all calls of something. */
            usage?: components["schemas"]["TokenUsageInput"];
            /** @description In US dollars; reckoned from the usage if absent. */
            cost?: number;
            input?: unknown;
            output?: unknown;
            /** @description A JSON object. */
            attributes?: unknown;
        };
        /** @description A memory to be created. */
        NewMemoryInput: {
            /** @description A UUID of the caller; the server's if empty. Creating it again with the same content returns what is there. */
            memoryId?: string;
            /** @description Made at the first write. `agent/<as_agent_id>` if empty, or `project` for the project itself. */
            namespace?: string;
            /** @description The caller's own identifier, unique in the namespace. */
            key?: string;
            /** @description The agent that wrote it; `asAgentId` if empty. */
            agentId?: string;
            sessionId?: string;
            /**
             * @description KNOWLEDGE if unspecified.
             * @enum {string}
             */
            kind?: "UNSPECIFIED" | "CONVERSATION" | "TASK_EXECUTION" | "USER_PREFERENCE" | "LEARNED_PATTERN" | "ERROR_RESOLUTION" | "CONTEXT_SUMMARY" | "KNOWLEDGE" | "SKILL";
            content: string;
            context?: string;
            metadata?: unknown;
            tags?: string[];
            /** @description From 1 to 10; 5 if zero. */
            importance?: number;
            occurTime?: string;
            validFrom?: string;
            validTo?: string;
            expireTime?: string;
            /** @description A vector of the caller's own. Without one, the namespace's embedding model makes it. */
            vector?: number[];
            /** @description The model that the vector comes from; `custom` if empty. */
            vectorModel?: string;
        };
        /** @description Begins a playback. The first frame is answered, and it waits. */
        OpenPlaybackInput: {
            /** @description Where it begins; the first snapshot if zero. */
            sequence?: number;
            /**
             * @description What a frame of a playback carries of the state.
             *
             *     - `STATE`: The whole state in every frame, or the part of it at the playback's path: the default.
             *     - `DELTA`: The delta from the frame before, in Timeloom's delta format. The first frame and one after a jump have the whole state instead, and with a path a frame has the part itself wherever it was not there in the frame before.
             *     - `CHANGES`: What differs from the frame before, as a list of changes.
             *     - `NONE`: Nothing.
             * @enum {string}
             */
            content?: "UNSPECIFIED" | "STATE" | "DELTA" | "CHANGES" | "NONE";
            /** @description Only the part of the state at this JSON pointer. */
            path?: string;
            /** @description Where a playback stops. */
            breakpoints?: components["schemas"]["BreakpointInput"][];
            /** @description Longer pauses of the recording are cut to this, in seconds; 5 if zero. */
            pauseSecondsMax?: number;
        };
        OptimizeMemoriesRequest: {
            namespace: string;
            /** @description Which of `duplicates`, `archive`, `clusters`, `summaries`; all if empty. */
            tasks?: string[];
            /** @description Only report what it would do. */
            dryRun?: boolean;
            /** @description Merge near-duplicates at once instead of proposing it. */
            applyProposals?: boolean;
            /** @description From which cosine on memories are near-duplicates; 0.95 if zero. */
            similarity?: number;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        PauseMigrationRequest: Record<string, never>;
        /** @description Stops a playback where it stands. */
        PausePlaybackInput: Record<string, never>;
        PauseWorkflowExecutionRequest: {
            /** @description For the history. */
            reason?: string;
        };
        PlanMigrationRequest: {
            /**
             * @description Another resolution from now on; as it is if unspecified.
             * @enum {string}
             */
            conflictResolution?: "UNSPECIFIED" | "SKIP" | "OVERWRITE" | "MERGE" | "RENAME" | "ASK";
        };
        PlayExecutionRequest: {
            /** @description The first frame; the first snapshot if zero, or the head if it plays backwards. */
            fromSequence?: number;
            /** @description The last frame; the head if zero, or the first snapshot if it plays backwards. */
            toSequence?: number;
            /** @description Backwards. */
            reverse?: boolean;
            /** @description How many times faster than it was recorded; as fast as possible if zero. */
            speed?: number;
            /** @description Longer pauses of the recording are cut to this, in seconds; 5 if zero. */
            pauseSecondsMax?: number;
            /**
             * @description What a frame of a playback carries of the state.
             *
             *     - `STATE`: The whole state in every frame, or the part of it at the playback's path: the default.
             *     - `DELTA`: The delta from the frame before, in Timeloom's delta format. The first frame and one after a jump have the whole state instead, and with a path a frame has the part itself wherever it was not there in the frame before.
             *     - `CHANGES`: What differs from the frame before, as a list of changes.
             *     - `NONE`: Nothing.
             * @enum {string}
             */
            content?: "UNSPECIFIED" | "STATE" | "DELTA" | "CHANGES" | "NONE";
            /** @description Only the part of the state at this JSON pointer. */
            path?: string;
            /** @description Where a playback stops. */
            breakpoints?: components["schemas"]["BreakpointInput"][];
        };
        PlayExecutionResponse: {
            /** @description One snapshot of a playback. The state that it stands for has been rebuilt and has the recorded hash. */
            frame?: components["schemas"]["PlaybackFrame"];
            /** @description In the last message: why it ended. */
            status?: components["schemas"]["PlaybackStatus"];
        };
        /** @description One snapshot of a playback. The state that it stands for has been rebuilt and has the recorded hash. */
        PlaybackFrame: {
            /** @description Without effects; with the state if the frame carries it. */
            snapshot?: components["schemas"]["Snapshot"];
            /** @description The delta from the frame before, if the frame carries that. */
            delta?: unknown;
            /** @description What differs from the frame before, if the frame carries that. */
            changes: components["schemas"]["Change"][];
            /** @description There were more changes than a frame carries. */
            changesTruncated: boolean;
            /** @description The breakpoints, by their place from 0 on, at which the playback stopped here. */
            breakpoints: number[];
        };
        /** @description How a playback stands, after a command and whenever that changes by itself. */
        PlaybackStatus: {
            /**
             * @description How a playback stands.
             *
             *     - `PLAYING`: Frames come by themselves.
             *     - `PAUSED`: It waits for a command.
             *     - `ENDED`: It stands on the last frame in the direction in which it played.
             * @enum {string}
             */
            state: "UNSPECIFIED" | "PLAYING" | "PAUSED" | "ENDED";
            /** @description The snapshot that it stands on. */
            sequence: number;
            /** @description The first and the last snapshot that it can stand on. */
            firstSequence: number;
            lastSequence: number;
            /** @description How many times faster than it was recorded it plays; zero is as fast as possible. */
            speed: number;
            /** @description Backwards. */
            reverse: boolean;
        };
        /** @description What a person has chosen. */
        Preference: {
            /** @description A UUID, chosen by the server unless the caller did. */
            id: string;
            /** @description Whose it is; empty if it is the project's. */
            userId: string;
            /** @description Unique among its user's, such as `theme`. */
            key: string;
            /** @description Any JSON value. */
            value?: unknown;
            createTime?: string;
            updateTime?: string;
            /** @description Changes whenever the preference does. */
            etag: string;
        };
        /** @description What a model costs from some time on, in US dollars for a million tokens. */
        Price: {
            id: string;
            /** @description `*` for any. */
            provider: string;
            /** @description A model's name, or the beginning of several with `*` at its end. */
            model: string;
            inputPerMillion: number;
            outputPerMillion: number;
            /** @description As those of the input if absent. */
            cacheReadPerMillion?: number;
            cacheWritePerMillion?: number;
            effectiveTime?: string;
            /** @description Whether it comes with Timeloom; a project's own prices go first. */
            builtIn: boolean;
            /** @description What has a larger input costs something else, which is not known; absent if the price holds for any. */
            inputTokensMax?: number;
        };
        /** @description Near-duplicates that may become one memory. */
        Proposal: {
            id: string;
            namespace: string;
            /** @description What would be merged, the one that would stay first. */
            memoryIds: string[];
            /** @description How alike they are at least, as a cosine. */
            similarity: number;
            /**
             * @description What became of a proposal.
             *
             *     - `UNDONE`: It was applied, and undone later.
             * @enum {string}
             */
            state: "UNSPECIFIED" | "OPEN" | "APPLIED" | "REJECTED" | "UNDONE";
            createTime?: string;
            updateTime?: string;
        };
        PruneExecutionsRequest: {
            /** @description What to keep; the project's own policy if absent. */
            policy?: components["schemas"]["RetentionPolicyInput"];
            /** @description Only these executions; all that the other fields let pass if empty. */
            executionIds?: string[];
            /** @description Only this agent's. */
            agentId?: string;
            /** @description Only this conversation's. */
            sessionId?: string;
            /** @description Only tells what this call would do. */
            dryRun?: boolean;
        };
        PruneExecutionsResponse: {
            /** @description Those that lose something; at most 1,000. */
            executions: components["schemas"]["PrunedExecution"][];
            /** @description Over all executions. */
            snapshotCount: number;
            /** @description In bytes, over all executions. */
            storedBytes: number;
            /** @description There were more executions: call again. */
            truncated: boolean;
        };
        /** @description What pruning did, or would do, to one execution. */
        PrunedExecution: {
            executionId: string;
            /** @description How many snapshots go. */
            snapshotCount: number;
            /** @description What they and their effects took, compressed, in bytes. */
            storedBytes: number;
            /** @description The whole execution goes. */
            deleted: boolean;
        };
        PublishEventsRequest: {
            /** @description Something that happened in the world, that workflows may begin or go on by. */
            events: components["schemas"]["WorkflowEventInput"][];
        };
        PublishEventsResponse: {
            /** @description With their ids and what they did, in order. */
            events: components["schemas"]["WorkflowEvent"][];
        };
        QueryMeasurementsResponse: {
            /** @description Something that is measured. */
            instrument?: components["schemas"]["Instrument"];
            /** @description The points of one group. */
            series: components["schemas"]["MeasurementSeries"][];
            /** @description The beginnings of the points. */
            times: string[];
        };
        QueryMetricsResponse: {
            /** @description Those with most events first, the rest last. */
            series: components["schemas"]["MetricSeries"][];
            /** @description The beginnings of the points. */
            times: string[];
            stepSeconds: number;
            /** @description Whether percentiles are exact; otherwise they are within one percent. */
            isExact: boolean;
        };
        /** @description How the signals become a score. What is absent has its default. */
        RankingInput: {
            /** @description Factors of the weights of the signals, from 0 to 10; 1 if absent. The score is their weighted mean. */
            semantic?: number;
            keyword?: number;
            context?: number;
            /** @description How strongly the bounded boosts count, from 0 (not at all) to 0.2. */
            recency?: number;
            importance?: number;
            frequency?: number;
            time?: number;
        };
        ReadSubscriptionResponse: {
            /** @description One thing that an agent remembers. What was written is never rewritten: a change makes a new version, and a fact that no longer holds is superseded by another memory. */
            memories: components["schemas"]["Memory"][];
            /** @description What to acknowledge when they have been taken in. */
            sequence: string;
        };
        ReceiveCallbackResponse: Record<string, never>;
        ReceiveWebhookResponse: {
            /** @description Empty if none began: the trigger asks for other calls, or what comes is collected first. */
            executionId: string;
        };
        RecordEffectsRequest: {
            /** @description A recorded answer of the outside world within a step. */
            effects: components["schemas"]["EffectInput"][];
            /** @description Replaces effects whose keys are there already. */
            replace?: boolean;
        };
        RecordEffectsResponse: {
            /** @description All effects of the snapshot, without their requests and responses. */
            effects: components["schemas"]["Effect"][];
        };
        RecordSnapshotRequest: {
            /**
             * @description STEP_END if it is unspecified.
             * @enum {string}
             */
            kind?: "UNSPECIFIED" | "EXECUTION_START" | "STEP_START" | "STEP_END" | "DECISION_POINT" | "ERROR_STATE" | "EXECUTION_END" | "CHECKPOINT" | "ROLLBACK_POINT";
            /** @description Which step ran. */
            stepName?: string;
            /** @description A name for this snapshot. */
            label?: string;
            tags?: string[];
            /** @description The caller's own identifier, unique in the execution. A repeated call with the same key returns the recorded snapshot. */
            key?: string;
            /** @description Anything that the caller wants to keep with the snapshot. */
            metadata?: unknown;
            /** @description The whole state, as JSON. */
            state?: unknown;
            /** @description The delta from the parent's state, in Timeloom's delta format. */
            delta?: unknown;
            /** @description The snapshot that this one is made from, which must be the head; the head, whatever it is, if absent. */
            parentSequence?: number;
            /** @description Allows a parent that is not the head: the execution branches there, and the new snapshot becomes its head. */
            branch?: boolean;
            /** @description The hash that the caller expects the state to have, in hex. Not checked if empty. */
            stateHash?: string;
            /** @description What the outside world answered in this step. */
            effects?: components["schemas"]["EffectInput"][];
            /** @description When the step ended, by the caller's clock; the server's time of arrival if absent. */
            createTime?: string;
        };
        RecordSnapshotRequestInput: {
            executionId?: string;
            /**
             * @description STEP_END if it is unspecified.
             * @enum {string}
             */
            kind?: "UNSPECIFIED" | "EXECUTION_START" | "STEP_START" | "STEP_END" | "DECISION_POINT" | "ERROR_STATE" | "EXECUTION_END" | "CHECKPOINT" | "ROLLBACK_POINT";
            /** @description Which step ran. */
            stepName?: string;
            /** @description A name for this snapshot. */
            label?: string;
            tags?: string[];
            /** @description The caller's own identifier, unique in the execution. A repeated call with the same key returns the recorded snapshot. */
            key?: string;
            /** @description Anything that the caller wants to keep with the snapshot. */
            metadata?: unknown;
            /** @description The whole state, as JSON. */
            state?: unknown;
            /** @description The delta from the parent's state, in Timeloom's delta format. */
            delta?: unknown;
            /** @description The snapshot that this one is made from, which must be the head; the head, whatever it is, if absent. */
            parentSequence?: number;
            /** @description Allows a parent that is not the head: the execution branches there, and the new snapshot becomes its head. */
            branch?: boolean;
            /** @description The hash that the caller expects the state to have, in hex. Not checked if empty. */
            stateHash?: string;
            /** @description What the outside world answered in this step. */
            effects?: components["schemas"]["EffectInput"][];
            /** @description When the step ended, by the caller's clock; the server's time of arrival if absent. */
            createTime?: string;
        };
        RedriveDeadLetterRequest: Record<string, never>;
        RedriveMutationRequest: {
            /** @description In place of the mutation's own value; that is tried again if absent. */
            value?: unknown;
        };
        ReembedNamespaceRequest: {
            embeddingModel: string;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        RejectProposalRequest: {
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        ResolveMigrationConflictRequest: {
            /** @description All that are open if empty, but for those of a rollback. */
            conflictId?: string;
            /**
             * @description Required; anything but `ASK`; `SKIP` or `OVERWRITE` where a rollback left something alone.
             * @enum {string}
             */
            resolution?: "UNSPECIFIED" | "SKIP" | "OVERWRITE" | "MERGE" | "RENAME" | "ASK";
        };
        ResolveSyncConflictRequest: {
            /**
             * @description Required.
             * @enum {string}
             */
            choice?: "UNSPECIFIED" | "CLIENT" | "SERVER" | "VALUE";
            /** @description The fields to set, by their names in REST: a JSON object; for `CHOICE_VALUE` alone. */
            value?: unknown;
        };
        RestoreMemoryRequest: {
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        ResumeMigrationRequest: Record<string, never>;
        ResumeWorkflowExecutionRequest: {
            /** @description For the history. */
            reason?: string;
        };
        /** @description How long a project's telemetry is kept. Nothing goes unless a project says so. */
        Retention: {
            /** @description Events with their traces, sessions, metrics and scores go so many whole days after they began; zero keeps them for ever. Executions that traces became in time travel stay. */
            days: number;
            /** @description The same for the points of OpenTelemetry's metrics. */
            metricDays: number;
        };
        /** @description How long a project's telemetry is kept. Nothing goes unless a project says so. */
        RetentionInput: {
            /** @description Events with their traces, sessions, metrics and scores go so many whole days after they began; zero keeps them for ever. Executions that traces became in time travel stay. */
            days?: number;
            /** @description The same for the points of OpenTelemetry's metrics. */
            metricDays?: number;
        };
        /** @description What is kept when snapshots are pruned: whatever any of its rules keeps. Heads, and the snapshots that other executions were forked from with all before those, are always kept. If no rule says what is kept, no single snapshot is pruned. */
        RetentionPolicy: {
            /** @description The newest so many snapshots of each execution; zero keeps none by this rule. */
            keepLast: number;
            /** @description Those with a tag or label. */
            keepTagged: boolean;
            /** @description Those younger than this. */
            keepYoungerThan?: string;
            /** @description Those of these kinds. */
            keepKinds: ("UNSPECIFIED" | "EXECUTION_START" | "STEP_START" | "STEP_END" | "DECISION_POINT" | "ERROR_STATE" | "EXECUTION_END" | "CHECKPOINT" | "ROLLBACK_POINT")[];
            /** @description Whole executions that ended longer ago are deleted, whatever the other rules keep; never if absent. */
            deleteEndedAfter?: string;
        };
        /** @description What is kept when snapshots are pruned: whatever any of its rules keeps. Heads, and the snapshots that other executions were forked from with all before those, are always kept. If no rule says what is kept, no single snapshot is pruned. */
        RetentionPolicyInput: {
            /** @description The newest so many snapshots of each execution; zero keeps none by this rule. */
            keepLast?: number;
            /** @description Those with a tag or label. */
            keepTagged?: boolean;
            /** @description Those younger than this. */
            keepYoungerThan?: string;
            /** @description Those of these kinds. */
            keepKinds?: ("UNSPECIFIED" | "EXECUTION_START" | "STEP_START" | "STEP_END" | "DECISION_POINT" | "ERROR_STATE" | "EXECUTION_END" | "CHECKPOINT" | "ROLLBACK_POINT")[];
            /** @description Whole executions that ended longer ago are deleted, whatever the other rules keep; never if absent. */
            deleteEndedAfter?: string;
        };
        RetryWorkflowExecutionRequest: {
            /** @description For the history. */
            reason?: string;
            /** @description This step and all that began after it run again; only those that failed if empty. */
            fromStepId?: string;
            /** @description The version to go on with; the one that it has if zero. */
            version?: number;
        };
        RevokeApiKeyRequest: Record<string, never>;
        RevokeGrantResponse: Record<string, never>;
        RollBackMigrationRequest: Record<string, never>;
        RollbackExecutionRequest: {
            /** @description The snapshot that the execution is to stand on. */
            sequence: number;
            /** @description The snapshot that the caller believes it stands on; the rollback is refused if it stands elsewhere by now. */
            expectedHeadSequence: number;
            /** @description Why, for those who look at it later. */
            reason?: string;
            /** @description Lets an execution that has ended run again; without this it is refused. */
            reopen?: boolean;
        };
        RollbackExecutionResponse: {
            /** @description One run of an agent. */
            execution?: components["schemas"]["Execution"];
            /** @description A move of an execution's head by a rollback. It deletes nothing. */
            headMove?: components["schemas"]["HeadMove"];
            /** @description What the outside world did on the way that is rolled back, and which no rollback undoes: at most 1,000, without requests and responses. */
            effects: components["schemas"]["TimelineEffect"][];
            /** @description There were more. */
            effectsTruncated: boolean;
        };
        RotateApiKeyRequest: {
            /** @description How long the old secret goes on working, in seconds; at most a week. */
            graceSeconds?: number;
        };
        RotateApiKeyResponse: {
            /** @description A credential of one project. Its secret is shown once, when it is created or rotated. */
            apiKey?: components["schemas"]["ApiKey"];
            /** @description The whole new key, to be kept by the caller: it cannot be shown again. */
            secret: string;
        };
        RotateWebhookSecretRequest: Record<string, never>;
        RotateWebhookSecretResponse: {
            secret: string;
        };
        /** @description How good something was: of a trace, of one span in it, of an execution, or of a session. */
        Score: {
            id: string;
            /** @description What was judged, such as `helpfulness`. */
            name: string;
            /** @description Absent for a score that is only a label. */
            value?: number;
            /** @description Such as `good`; may be empty. */
            label: string;
            /** @description Why; may be empty. */
            comment: string;
            /**
             * @description Who gave a score.
             *
             *     - `HUMAN`: A person: feedback.
             *     - `EVALUATOR`: A program, or a model that judges.
             *     - `TELEMETRY`: It came with the telemetry.
             * @enum {string}
             */
            source: "UNSPECIFIED" | "HUMAN" | "EVALUATOR" | "TELEMETRY";
            /** @description At least one of these is set. */
            traceId: string;
            spanId: string;
            executionId: string;
            sessionId: string;
            /** @description Who judged; may be empty. */
            authorId: string;
            metadata?: unknown;
            createTime?: string;
        };
        /** @description A score was given. */
        ScoreCreated: {
            /** @description How good something was: of a trace, of one span in it, of an execution, or of a session. */
            score?: components["schemas"]["Score"];
        };
        SearchEventsRequest: {
            /** @description Words, or a sentence. */
            query: string;
            /** @description Which events. All that is given must hold; of a repeated field, one of its values. */
            filter?: components["schemas"]["EventFilterInput"];
            /** @description At most this many; 20 if zero. */
            limit?: number;
            /**
             * @description What a search goes by.
             *
             *     - `UNSPECIFIED`: Words and meaning.
             * @enum {string}
             */
            mode?: "UNSPECIFIED" | "WORDS" | "MEANING";
        };
        SearchEventsResponse: {
            /** @description An event that was found, and why. */
            matches: components["schemas"]["EventMatch"][];
            /** @description Whether the search went by meaning, too; it does not while the embedder cannot be reached. */
            byMeaning: boolean;
        };
        SearchMemoriesRequest: {
            /** @description What to look for. Needed unless there is a vector. */
            query?: string;
            /** @description A vector to look for, instead of or besides the query. */
            vector?: number[];
            /** @description The model that the vector comes from; `custom` if empty. */
            vectorModel?: string;
            /** @description Where: these namespaces and what is below them; in all that may be read if empty. */
            namespaces?: string[];
            /** @description What memories a call is about. Empty fields do not count; all others must hold. */
            filter?: components["schemas"]["MemoryFilterInput"];
            /** @description At most this many; 10 if zero. */
            limit?: number;
            /** @description The sequence of a write that the search must see. */
            minSequence?: string | number;
            /** @description With what each signal contributed. */
            explain?: boolean;
            /** @description Of near-duplicates only the best. */
            collapseDuplicates?: boolean;
            /** @description How the signals become a score. What is absent has its default. */
            ranking?: components["schemas"]["RankingInput"];
            /** @description Only what is at least this alike, as a cosine; for searches with vectors. */
            similarityMin?: number;
            /** @description Do not count this as an access of what is found. */
            silent?: boolean;
            /** @description What "today" means in the query; now if absent. */
            referenceTime?: string;
            /** @description Only what scores at least this: 0.15 leaves out what has little to do with the query. All if zero or absent; in a context 0.15 if absent. Of a memory without a vector a third of it is asked, and nothing of what happened at the time that the query names. */
            scoreMin?: number;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        SearchMemoriesRequestInput: {
            /** @description What to look for. Needed unless there is a vector. */
            query?: string;
            /** @description A vector to look for, instead of or besides the query. */
            vector?: number[];
            /** @description The model that the vector comes from; `custom` if empty. */
            vectorModel?: string;
            /** @description Where: these namespaces and what is below them; in all that may be read if empty. */
            namespaces?: string[];
            /** @description What memories a call is about. Empty fields do not count; all others must hold. */
            filter?: components["schemas"]["MemoryFilterInput"];
            /** @description At most this many; 10 if zero. */
            limit?: number;
            /** @description The sequence of a write that the search must see. */
            minSequence?: string | number;
            /** @description With what each signal contributed. */
            explain?: boolean;
            /** @description Of near-duplicates only the best. */
            collapseDuplicates?: boolean;
            /** @description How the signals become a score. What is absent has its default. */
            ranking?: components["schemas"]["RankingInput"];
            /** @description Only what is at least this alike, as a cosine; for searches with vectors. */
            similarityMin?: number;
            /** @description Do not count this as an access of what is found. */
            silent?: boolean;
            /** @description What "today" means in the query; now if absent. */
            referenceTime?: string;
            /** @description Only what scores at least this: 0.15 leaves out what has little to do with the query. All if zero or absent; in a context 0.15 if absent. Of a memory without a vector a third of it is asked, and nothing of what happened at the time that the query names. */
            scoreMin?: number;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        SearchMemoriesResponse: {
            results: components["schemas"]["SearchResult"][];
            /** @description Up to which change of the project it has seen everything. */
            sequence: string;
            /** @description The time that the query names, if it names one. */
            timeRange?: components["schemas"]["TimeRange"];
        };
        SearchResult: {
            /** @description One thing that an agent remembers. What was written is never rewritten: a change makes a new version, and a fact that no longer holds is superseded by another memory. */
            memory?: components["schemas"]["Memory"];
            score: number;
            /** @description If it was asked for. */
            signals?: components["schemas"]["Signals"];
            /** @description Near-duplicates that it stands for. */
            duplicateIds: string[];
        };
        /** @description A conversation: the traces that name one session. */
        Session: {
            id: string;
            userId: string;
            startTime?: string;
            /** @description When the last of its spans that are known here began. */
            lastTime?: string;
            traceCount: number;
            /** @description How many of them failed. */
            errorCount: number;
            agentIds: string[];
            /** @description The tokens of a call of a model, or of all calls of something. */
            usage?: components["schemas"]["TokenUsage"];
            /** @description What something cost, in US dollars. */
            cost?: components["schemas"]["Cost"];
        };
        /** @description Replaces the breakpoints of a playback. */
        SetBreakpointsInput: {
            /** @description Where a playback stops. */
            breakpoints?: components["schemas"]["BreakpointInput"][];
        };
        SetSyncPolicyRequest: {
            /**
             * @description Required.
             * @enum {string}
             */
            policy?: "UNSPECIFIED" | "LAST_WRITE_WINS" | "SERVER_WINS" | "USER_PRIORITY" | "FIELD_MERGE" | "MANUAL";
        };
        SetTeamRequest: {
            agentIds?: string[];
        };
        /** @description A part of the index in this replica's memory. */
        ShardStats: {
            namespace: string;
            embeddingModel: string;
            dimension: number;
            vectorCount: number;
            /** @description `FLAT` or `HNSW`. */
            structure: string;
            sizeBytes: string;
            /** @description Up to which change of the project it is. */
            sequence: string;
        };
        ShareRequest: {
            /** @description The namespace, with everything below it; or a memory. */
            namespace?: string;
            memoryId?: string;
            /** @description `agent/<id>`, `team/<id>` or `project`. */
            principal: string;
            /**
             * @description READ if unspecified.
             * @enum {string}
             */
            permission?: "UNSPECIFIED" | "READ" | "WRITE";
            expireTime?: string;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        /** @description What one signal contributed to a score. */
        Signal: {
            /** @description The memory's place in the signal's own list, from 1 on; 0 if it is not in it or the signal has none. */
            rank: number;
            /** @description The signal's own measure: a cosine, BM25 as a share of the most that the query can get, a probability of recall. */
            value: number;
            /** @description What it added to the score, or multiplied it by for a boost. */
            contribution: number;
        };
        SignalWorkflowExecutionRequest: {
            name: string;
            /** @description Any JSON; `true` if absent. */
            data?: unknown;
            /** @description A signal that is sent twice with the same id counts once; may be empty. */
            signalId?: string;
        };
        Signals: {
            /** @description What one signal contributed to a score. */
            semantic?: components["schemas"]["Signal"];
            /** @description What one signal contributed to a score. */
            keyword?: components["schemas"]["Signal"];
            /** @description The words of its context, with its own. */
            context?: components["schemas"]["Signal"];
            /** @description What one signal contributed to a score. */
            recency?: components["schemas"]["Signal"];
            /** @description What one signal contributed to a score. */
            importance?: components["schemas"]["Signal"];
            /** @description What one signal contributed to a score. */
            frequency?: components["schemas"]["Signal"];
            /** @description How well it fits the time that the query names. */
            time?: components["schemas"]["Signal"];
            /** @description The meaning of its context, with its own. */
            contextSemantic?: components["schemas"]["Signal"];
        };
        /** @description An execution's state after a step. */
        Snapshot: {
            executionId: string;
            /** @description Its number in the execution, from 1 on; there are no gaps but those of snapshots that were deleted. */
            sequence: number;
            /** @description The snapshot that it was made from; zero for the first. */
            parentSequence: number;
            /**
             * @description What a snapshot marks in the course of an execution.
             *
             *     - `EXECUTION_START`: The state before the first step.
             *     - `STEP_START`: A step is about to run.
             *     - `STEP_END`: A step has run: the usual kind.
             *     - `DECISION_POINT`: The agent chose between ways to go on.
             *     - `ERROR_STATE`: A step failed.
             *     - `EXECUTION_END`: The state that the execution ended with.
             *     - `CHECKPOINT`: A framework's checkpoint, from which the agent can go on.
             *     - `ROLLBACK_POINT`: A place marked to come back to.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "EXECUTION_START" | "STEP_START" | "STEP_END" | "DECISION_POINT" | "ERROR_STATE" | "EXECUTION_END" | "CHECKPOINT" | "ROLLBACK_POINT";
            /** @description Which step ran; may be empty. */
            stepName: string;
            /** @description A name that a person or program gave to this snapshot; may be empty. */
            label: string;
            tags: string[];
            /** @description The caller's own identifier of the snapshot, unique in the execution; may be empty. */
            key: string;
            /** @description Anything that the caller wants to keep with the snapshot. */
            metadata?: unknown;
            /** @description The state, or the part of it that was asked for, in canonical form. Lists leave it out. */
            state?: unknown;
            /** @description The hash of the whole state, in hex; equal states have equal hashes. */
            stateHash: string;
            /** @description The hash of this snapshot's delta chained to its parent's hash, in hex. */
            chainHash: string;
            /** @description The size of the whole state in canonical form, in bytes. */
            stateBytes: number;
            /** @description What its storage takes, compressed, in bytes. */
            storedBytes: number;
            /** @description What the outside world answered on the way from its parent to it. Lists leave it out. */
            effects: components["schemas"]["Effect"][];
            effectCount: number;
            createTime?: string;
        };
        /** @description Names a snapshot. */
        SnapshotRef: {
            executionId: string;
            sequence: number;
        };
        /** @description A snapshot was given another label or other tags than it had. */
        SnapshotUpdated: {
            executionId: string;
            sequence: number;
            label: string;
            tags: string[];
        };
        /** @description Snapshots of an execution were deleted. */
        SnapshotsDeleted: {
            executionId: string;
            /** @description The first of them. */
            firstSequence: number;
            /** @description The last of them; some in between may still be there. */
            lastSequence: number;
            /** @description How many they are. */
            snapshotCount: number;
        };
        /** @description Snapshots were committed to an execution; the sequences are contiguous. */
        SnapshotsRecorded: {
            executionId: string;
            /** @description The first of them. */
            firstSequence: number;
            /** @description The last of them: the execution's head. */
            lastSequence: number;
            /** @description The step name of the last of them. */
            stepName: string;
        };
        /** @description A list of tags that can be told from no list. */
        SnapshotsTagListInput: {
            values?: string[];
        };
        /** @description Something that is not as it was recorded. */
        SnapshotsVerificationProblem: {
            /** @description The execution whose row it is: another one than the verified if that was forked from it. */
            executionId: string;
            sequence: number;
            /** @description What is wrong, for people. */
            message: string;
        };
        StartMigrationRequest: Record<string, never>;
        /** @description Lets a playback play. */
        StartPlaybackInput: {
            /** @description How many times faster than it was recorded, from 0.25 to 8; as fast as possible if zero. */
            speed?: number;
            /** @description Backwards. */
            reverse?: boolean;
        };
        /** @description One step of an execution, as it stands now. */
        Step: {
            executionId: string;
            /** @description Unique in the execution: the id in the definition, with the places of what it is within, such as `documents[3].summarise`; repeated names of a worker's code are numbered, such as `fetch:2`. */
            id: string;
            /**
             * @description What a step does.
             *
             *     - `RUN`: A function within a worker's workflow.
             *     - `ACTION`: A worker's task, an HTTP or gRPC call, an operation on memories, a language model.
             *     - `WAIT`: Waits for a time, an event or a signal.
             *     - `HUMAN_APPROVAL`: Waits for a person's decision.
             *     - `WEBHOOK`: Calls a webhook, or waits to be called back.
             *     - `TRANSFORM`: Computes by expressions.
             *     - `WORKFLOW`: Runs another workflow and waits for its end.
             *     - `COMPENSATION`: Undoes what an earlier step did.
             *     - `PATCH`: A worker's code remembers which of its versions an execution follows.
             * @enum {string}
             */
            type: "UNSPECIFIED" | "RUN" | "ACTION" | "CONDITION" | "SWITCH" | "PARALLEL" | "FOREACH" | "LOOP" | "WAIT" | "HUMAN_APPROVAL" | "WEBHOOK" | "TRANSFORM" | "WORKFLOW" | "COMPENSATION" | "PATCH";
            /**
             * @description How a step stands.
             *
             *     - `PENDING`: It is to run, and waits for a worker or a slot.
             *     - `RETRYING`: It failed, and is tried again at its `wake_time`.
             *     - `WAITING`: It waits for what `waiting_for` says.
             *     - `SKIPPED`: Its condition did not hold, or the way went past it.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "PENDING" | "RUNNING" | "RETRYING" | "WAITING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "SKIPPED";
            /** @description The step that it is within; empty at the top. */
            parentId: string;
            /** @description In which order steps began, from 1 on. */
            position: number;
            /** @description Which try this is, from 1 on; zero before the first. */
            attempt: number;
            /** @description Lists leave out input and output unless asked for. */
            input?: unknown;
            output?: unknown;
            /** @description Why the last try failed; absent if none has. */
            error?: components["schemas"]["WorkflowError"];
            /**
             * @description What an execution or a step waits for.
             *
             *     - `TIME`: For its `wake_time`.
             *     - `EVENT`: For a published event.
             *     - `SIGNAL`: For a signal to this execution.
             *     - `APPROVAL`: For a person's decision.
             *     - `EXECUTION`: For another execution to end.
             *     - `WORKER`: For a worker that can run it and has room.
             *     - `SLOT`: For a slot under a limit of concurrency, or for its turn under a throttle.
             *     - `WEBHOOK`: For a call back.
             * @enum {string}
             */
            waitingFor: "UNSPECIFIED" | "TIME" | "EVENT" | "SIGNAL" | "APPROVAL" | "EXECUTION" | "WORKER" | "SLOT" | "WEBHOOK";
            /** @description The name of the event or signal, the id of the execution, or the question, that it waits for; or the address that is to be called back. */
            waitingName: string;
            /** @description When it is tried again, or stops waiting. */
            wakeTime?: string;
            /** @description The worker that runs it, or ran it last; empty if the engine does. */
            workerId: string;
            /** @description What the worker said about its progress last: any JSON. */
            progress?: unknown;
            createTime?: string;
            startTime?: string;
            endTime?: string;
        };
        /** @description Moves a playback by single frames, all of which are sent, up to the first breakpoint. Then it waits. */
        StepPlaybackInput: {
            /** @description How many frames on, or back if negative; one on if zero. */
            count?: number;
        };
        /** @description Names a step of an execution. */
        StepRef: {
            executionId: string;
            stepId: string;
        };
        /** @description An agent's wish to learn of new memories. */
        Subscription: {
            id: string;
            agentId: string;
            /** @description Where; everything that the agent may read if empty. */
            namespaces: string[];
            /** @description Only these kinds. */
            kinds: ("UNSPECIFIED" | "CONVERSATION" | "TASK_EXECUTION" | "USER_PREFERENCE" | "LEARNED_PATTERN" | "ERROR_RESOLUTION" | "CONTEXT_SUMMARY" | "KNOWLEDGE" | "SKILL")[];
            /** @description Only those that have at least one of these tags. */
            tags: string[];
            /** @description Up to which change of the project the agent has read. */
            sequence: string;
            createTime?: string;
        };
        SummarizeMemoriesRequest: {
            namespace: string;
            /** @description What memories a call is about. Empty fields do not count; all others must hold. */
            filter?: components["schemas"]["MemoryFilterInput"];
            /** @description What it should be about; everything if empty. */
            query?: string;
            /** @description The longest that it may be; 300 if zero. */
            maxTokens?: number;
            /**
             * @description EXTRACTIVE if unspecified.
             * @enum {string}
             */
            method?: "UNSPECIFIED" | "EXTRACTIVE" | "GENERATIVE";
            /** @description Also remember it, as a CONTEXT_SUMMARY. */
            save?: boolean;
            /** @description How many memories it looks at, at most, newest first; 1,000 if zero. */
            memoryLimit?: number;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        SummarizeMemoriesResponse: {
            text: string;
            /** @description A sentence of a summary and where it comes from. */
            sentences: components["schemas"]["SummarySentence"][];
            sourceIds: string[];
            tokenCount: number;
            tokenizer: string;
            /** @description If it was saved. */
            memory?: components["schemas"]["Memory"];
        };
        /** @description A sentence of a summary and where it comes from. */
        SummarySentence: {
            text: string;
            sourceIds: string[];
        };
        SupersedeMemoryRequest: {
            /** @description What holds now. What it leaves empty is taken over from the old one. */
            replacement: components["schemas"]["NewMemoryInput"];
            /** @description From when on; now if absent. */
            validFrom?: string;
            reason?: string;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        /** @description A mutation that met a record which had been changed since its writer saw it. */
        SyncConflict: {
            id: string;
            /**
             * @description How far a conflict is.
             *
             *     - `OPEN`: A person has to decide.
             *     - `RESOLVED`: The policy decided, or a person.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "OPEN" | "RESOLVED";
            /**
             * @description Who wins when a mutation meets a record that was changed since its writer saw it.
             *
             *     - `LAST_WRITE_WINS`: The later of both, by their hybrid logical clocks.
             *     - `SERVER_WINS`: What the server has.
             *     - `USER_PRIORITY`: The record's own user before others; among equals the later one.
             *     - `FIELD_MERGE`: Field by field, the later one.
             *     - `MANUAL`: Nobody: a person decides.
             * @enum {string}
             */
            policy: "UNSPECIFIED" | "LAST_WRITE_WINS" | "SERVER_WINS" | "USER_PRIORITY" | "FIELD_MERGE" | "MANUAL";
            /** @description A change that a client made, perhaps while it was offline. What is wrong with it makes it a dead letter, and does not keep the others of its batch. */
            mutation?: components["schemas"]["Mutation"];
            /** @description The record as the mutation met it; absent if it was deleted. */
            serverValue?: unknown;
            serverClock: string;
            /** @description The fields that both had changed. */
            fields: string[];
            /** @description What the record became by it; absent while it is open, or if it was deleted. */
            result?: unknown;
            /** @description Who sent the mutation. */
            clientId: string;
            createTime?: string;
            resolveTime?: string;
        };
        /** @description A mutation met a record that had been changed meanwhile, and a person has to decide. */
        SyncConflictOpened: {
            conflictId: string;
            table: string;
            recordId: string;
        };
        SyncMemoriesRequest: {
            /** @description A side of a synchronisation. */
            source: components["schemas"]["SyncSideInput"];
            /** @description A side of a synchronisation. */
            target: components["schemas"]["SyncSideInput"];
            /**
             * @description What happens when both sides have a memory of the same key, or near-duplicates.
             *
             *     - `NEWEST`: The one that was changed last stays.
             *     - `IMPORTANCE`: The more important one stays.
             *     - `MOST_ACCESSED`: The one that was used most stays.
             *     - `MERGE`: Both become one, with both as its sources.
             *     - `KEEP_BOTH`: Both stay.
             * @enum {string}
             */
            policy?: "UNSPECIFIED" | "NEWEST" | "IMPORTANCE" | "MOST_ACCESSED" | "MERGE" | "KEEP_BOTH";
            /** @description From which cosine on two memories are near-duplicates; 0.95 if zero. */
            similarity?: number;
            /** @description Only say what would happen. */
            dryRun?: boolean;
            /** @description Also the other way. */
            bothWays?: boolean;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        SyncMemoriesResponse: {
            /** @description What became of one memory of the source. */
            outcomes: components["schemas"]["SyncOutcome"][];
            sequence: string;
        };
        /** @description What became of one memory of the source. */
        SyncOutcome: {
            sourceId: string;
            /** @description What it met; empty if nothing. */
            targetId: string;
            /** @description What there is on the target's side now; empty in a dry run if it would be new. */
            resultId: string;
            /**
             * @description What was done about one memory.
             *
             *     - `COPIED`: Copied to the other side.
             *     - `UNCHANGED`: Both sides had the same already, or what to do was settled before and neither has changed since.
             *     - `KEPT_TARGET`: The target's stayed; or it was deleted there, and the source has not changed since.
             *     - `TOOK_SOURCE`: The source's took the place of the target's, which was superseded.
             * @enum {string}
             */
            action: "UNSPECIFIED" | "COPIED" | "UNCHANGED" | "KEPT_TARGET" | "TOOK_SOURCE" | "MERGED" | "KEPT_BOTH";
            /** @description How alike the two are, as a cosine; 0 if they met by their key. */
            similarity: number;
        };
        /** @description The conflict policy of a table. */
        SyncPolicy: {
            table: string;
            /**
             * @description Who wins when a mutation meets a record that was changed since its writer saw it.
             *
             *     - `LAST_WRITE_WINS`: The later of both, by their hybrid logical clocks.
             *     - `SERVER_WINS`: What the server has.
             *     - `USER_PRIORITY`: The record's own user before others; among equals the later one.
             *     - `FIELD_MERGE`: Field by field, the later one.
             *     - `MANUAL`: Nobody: a person decides.
             * @enum {string}
             */
            policy: "UNSPECIFIED" | "LAST_WRITE_WINS" | "SERVER_WINS" | "USER_PRIORITY" | "FIELD_MERGE" | "MANUAL";
        };
        /** @description A side of a synchronisation. */
        SyncSideInput: {
            namespace: string;
            /** @description Only this session; all if empty. */
            sessionId?: string;
        };
        /** @description Tags that replace others: an empty list is not the same as none. */
        TagListInput: {
            values?: string[];
        };
        /** @description The first one comes at once and has no events: it says where the tail begins. */
        TailEventsResponse: {
            /** @description Without inputs, outputs and attributes. */
            events: components["schemas"]["Event"][];
            /** @description Whoever resumes after it misses nothing. It is kept for an hour, or less if very much comes. */
            position: string;
            /** @description How many events before these were left out, because the caller took them more slowly than they came. */
            skippedCount: number;
        };
        TailSnapshotsResponse: {
            /** @description The snapshot, without its state and effects; absent in the last message. */
            snapshot?: components["schemas"]["Snapshot"];
            /** @description The execution as it ended; only in the last message. */
            execution?: components["schemas"]["Execution"];
        };
        /** @description Something that a person wants an agent to do. */
        Task: {
            /** @description A UUID, chosen by the server unless the caller did. */
            id: string;
            title: string;
            description: string;
            /**
             * @description How far a task is.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "PENDING" | "IN_PROGRESS" | "PAUSED" | "COMPLETED" | "CANCELLED";
            /**
             * @description How soon a task is to be done.
             * @enum {string}
             */
            priority: "UNSPECIFIED" | "LOW" | "MEDIUM" | "HIGH";
            /**
             * @description What an agent is to do with a task.
             *
             *     - `CODE`: Change the code.
             *     - `ASK`: Answer a question.
             * @enum {string}
             */
            mode: "UNSPECIFIED" | "CODE" | "ASK";
            /** @description Whose it is; empty if it is the project's. */
            userId: string;
            /** @description The conversation that it is worked on in. */
            sessionId: string;
            /** @description Where it is worked on; empty if that is not known. */
            environmentId: string;
            repository: string;
            branch: string;
            /** @description What to tell people about its status. */
            statusMessage: string;
            /** @description Whether its work changed something that is not merged. */
            hasChanges: boolean;
            archived: boolean;
            /** @description A JSON array of the messages that were exchanged about it, in order. */
            messages?: unknown;
            /** @description A JSON object about the pull request that came of it; absent if there is none. */
            pullRequest?: unknown;
            /** @description Any number of words to find it by. */
            tags: string[];
            /** @description Any JSON object to keep with it. */
            metadata?: unknown;
            createTime?: string;
            updateTime?: string;
            /** @description Changes whenever the task does. */
            etag: string;
        };
        /** @description Agents that share what is in `team/<id>`. */
        Team: {
            id: string;
            agentIds: string[];
            updateTime?: string;
        };
        TestAlertRuleRequest: {
            /** @description When to raise an alert, and whom to tell. */
            rule: components["schemas"]["AlertRuleInput"];
            /** @description From then on, at most a week; the last day if absent. Over a longer time the checks are further apart. */
            startedAfter?: string;
        };
        TestAlertRuleResponse: {
            /** @description What it would have raised, oldest first, at most a hundred. */
            alerts: components["schemas"]["Alert"][];
        };
        /** @description A time that a query names. */
        TimeRange: {
            fromTime?: string;
            toTime?: string;
            /** @description The words that say so. */
            words: string;
        };
        /** @description An effect in a timeline. */
        TimelineEffect: {
            /** @description The snapshot that it belongs to. */
            sequence: number;
            /** @description Without its request and response. */
            effect?: components["schemas"]["Effect"];
        };
        /** @description Something in the course of an execution. */
        TimelineEntry: {
            time?: string;
            /** @description A snapshot, without its state and effects. */
            snapshot?: components["schemas"]["Snapshot"];
            /** @description What the outside world answered in a step. */
            effect?: components["schemas"]["TimelineEffect"];
            /** @description The head was moved. */
            headMove?: components["schemas"]["HeadMove"];
            /** @description Another execution was forked from here. */
            fork?: components["schemas"]["TimelineFork"];
            /** @description The execution began or ended. */
            status?: components["schemas"]["TimelineStatus"];
        };
        /** @description A fork in a timeline. */
        TimelineFork: {
            /** @description The snapshot that it was made from. */
            sequence: number;
            /** @description The new execution. */
            executionId: string;
            name: string;
        };
        /** @description The beginning or end of an execution in a timeline. */
        TimelineStatus: {
            /**
             * @description How an execution stands.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
        };
        /** @description The tokens of a call of a model, or of all calls of something. */
        TokenUsage: {
            /** @description Those that went in, the cached ones among them. */
            inputTokens: number;
            /** @description Those that came out, those of reasoning among them. */
            outputTokens: number;
            totalTokens: number;
            /** @description Those of the input that were read from, and written to, the provider's cache. */
            cacheReadTokens: number;
            cacheWriteTokens: number;
            /** @description Those of the output that were spent on reasoning. */
            reasoningTokens: number;
        };
        /** @description The tokens of a call of a model, or of all calls of something. */
        TokenUsageInput: {
            /** @description Those that went in, the cached ones among them. */
            inputTokens?: number;
            /** @description Those that came out, those of reasoning among them. */
            outputTokens?: number;
            totalTokens?: number;
            /** @description Those of the input that were read from, and written to, the provider's cache. */
            cacheReadTokens?: number;
            cacheWriteTokens?: number;
            /** @description Those of the output that were spent on reasoning. */
            reasoningTokens?: number;
        };
        /** @description A trace: everything that belongs to one piece of work. */
        Trace: {
            /** @description In hex. */
            id: string;
            /** @description Its root's. */
            name: string;
            /**
             * @description Which part of an agent's work an event is.
             *
             *     - `AGENT`: One run of an agent.
             *     - `WORKFLOW`: One run of a workflow, or of a graph of steps.
             *     - `CHAIN`: A step that only passes on what others do.
             *     - `LLM`: A call of a language model.
             *     - `EMBEDDING`: Texts turned into vectors.
             *     - `TOOL`: A call of a tool.
             *     - `RETRIEVER`: Documents looked up.
             *     - `RERANKER`: Documents put in order.
             *     - `GUARDRAIL`: Something checked before it may go on.
             *     - `EVALUATOR`: Something judged.
             *     - `PROMPT`: A prompt made from its template.
             *     - `MEMORY`: Something remembered or recalled.
             *     - `PLAN`: The next steps thought out.
             *     - `OTHER`: Anything else, such as a request over HTTP.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "AGENT" | "WORKFLOW" | "CHAIN" | "LLM" | "EMBEDDING" | "TOOL" | "RETRIEVER" | "RERANKER" | "GUARDRAIL" | "EVALUATOR" | "PROMPT" | "MEMORY" | "PLAN" | "OTHER";
            /**
             * @description ERROR if its root failed; if the root has not arrived, if any span did.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "OK" | "ERROR";
            startTime?: string;
            endTime?: string;
            durationMs: number;
            spanCount: number;
            errorCount: number;
            /** @description Whether its root has arrived. */
            hasRoot: boolean;
            rootSpanId: string;
            executionId: string;
            sessionId: string;
            userId: string;
            agentId: string;
            models: string[];
            serviceNames: string[];
            tags: string[];
            /** @description Of all calls of models in it, each counted once. */
            usage?: components["schemas"]["TokenUsage"];
            /** @description What something cost, in US dollars. */
            cost?: components["schemas"]["Cost"];
            inputPreview: string;
            outputPreview: string;
        };
        /** @description A span at its place in a trace's tree. */
        TraceSpan: {
            /** @description Without input, output and attributes. */
            event?: components["schemas"]["Event"];
            /** @description How far below the root; 0 for the root, and for spans whose parent has not arrived. */
            depth: number;
            childCount: number;
            /** @description Whether the trace would have been faster if this span had been. */
            isCritical: boolean;
            /** @description The time in it that is none of its children's, in milliseconds. */
            selfMs: number;
            /** @description The first 100 moments within it, and whatever else names it, such as logs. */
            moments: components["schemas"]["Event"][];
        };
        /** @description What makes a workflow begin by itself. */
        Trigger: {
            workflowId: string;
            /** @description Its place in the definition's `triggers`. */
            index: number;
            /**
             * @description What made an execution begin.
             *
             *     - `MANUAL`: A call.
             *     - `EVENT`: A published event.
             *     - `CRON`: A schedule.
             *     - `WEBHOOK`: A signed HTTP request.
             *     - `WORKFLOW`: A step of another execution.
             *     - `FORK`: A fork of another execution.
             * @enum {string}
             */
            type: "UNSPECIFIED" | "MANUAL" | "EVENT" | "CRON" | "WEBHOOK" | "WORKFLOW" | "FORK";
            /** @description The expression of a schedule, or the name of an event. */
            expression: string;
            /** @description Of a schedule, such as `Europe/Vienna`. */
            timeZone: string;
            /** @description When a schedule fires next; absent for others, and while its workflow is switched off. */
            nextFireTime?: string;
            lastFireTime?: string;
            /** @description Of a webhook: where to call it, such as `/api/workflows/hooks/wh_…`. */
            path: string;
            /** @description Why it last did not fire; empty if it did. */
            problem: string;
        };
        UnarchiveMemoriesRequest: {
            namespaces?: string[];
            /** @description What memories a call is about. Empty fields do not count; all others must hold. */
            filter?: components["schemas"]["MemoryFilterInput"];
            dryRun?: boolean;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        UnarchiveMemoriesResponse: {
            memoryIds: string[];
            sequence: string;
        };
        UndoMergeRequest: {
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        UndoMergeResponse: {
            /** @description What is there again. */
            memories: components["schemas"]["Memory"][];
        };
        /** @description What is absent stays as it is. */
        UpdateAgentSessionRequest: {
            userId?: string;
            agentId?: string;
            /**
             * @description What kind of conversation an agent session is.
             * @enum {string}
             */
            type?: "UNSPECIFIED" | "CHAT" | "VOICE" | "BRAINSTORM" | "MULTI_AGENT";
            title?: string;
            /** @description A JSON object: all that is kept of it from now on. */
            data?: unknown;
            currentStage?: string;
            totalStages?: number;
            active?: boolean;
            startTime?: string;
            endTime?: string;
            lastInteractionTime?: string;
            /** @description A JSON merge patch (RFC 7396) of its metadata. */
            metadata?: unknown;
        };
        UpdateAlertRuleRequest: {
            /** @description A webhook's secret stays as it is if it is empty and `hasSecret` is set. */
            rule: components["schemas"]["AlertRuleInput"];
        };
        /** @description What is absent stays as it is. */
        UpdateEnvironmentRequest: {
            name?: string;
            description?: string;
            githubOrganization?: string;
            githubRepository?: string;
            /** @description All its variables from now on. */
            variables?: components["schemas"]["VariablesInput"];
            /** @description Values to seal, by name; an empty one is removed, and others stay. */
            secrets?: {
                [key: string]: string;
            };
            userId?: string;
            /** @description A JSON merge patch (RFC 7396) of its metadata. */
            metadata?: unknown;
        };
        UpdateExecutionRequest: {
            /** @description Absent fields stay as they are. */
            name?: string;
            sessionId?: string;
            /** @description Replaces the tags, if it is present. */
            tags?: components["schemas"]["SnapshotsTagListInput"];
            /** @description Replaces the metadata, if it is not empty. */
            metadata?: unknown;
            traceId?: string;
        };
        UpdateMemoryPolicyRequest: {
            /** @description What becomes of a project's memories by itself. */
            policy: components["schemas"]["MemoryPolicyInput"];
        };
        UpdateMemoryRequest: {
            /** @description The new text; unchanged if absent. */
            content?: string;
            context?: string;
            /**
             * @description What a memory is about.
             *
             *     - `CONVERSATION`: Something that was said.
             *     - `TASK_EXECUTION`: What was done in a task, and how it went.
             *     - `USER_PREFERENCE`: What somebody likes or wants.
             *     - `LEARNED_PATTERN`: What was seen again and again.
             *     - `ERROR_RESOLUTION`: How an error was overcome.
             *     - `CONTEXT_SUMMARY`: What many other memories say, in short.
             *     - `KNOWLEDGE`: A fact.
             *     - `SKILL`: How something is done.
             * @enum {string}
             */
            kind?: "UNSPECIFIED" | "CONVERSATION" | "TASK_EXECUTION" | "USER_PREFERENCE" | "LEARNED_PATTERN" | "ERROR_RESOLUTION" | "CONTEXT_SUMMARY" | "KNOWLEDGE" | "SKILL";
            key?: string;
            /** @description A JSON merge patch (RFC 7396) of its metadata. */
            metadata?: unknown;
            /** @description All its tags from now on; unchanged if absent. */
            tags?: components["schemas"]["TagListInput"];
            importance?: number;
            occurTime?: string;
            validFrom?: string;
            validTo?: string;
            expireTime?: string;
            /** @description A new vector of the caller's own. */
            vector?: number[];
            vectorModel?: string;
            /** @description Why, for its history. */
            reason?: string;
            /** @description Names of time fields to clear: `occurTime`, `validTo`, `expireTime`. */
            clear?: string[];
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        UpdateNamespaceRequest: {
            description?: string;
            /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
            asAgentId?: string;
        };
        /** @description What is absent stays as it is. */
        UpdatePreferenceRequest: {
            /** @description Any JSON value. */
            value?: unknown;
        };
        UpdateRetentionPolicyRequest: {
            /** @description Absent takes the policy away. */
            policy?: components["schemas"]["RetentionPolicyInput"];
        };
        UpdateRetentionPolicyResponse: {
            /** @description What is kept when snapshots are pruned: whatever any of its rules keeps. Heads, and the snapshots that other executions were forked from with all before those, are always kept. If no rule says what is kept, no single snapshot is pruned. */
            policy?: components["schemas"]["RetentionPolicy"];
            updateTime?: string;
        };
        UpdateSnapshotRequest: {
            /** @description Absent fields stay as they are. */
            label?: string;
            /** @description Replaces the tags, if it is present. */
            tags?: components["schemas"]["SnapshotsTagListInput"];
        };
        /** @description What is absent stays as it is. */
        UpdateTaskRequest: {
            title?: string;
            description?: string;
            /**
             * @description How far a task is.
             * @enum {string}
             */
            status?: "UNSPECIFIED" | "PENDING" | "IN_PROGRESS" | "PAUSED" | "COMPLETED" | "CANCELLED";
            /**
             * @description How soon a task is to be done.
             * @enum {string}
             */
            priority?: "UNSPECIFIED" | "LOW" | "MEDIUM" | "HIGH";
            /**
             * @description What an agent is to do with a task.
             *
             *     - `CODE`: Change the code.
             *     - `ASK`: Answer a question.
             * @enum {string}
             */
            mode?: "UNSPECIFIED" | "CODE" | "ASK";
            userId?: string;
            sessionId?: string;
            environmentId?: string;
            repository?: string;
            branch?: string;
            statusMessage?: string;
            hasChanges?: boolean;
            archived?: boolean;
            /** @description All its messages from now on. */
            messages?: unknown;
            /** @description A JSON object; `null` removes it. */
            pullRequest?: unknown;
            /** @description All its tags from now on. */
            tags?: components["schemas"]["WordListInput"];
            /** @description A JSON merge patch (RFC 7396) of its metadata. */
            metadata?: unknown;
        };
        UpdateWorkflowRequest: {
            definition: unknown;
            /** @description Replaces the tags, if there are any. */
            tags?: string[];
        };
        ValidateWorkflowRequest: {
            definition: unknown;
        };
        ValidateWorkflowResponse: {
            /** @description Empty if it can be executed. */
            problems: components["schemas"]["DefinitionProblem"][];
        };
        /** @description One value of a place over time: from this snapshot on, until the next one of the history. */
        ValueChange: {
            sequence: number;
            stepName: string;
            createTime?: string;
            /**
             * @description How one place of a state differs between two snapshots.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "ADDED" | "REMOVED" | "CHANGED";
            /** @description Absent where the value was added. */
            oldValue?: unknown;
            /** @description Absent where the value was removed. */
            newValue?: unknown;
        };
        /** @description Settings by name, all that there are from now on. */
        VariablesInput: {
            values?: {
                [key: string]: string;
            };
        };
        /** @description What a verification found. */
        Verification: {
            ok: boolean;
            checkedCount: number;
            /** @description The first of those that are not as they should be. */
            problems: components["schemas"]["VerificationProblem"][];
            problemCount: number;
            time?: string;
        };
        /** @description A resource that is not as it should be after the migration. */
        VerificationProblem: {
            itemNumber: number;
            table: string;
            targetId: string;
            problem: string;
        };
        VerifyExecutionResponse: {
            /** @description Whether nothing is wrong. */
            intact: boolean;
            /** @description How many snapshots were checked. */
            snapshotCount: number;
            /** @description In the order of the snapshots; at most 1,000. */
            problems: components["schemas"]["SnapshotsVerificationProblem"][];
            /** @description There were more. */
            truncated: boolean;
        };
        VerifyMigrationRequest: Record<string, never>;
        WatchJobResponse: {
            /** @description Work in the background. It survives a crash: another replica goes on where it was. */
            job?: components["schemas"]["Job"];
        };
        WatchMigrationResponse: {
            /** @description One import of a browser's data. */
            migration?: components["schemas"]["Migration"];
        };
        WatchWorkflowExecutionResponse: {
            /** @description Without input and output, until it has ended. */
            execution?: components["schemas"]["WorkflowExecution"];
            /** @description Those that changed since the previous message, without input and output. */
            steps: components["schemas"]["Step"][];
            /** @description The last entry of the history that is in it. */
            sequence: number;
        };
        /** @description Words or names, all that there are from now on. */
        WordListInput: {
            words?: string[];
        };
        /** @description A definition of what is to be done. Each change of it is a new version; executions go on with the version that they began with. */
        Workflow: {
            /** @description Chosen by who makes it, such as `nightly-report`. */
            id: string;
            /** @description The version of this definition, from 1 on. */
            version: number;
            /**
             * @description Who decides what comes next in an execution.
             *
             *     - `DAG`: The engine, by the steps of the definition.
             *     - `CODE`: A function of a worker, which the engine remembers the steps of.
             * @enum {string}
             */
            kind: "UNSPECIFIED" | "DAG" | "CODE";
            description: string;
            /** @description The whole definition, as `GET /api/workflows/schema` describes it: its steps, the schema of its input, its triggers, limits and time limits. */
            definition?: unknown;
            /** @description Whether its triggers fire. */
            enabled: boolean;
            tags: string[];
            createTime?: string;
            /** @description When this version was made. */
            updateTime?: string;
            /** @description Changes with every version, and when it is switched on or off. */
            etag: string;
        };
        /** @description A workflow was created, changed, switched on or off, or deleted. */
        WorkflowChanged: {
            workflowId: string;
            /** @description Zero if it was deleted. */
            version: number;
            enabled: boolean;
        };
        /** @description Why an execution or step failed. */
        WorkflowError: {
            /** @description The class of the error, such as `TimeoutError` or `NonDeterminismError`. */
            type: string;
            message: string;
            /** @description The stack trace; may be empty. */
            stack: string;
            /** @description The step it came from; empty if it came from none. */
            stepId: string;
            /** @description Trying again cannot help. */
            isFinal: boolean;
        };
        /** @description Something that happened in the world, that workflows may begin or go on by. */
        WorkflowEvent: {
            /** @description Unique; an event that is published twice with the same id counts once. The server's own are UUIDv7. */
            id: string;
            /** @description Such as `document/uploaded`. */
            name: string;
            /** @description Any JSON. */
            data?: unknown;
            /** @description When it happened; now if absent. */
            occurTime?: string;
            /** @description Output only: when it was published. */
            createTime?: string;
            /** @description Output only: the executions that it began, and those that it woke; only the first hundred of each. */
            startedExecutionIds: string[];
            wokenExecutionIds: string[];
        };
        /** @description Something that happened in the world, that workflows may begin or go on by. */
        WorkflowEventInput: {
            /** @description Unique; an event that is published twice with the same id counts once. The server's own are UUIDv7. */
            id?: string;
            /** @description Such as `document/uploaded`. */
            name: string;
            /** @description Any JSON. */
            data?: unknown;
            /** @description When it happened; now if absent. */
            occurTime?: string;
            /** @description Output only: when it was published. */
            createTime?: string;
            /** @description Output only: the executions that it began, and those that it woke; only the first hundred of each. */
            startedExecutionIds?: string[];
            wokenExecutionIds?: string[];
        };
        /** @description An event for workflows was published. */
        WorkflowEventPublished: {
            /** @description Its data are left out if they are large. */
            event?: components["schemas"]["WorkflowEvent"];
        };
        /** @description One run of a workflow. */
        WorkflowExecution: {
            /** @description A UUIDv7. The agent execution that time travel shows has the same id. */
            id: string;
            workflowId: string;
            workflowVersion: number;
            /**
             * @description How a workflow execution stands.
             *
             *     - `PENDING`: It has not begun: it waits for its time, a slot, or a worker.
             *     - `PAUSED`: Nothing begins until it is resumed. Steps that were running when it was paused end, and are kept.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "PENDING" | "RUNNING" | "PAUSED" | "SUCCEEDED" | "FAILED" | "CANCELLED";
            /** @description Lists leave it out. */
            input?: unknown;
            /** @description What it returned; absent until it succeeded. Lists leave it out. */
            output?: unknown;
            /** @description Why it failed; absent unless it did. */
            error?: components["schemas"]["WorkflowError"];
            /** @description From -100 to 100; the higher ones begin first. */
            priority: number;
            tags: string[];
            /** @description Values to find it by: an object of strings, numbers and booleans. */
            attributes?: unknown;
            /**
             * @description What made an execution begin.
             *
             *     - `MANUAL`: A call.
             *     - `EVENT`: A published event.
             *     - `CRON`: A schedule.
             *     - `WEBHOOK`: A signed HTTP request.
             *     - `WORKFLOW`: A step of another execution.
             *     - `FORK`: A fork of another execution.
             * @enum {string}
             */
            trigger: "UNSPECIFIED" | "MANUAL" | "EVENT" | "CRON" | "WEBHOOK" | "WORKFLOW" | "FORK";
            /** @description The event, schedule, webhook or execution that made it begin; empty for a call. */
            triggerId: string;
            /** @description The execution and step that wait for it; absent if none does. */
            parent?: components["schemas"]["StepRef"];
            /** @description Where it was forked from; absent if it was not. */
            forkedFrom?: components["schemas"]["StepRef"];
            /**
             * @description What it waits for; unspecified while something runs, and when it has ended.
             * @enum {string}
             */
            waitingFor: "UNSPECIFIED" | "TIME" | "EVENT" | "SIGNAL" | "APPROVAL" | "EXECUTION" | "WORKER" | "SLOT" | "WEBHOOK";
            /** @description When it is woken at the latest; absent if nothing is planned. */
            wakeTime?: string;
            /** @description A cancellation was asked for, and compensations run. */
            cancelling: boolean;
            /** @description How often it was taken up again after it had failed. */
            retryCount: number;
            /** @description How many entries its history has. */
            historyLength: number;
            /** @description How many steps it has had, and how many of them succeeded and failed. */
            stepCount: number;
            succeededStepCount: number;
            failedStepCount: number;
            createTime?: string;
            /** @description When it first ran; absent before. */
            startTime?: string;
            updateTime?: string;
            /** @description Absent until it has ended. */
            endTime?: string;
            /** @description When it fails if it has not ended by then; absent if it may take for ever. */
            deadline?: string;
        };
        /** @description A workflow execution got on. */
        WorkflowExecutionChanged: {
            executionId: string;
            workflowId: string;
            /**
             * @description How a workflow execution stands.
             *
             *     - `PENDING`: It has not begun: it waits for its time, a slot, or a worker.
             *     - `PAUSED`: Nothing begins until it is resumed. Steps that were running when it was paused end, and are kept.
             * @enum {string}
             */
            status: "UNSPECIFIED" | "PENDING" | "RUNNING" | "PAUSED" | "SUCCEEDED" | "FAILED" | "CANCELLED";
            /** @description How long its history is by now. */
            historyLength: number;
            /** @description Something came from outside for it: whoever drives it looks. */
            hasInbox: boolean;
        };
        /** @description A workflow execution was deleted with its steps and its history. */
        WorkflowExecutionDeleted: {
            executionId: string;
            workflowId: string;
        };
        /** @description Which executions are meant. An empty filter means all. */
        WorkflowExecutionFilterInput: {
            workflowIds?: string[];
            statuses?: ("UNSPECIFIED" | "PENDING" | "RUNNING" | "PAUSED" | "SUCCEEDED" | "FAILED" | "CANCELLED")[];
            /** @description All of these. */
            tags?: string[];
            /** @description Search attributes that it must have, with these values: a JSON object. */
            attributes?: unknown;
            createdAfter?: string;
            createdBefore?: string;
            /**
             * @description What made an execution begin.
             *
             *     - `MANUAL`: A call.
             *     - `EVENT`: A published event.
             *     - `CRON`: A schedule.
             *     - `WEBHOOK`: A signed HTTP request.
             *     - `WORKFLOW`: A step of another execution.
             *     - `FORK`: A fork of another execution.
             * @enum {string}
             */
            trigger?: "UNSPECIFIED" | "MANUAL" | "EVENT" | "CRON" | "WEBHOOK" | "WORKFLOW" | "FORK";
            parentExecutionId?: string;
            workflowVersion?: number;
            /** @description The class of the error, such as `TimeoutError`. */
            errorType?: string;
            /**
             * @description What an execution or a step waits for.
             *
             *     - `TIME`: For its `wake_time`.
             *     - `EVENT`: For a published event.
             *     - `SIGNAL`: For a signal to this execution.
             *     - `APPROVAL`: For a person's decision.
             *     - `EXECUTION`: For another execution to end.
             *     - `WORKER`: For a worker that can run it and has room.
             *     - `SLOT`: For a slot under a limit of concurrency, or for its turn under a throttle.
             *     - `WEBHOOK`: For a call back.
             * @enum {string}
             */
            waitingFor?: "UNSPECIFIED" | "TIME" | "EVENT" | "SIGNAL" | "APPROVAL" | "EXECUTION" | "WORKER" | "SLOT" | "WEBHOOK";
        };
        /** @description How executions or steps of one kind went within a time. */
        WorkflowStats: {
            workflowId: string;
            workflowVersion: number;
            /** @description The step in the definition, without the places of what it is within; empty for whole executions. */
            stepId: string;
            pendingCount: number;
            runningCount: number;
            waitingCount: number;
            pausedCount: number;
            succeededCount: number;
            failedCount: number;
            cancelledCount: number;
            /** @description Tries beyond the first. */
            retryCount: number;
            /** @description Failed among those that ended, from 0 to 1. */
            failureRate: number;
            /** @description From start to end of those that succeeded, in milliseconds. */
            durationP50Ms: number;
            durationP95Ms: number;
            durationP99Ms: number;
            /** @description From creation to start, in milliseconds. */
            queueP50Ms: number;
            queueP99Ms: number;
        };
        /** @description A definition to begin with. */
        WorkflowTemplate: {
            id: string;
            title: string;
            description: string;
            tags: string[];
            definition?: unknown;
            /** @description An input that it runs with as it is. */
            exampleInput?: unknown;
        };
        /** @description Tasks, environments, preferences or agent sessions were created, changed or deleted. */
        WorkspaceRecordsChanged: {
            /** @description `tasks`, `environments`, `preferences` or `agentSessions`. */
            table: string;
            /** @description Which; empty if they are too many to name. */
            recordIds: string[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listExecutions: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Only this agent's. */
                agentId?: string;
                /** @description Only this conversation's. */
                sessionId?: string;
                /** @description Only those in one of these statuses. */
                statuses?: ("UNSPECIFIED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED")[];
                /** @description Only those that have all of these tags. */
                tags?: string[];
                /** @description Only those whose name contains this text, whatever the case. */
                nameContains?: string;
                /** @description Only those created at or after this time. */
                createdAfter?: string;
                /** @description Only those created before this time. */
                createdBefore?: string;
                /** @description One of `create_time`, `update_time` and `name`, followed by ` desc` for the opposite order; `create_time desc` if empty. */
                orderBy?: "" | "create_time" | "create_time desc" | "update_time" | "update_time desc" | "name" | "name desc";
                /** @description Only those of one of these agents. */
                agentIds?: string[];
                /** @description Only those that have ended, and took at least, or less than, so many milliseconds; not bounded if zero. */
                durationMsMin?: number;
                durationMsMax?: number;
                /** @description Leaves out inputs, outputs, metadata and stacks. */
                withoutDocuments?: boolean;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListExecutionsResponse"];
                };
            };
        };
    };
    createExecution: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
        };
    };
    getExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
            /** @description The resource still has the etag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    deleteExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteExecutionResponse"];
                };
            };
        };
    };
    updateExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
        };
    };
    bisectExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["BisectExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BisectExecutionResponse"];
                };
            };
        };
    };
    diffSnapshots: {
        parameters: {
            query?: {
                /** @description The older state; zero means the empty state before the first snapshot. */
                fromSequence?: number;
                /** @description The newer state; the head if it is zero. */
                toSequence?: number;
                /** @description The execution of the newer state; the same one if empty. */
                toExecutionId?: string;
                /** @description Only below this JSON pointer. */
                path?: string;
            };
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DiffSnapshotsResponse"];
                };
            };
        };
    };
    exportExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.timeloom.execution": unknown;
                    "application/octet-stream": unknown;
                };
            };
        };
    };
    forkExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ForkExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
        };
    };
    getValueHistory: {
        parameters: {
            query?: {
                /** @description A JSON pointer; the whole state if empty. */
                path?: string;
                /** @description The snapshot whose past is asked for; the head if zero. */
                sequence?: number;
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
            };
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetValueHistoryResponse"];
                };
            };
        };
    };
    controlPlayback: {
        parameters: {
            path: {
                /** @description The execution to play; in the first message. */
                executionId: string;
            };
        };
        responses: never;
    };
    playExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PlayExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        event: string;
                        data: string;
                        id?: string;
                    };
                    "application/x-ndjson": components["schemas"]["PlayExecutionResponse"] | {
                        error: components["schemas"]["Problem"];
                    };
                };
            };
        };
    };
    rollbackExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RollbackExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RollbackExecutionResponse"];
                };
            };
        };
    };
    listSnapshots: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Only these kinds. */
                kinds?: ("UNSPECIFIED" | "EXECUTION_START" | "STEP_START" | "STEP_END" | "DECISION_POINT" | "ERROR_STATE" | "EXECUTION_END" | "CHECKPOINT" | "ROLLBACK_POINT")[];
                /** @description Only those after this sequence. */
                afterSequence?: number;
                /** @description Only those before this sequence, if it is not zero. */
                beforeSequence?: number;
                /** @description Only those that have this tag. */
                tag?: string;
                /** @description Newest first instead of oldest first. */
                descending?: boolean;
                /** @description With their effects. */
                includeEffects?: boolean;
            };
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListSnapshotsResponse"];
                };
            };
        };
    };
    recordSnapshot: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RecordSnapshotRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
        };
    };
    getSnapshot: {
        parameters: {
            query?: {
                /** @description A JSON pointer to the part of the state that is wanted; the whole state if empty. */
                path?: string;
                /** @description The caller's own identifier of the snapshot, instead of its number. */
                key?: string;
            };
            path: {
                executionId: string;
                /** @description Its number; the head if it is zero and there is no key. */
                sequence: number;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
        };
    };
    updateSnapshot: {
        parameters: {
            path: {
                executionId: string;
                sequence: number;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateSnapshotRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
        };
    };
    recordEffects: {
        parameters: {
            path: {
                executionId: string;
                sequence: number;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecordEffectsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordEffectsResponse"];
                };
            };
        };
    };
    batchRecordSnapshots: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchRecordSnapshotsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchRecordSnapshotsResponse"];
                };
            };
        };
    };
    deleteSnapshots: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteSnapshotsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteSnapshotsResponse"];
                };
            };
        };
    };
    modifyTags: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ModifyTagsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
        };
    };
    tailSnapshots: {
        parameters: {
            query?: {
                /** @description Only those after this sequence. */
                afterSequence?: number;
            };
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        event: string;
                        data: string;
                        id?: string;
                    };
                    "application/x-ndjson": components["schemas"]["TailSnapshotsResponse"] | {
                        error: components["schemas"]["Problem"];
                    };
                };
            };
        };
    };
    getTimeline: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Newest first instead of oldest first. */
                descending?: boolean;
            };
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetTimelineResponse"];
                };
            };
        };
    };
    verifyExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VerifyExecutionResponse"];
                };
            };
        };
    };
    completeExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompleteExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
        };
    };
    compareExecutions: {
        parameters: {
            query: {
                executionId: string;
                otherExecutionId: string;
                /** @description At most this many steps; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CompareExecutionsResponse"];
                };
            };
        };
    };
    countExecutions: {
        parameters: {
            query?: {
                /** @description Only this agent's. */
                agentId?: string;
                /** @description Only this conversation's. */
                sessionId?: string;
                /** @description Only those in one of these statuses. */
                statuses?: ("UNSPECIFIED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED")[];
                /** @description Only those that have all of these tags. */
                tags?: string[];
                /** @description Only those whose name contains this text, whatever the case. */
                nameContains?: string;
                /** @description Only those created at or after this time. */
                createdAfter?: string;
                /** @description Only those created before this time. */
                createdBefore?: string;
                /** @description Only those of one of these agents. */
                agentIds?: string[];
                /** @description Only those that have ended, and took at least, or less than, so many milliseconds; not bounded if zero. */
                durationMsMin?: number;
                durationMsMax?: number;
                /** @description At most so many values of a field; 20 if zero. */
                valueLimit?: number;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CountExecutionsResponse"];
                };
            };
        };
    };
    importExecution: {
        requestBody: {
            content: {
                "application/vnd.timeloom.execution": unknown;
                "application/octet-stream": unknown;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
        };
    };
    pruneExecutions: {
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PruneExecutionsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PruneExecutionsResponse"];
                };
            };
        };
    };
    listMemories: {
        parameters: {
            query?: {
                /** @description Only in these namespaces and what is below them; in all that may be read if empty. */
                namespaces?: string[];
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Any of these kinds. */
                "filter.kinds"?: ("UNSPECIFIED" | "CONVERSATION" | "TASK_EXECUTION" | "USER_PREFERENCE" | "LEARNED_PATTERN" | "ERROR_RESOLUTION" | "CONTEXT_SUMMARY" | "KNOWLEDGE" | "SKILL")[];
                /** @description All of these tags. */
                "filter.tags"?: string[];
                /** @description At least one of these tags. */
                "filter.anyTags"?: string[];
                /** @description Written by any of these agents. */
                "filter.agentIds"?: string[];
                /** @description From any of these sessions. */
                "filter.sessionIds"?: string[];
                /** @description Any of these clusters. */
                "filter.clusterIds"?: string[];
                /** @description Only these. */
                "filter.memoryIds"?: string[];
                /** @description Only those whose metadata contain this JSON object, member by member. */
                "filter.metadata"?: string;
                /** @description What happened at this time or later. */
                "filter.occurAfter"?: string;
                /** @description What happened before this time. */
                "filter.occurBefore"?: string;
                "filter.importanceMin"?: number;
                "filter.confidenceMin"?: number;
                /** @description What holds, or held, at this time; what holds now if absent, unless `includeSuperseded` is set. */
                "filter.validAt"?: string;
                /** @description As it was known at this time: versions that came later do not count, and what was deleted later is there. */
                "filter.asOf"?: string;
                /** @description Also what no longer holds. */
                "filter.includeSuperseded"?: boolean;
                /** @description Also what was put away. */
                "filter.includeArchived"?: boolean;
                /** @description Also what has expired. */
                "filter.includeExpired"?: boolean;
                /** @description Also what was deleted and not yet purged. */
                "filter.includeDeleted"?: boolean;
                /** @description Only the one with this key. */
                key?: string;
                /** @description `create_time desc` (the default), `createTime`, `update_time desc`, `updateTime`, `occur_time desc`, `occurTime`, `importance desc`. */
                orderBy?: string;
                /** @description With their vectors, in `vectors`. A page ends early rather than have more than 8 MiB of them. */
                includeVectors?: boolean;
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListMemoriesResponse"];
                };
            };
        };
    };
    createMemory: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateMemoryRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
        };
    };
    archiveMemories: {
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ArchiveMemoriesRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArchiveMemoriesResponse"];
                };
            };
        };
    };
    listClusters: {
        parameters: {
            query: {
                namespace: string;
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListClustersResponse"];
                };
            };
        };
    };
    clusterMemories: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClusterMemoriesRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    buildContext: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["BuildContextRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BuildContextResponse"];
                };
            };
        };
    };
    listGrants: {
        parameters: {
            query?: {
                /** @description Only those on this namespace, on what is above or below it, and on its memories. */
                namespace?: string;
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                memoryId?: string;
                principal?: string;
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListGrantsResponse"];
                };
            };
        };
    };
    revokeGrant: {
        parameters: {
            query?: {
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                grantId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevokeGrantResponse"];
                };
            };
        };
    };
    listJobs: {
        parameters: {
            query?: {
                namespace?: string;
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                state?: "UNSPECIFIED" | "PENDING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListJobsResponse"];
                };
            };
        };
    };
    getJob: {
        parameters: {
            query?: {
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                jobId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    watchJob: {
        parameters: {
            query?: {
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                jobId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        event: string;
                        data: string;
                        id?: string;
                    };
                    "application/x-ndjson": components["schemas"]["WatchJobResponse"] | {
                        error: components["schemas"]["Problem"];
                    };
                };
            };
        };
    };
    cancelJob: {
        parameters: {
            path: {
                jobId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CancelJobRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    mergeMemories: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["MergeMemoriesRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
        };
    };
    listNamespaces: {
        parameters: {
            query?: {
                /** @description Only this one and those below it; all if empty. */
                prefix?: string;
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListNamespacesResponse"];
                };
            };
        };
    };
    createNamespace: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateNamespaceRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Namespace"];
                };
            };
        };
    };
    getNamespace: {
        parameters: {
            query?: {
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                /** @description In a URL, with its slashes escaped. */
                namespace: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Namespace"];
                };
            };
            /** @description The resource still has the etag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    deleteNamespace: {
        parameters: {
            query?: {
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                namespace: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteNamespaceResponse"];
                };
            };
        };
    };
    updateNamespace: {
        parameters: {
            path: {
                namespace: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateNamespaceRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Namespace"];
                };
            };
        };
    };
    reembedNamespace: {
        parameters: {
            path: {
                namespace: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReembedNamespaceRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    optimizeMemories: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["OptimizeMemoriesRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    getMemoryPolicy: {
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemoryPolicy"];
                };
            };
        };
    };
    updateMemoryPolicy: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateMemoryPolicyRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemoryPolicy"];
                };
            };
        };
    };
    listProposals: {
        parameters: {
            query?: {
                namespace?: string;
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description OPEN if unspecified. */
                state?: "UNSPECIFIED" | "OPEN" | "APPLIED" | "REJECTED" | "UNDONE";
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListProposalsResponse"];
                };
            };
        };
    };
    applyProposal: {
        parameters: {
            path: {
                proposalId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ApplyProposalRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApplyProposalResponse"];
                };
            };
        };
    };
    rejectProposal: {
        parameters: {
            path: {
                proposalId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RejectProposalRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Proposal"];
                };
            };
        };
    };
    searchMemories: {
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SearchMemoriesRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchMemoriesResponse"];
                };
            };
        };
    };
    batchSearchMemories: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchSearchMemoriesRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchSearchMemoriesResponse"];
                };
            };
        };
    };
    share: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["ShareRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Grant"];
                };
            };
        };
    };
    getStats: {
        parameters: {
            query?: {
                namespaces?: string[];
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetStatsResponse"];
                };
            };
        };
    };
    listSubscriptions: {
        parameters: {
            query?: {
                agentId?: string;
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListSubscriptionsResponse"];
                };
            };
        };
    };
    createSubscription: {
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CreateSubscriptionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
        };
    };
    deleteSubscription: {
        parameters: {
            query?: {
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                subscriptionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteSubscriptionResponse"];
                };
            };
        };
    };
    readSubscription: {
        parameters: {
            query?: {
                /** @description At most this many, 50 if zero; more only if a single change made more, for what it made comes together. */
                limit?: number;
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                subscriptionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadSubscriptionResponse"];
                };
            };
        };
    };
    acknowledgeSubscription: {
        parameters: {
            path: {
                subscriptionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AcknowledgeSubscriptionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
        };
    };
    summarizeMemories: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["SummarizeMemoriesRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SummarizeMemoriesResponse"];
                };
            };
        };
    };
    syncMemories: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["SyncMemoriesRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SyncMemoriesResponse"];
                };
            };
        };
    };
    listTeams: {
        parameters: {
            query?: {
                /** @description Only those that this agent belongs to. */
                agentId?: string;
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListTeamsResponse"];
                };
            };
        };
    };
    setTeam: {
        parameters: {
            path: {
                teamId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SetTeamRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Team"];
                };
            };
        };
    };
    deleteTeam: {
        parameters: {
            path: {
                teamId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteTeamResponse"];
                };
            };
        };
    };
    unarchiveMemories: {
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UnarchiveMemoriesRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnarchiveMemoriesResponse"];
                };
            };
        };
    };
    getMemory: {
        parameters: {
            query?: {
                /** @description As it was in this version; the current one if zero. */
                version?: number;
                /** @description With its vector. */
                includeVector?: boolean;
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                memoryId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
            /** @description The resource still has the etag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    deleteMemory: {
        parameters: {
            query?: {
                reason?: string;
                /** @description Also remove it, with all its versions, for good and at once. */
                purge?: boolean;
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                memoryId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
        };
    };
    updateMemory: {
        parameters: {
            path: {
                memoryId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateMemoryRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
        };
    };
    listEvidence: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                memoryId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListEvidenceResponse"];
                };
            };
        };
    };
    addEvidence: {
        parameters: {
            path: {
                memoryId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddEvidenceRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evidence"];
                };
            };
        };
    };
    listMemoryVersions: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Act as this agent, and see and do only what it may; act for the project, which may everything, if empty. */
                asAgentId?: string;
            };
            path: {
                memoryId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListMemoryVersionsResponse"];
                };
            };
        };
    };
    restoreMemory: {
        parameters: {
            path: {
                memoryId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RestoreMemoryRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
        };
    };
    supersedeMemory: {
        parameters: {
            path: {
                memoryId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SupersedeMemoryRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
        };
    };
    undoMerge: {
        parameters: {
            path: {
                memoryId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UndoMergeRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UndoMergeResponse"];
                };
            };
        };
    };
    batchCreateMemories: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchCreateMemoriesRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchCreateMemoriesResponse"];
                };
            };
        };
    };
    listAgentSessions: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description One of `lastInteractionTime`, `updateTime` and `createTime`, followed by ` desc` for the opposite order; `last_interaction_time desc` if empty. By `update_time desc`, what is changed while pages are read comes to the first page, and to no later one. */
                orderBy?: string;
                /** @description Only those in whose title all of these words occur, in any case. */
                query?: string;
                /** @description Only those of one of these types. */
                types?: ("UNSPECIFIED" | "CHAT" | "VOICE" | "BRAINSTORM" | "MULTI_AGENT")[];
                /** @description Only those that go on, or only those that do not; both if absent. */
                active?: boolean;
                /** @description Only this user's; the project's own if empty, everybody's if absent. */
                userId?: string;
                /** @description Only those with this agent. */
                agentId?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListAgentSessionsResponse"];
                };
            };
        };
    };
    createAgentSession: {
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CreateAgentSessionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentSession"];
                };
            };
        };
    };
    getAgentSession: {
        parameters: {
            path: {
                agentSessionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentSession"];
                };
            };
            /** @description The resource still has the etag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    deleteAgentSession: {
        parameters: {
            path: {
                agentSessionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteAgentSessionResponse"];
                };
            };
        };
    };
    updateAgentSession: {
        parameters: {
            path: {
                agentSessionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateAgentSessionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentSession"];
                };
            };
        };
    };
    listApiKeys: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListApiKeysResponse"];
                };
            };
        };
    };
    createApiKey: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateApiKeyRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreateApiKeyResponse"];
                };
            };
        };
    };
    revokeApiKey: {
        parameters: {
            path: {
                apiKeyId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RevokeApiKeyRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
        };
    };
    rotateApiKey: {
        parameters: {
            path: {
                apiKeyId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateApiKeyRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotateApiKeyResponse"];
                };
            };
        };
    };
    getCaller: {
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Caller"];
                };
            };
        };
    };
    listEnvironments: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description One of `name`, `updateTime` and `createTime`, followed by ` desc` for the opposite order; `name` if empty. By `update_time desc`, what is changed while pages are read comes to the first page, and to no later one. */
                orderBy?: string;
                /** @description Only those in whose name, description or repository all of these words occur, in any case. */
                query?: string;
                /** @description Only this user's; the project's own if empty, everybody's if absent. */
                userId?: string;
                /** @description Only the one of this name. */
                name?: string;
                /** @description Only those of this organization. */
                githubOrganization?: string;
                /** @description Only those of this repository. */
                githubRepository?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListEnvironmentsResponse"];
                };
            };
        };
    };
    createEnvironment: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateEnvironmentRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Environment"];
                };
            };
        };
    };
    getEnvironment: {
        parameters: {
            path: {
                environmentId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Environment"];
                };
            };
            /** @description The resource still has the etag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    deleteEnvironment: {
        parameters: {
            path: {
                environmentId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteEnvironmentResponse"];
                };
            };
        };
    };
    updateEnvironment: {
        parameters: {
            path: {
                environmentId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateEnvironmentRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Environment"];
                };
            };
        };
    };
    listMigrations: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Only those in one of these statuses. */
                statuses?: ("UNSPECIFIED" | "UPLOADING" | "UPLOADED" | "PLANNING" | "PLANNED" | "RUNNING" | "PAUSED" | "WAITING" | "VERIFYING" | "SUCCEEDED" | "FAILED" | "ROLLING_BACK" | "ROLLED_BACK")[];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListMigrationsResponse"];
                };
            };
        };
    };
    createMigration: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateMigrationRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
        };
    };
    getMigration: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
            /** @description The resource still has the etag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    deleteMigration: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteMigrationResponse"];
                };
            };
        };
    };
    listMigrationConflicts: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Only those that nobody has decided. */
                onlyOpen?: boolean;
            };
            path: {
                migrationId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListMigrationConflictsResponse"];
                };
            };
        };
    };
    resolveMigrationConflict: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ResolveMigrationConflictRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
        };
    };
    pauseMigration: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PauseMigrationRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
        };
    };
    listMigrationItems: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Only those with which one of these is done. */
                actions?: ("UNSPECIFIED" | "CREATE" | "MERGE" | "OVERWRITE" | "RENAME" | "SKIP" | "REFUSE" | "ASK" | "KEEP")[];
                /** @description Only those of records of one of these families. */
                families?: ("UNSPECIFIED" | "UNKNOWN" | "TASKS" | "ENVIRONMENTS" | "PREFERENCES" | "AGENT_SESSIONS" | "MEMORIES" | "OFFLINE_QUEUE" | "FORM" | "SECRET" | "CACHE" | "BACKUP")[];
            };
            path: {
                migrationId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListMigrationItemsResponse"];
                };
            };
        };
    };
    planMigration: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PlanMigrationRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
        };
    };
    watchMigration: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        event: string;
                        data: string;
                        id?: string;
                    };
                    "application/x-ndjson": components["schemas"]["WatchMigrationResponse"] | {
                        error: components["schemas"]["Problem"];
                    };
                };
            };
        };
    };
    appendRecords: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AppendRecordsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
        };
    };
    resumeMigration: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ResumeMigrationRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
        };
    };
    rollBackMigration: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RollBackMigrationRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
        };
    };
    startMigration: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["StartMigrationRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
        };
    };
    verifyMigration: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["VerifyMigrationRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verification"];
                };
            };
        };
    };
    advanceMigration: {
        parameters: {
            path: {
                migrationId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AdvanceMigrationRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdvanceMigrationResponse"];
                };
            };
        };
    };
    listAlertRules: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListAlertRulesResponse"];
                };
            };
        };
    };
    createAlertRule: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAlertRuleRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertRule"];
                };
            };
        };
    };
    getAlertRule: {
        parameters: {
            path: {
                ruleId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertRule"];
                };
            };
            /** @description The resource still has the etag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    updateAlertRule: {
        parameters: {
            path: {
                ruleId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateAlertRuleRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertRule"];
                };
            };
        };
    };
    deleteAlertRule: {
        parameters: {
            path: {
                ruleId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteAlertRuleResponse"];
                };
            };
        };
    };
    testAlertRule: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["TestAlertRuleRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TestAlertRuleResponse"];
                };
            };
        };
    };
    listAlerts: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                ruleId?: string;
                statuses?: ("UNSPECIFIED" | "PENDING" | "FIRING" | "RESOLVED")[];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListAlertsResponse"];
                };
            };
        };
    };
    acknowledgeAlert: {
        parameters: {
            path: {
                alertId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AcknowledgeAlertRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alert"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                "filter.types"?: ("UNSPECIFIED" | "SPAN" | "SPAN_EVENT" | "LOG" | "CHANGE" | "CUSTOM")[];
                "filter.kinds"?: ("UNSPECIFIED" | "AGENT" | "WORKFLOW" | "CHAIN" | "LLM" | "EMBEDDING" | "TOOL" | "RETRIEVER" | "RERANKER" | "GUARDRAIL" | "EVALUATOR" | "PROMPT" | "MEMORY" | "PLAN" | "OTHER")[];
                "filter.statuses"?: ("UNSPECIFIED" | "OK" | "ERROR")[];
                /** @description This severity, or a worse one. */
                "filter.severityMin"?: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
                "filter.names"?: string[];
                "filter.agentIds"?: string[];
                "filter.models"?: string[];
                "filter.providers"?: string[];
                "filter.toolNames"?: string[];
                "filter.serviceNames"?: string[];
                "filter.errorTypes"?: string[];
                "filter.traceId"?: string;
                "filter.executionId"?: string;
                "filter.sessionId"?: string;
                "filter.userId"?: string;
                /** @description All of these. */
                "filter.tags"?: string[];
                /** @description Only spans without a parent. */
                "filter.rootsOnly"?: boolean;
                /** @description Those that began at or after this time, and before that one. */
                "filter.startedAfter"?: string;
                "filter.startedBefore"?: string;
                /** @description Those that took at least, and less than, so many milliseconds; not bounded if zero. */
                "filter.durationMsMin"?: number;
                "filter.durationMsMax"?: number;
                /** @description Those that have these attributes, each as `name=value`, the value as text. */
                "filter.attributes"?: string[];
                /** @description Those in which all of these words occur: in their names, messages, inputs or outputs. */
                "filter.words"?: string;
                /** @description `start_time desc` if empty. By anything but time, the newest 200,000 of the filter's events are put in order. */
                orderBy?: "" | "start_time" | "start_time desc" | "duration desc" | "cost desc" | "tokens desc";
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListEventsResponse"];
                };
            };
        };
    };
    createEvents: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateEventsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreateEventsResponse"];
                };
            };
        };
    };
    exportEvents: {
        parameters: {
            query?: {
                "filter.types"?: ("UNSPECIFIED" | "SPAN" | "SPAN_EVENT" | "LOG" | "CHANGE" | "CUSTOM")[];
                "filter.kinds"?: ("UNSPECIFIED" | "AGENT" | "WORKFLOW" | "CHAIN" | "LLM" | "EMBEDDING" | "TOOL" | "RETRIEVER" | "RERANKER" | "GUARDRAIL" | "EVALUATOR" | "PROMPT" | "MEMORY" | "PLAN" | "OTHER")[];
                "filter.statuses"?: ("UNSPECIFIED" | "OK" | "ERROR")[];
                /** @description This severity, or a worse one. */
                "filter.severityMin"?: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
                "filter.names"?: string[];
                "filter.agentIds"?: string[];
                "filter.models"?: string[];
                "filter.providers"?: string[];
                "filter.toolNames"?: string[];
                "filter.serviceNames"?: string[];
                "filter.errorTypes"?: string[];
                "filter.traceId"?: string;
                "filter.executionId"?: string;
                "filter.sessionId"?: string;
                "filter.userId"?: string;
                /** @description All of these. */
                "filter.tags"?: string[];
                /** @description Only spans without a parent. */
                "filter.rootsOnly"?: boolean;
                /** @description Those that began at or after this time, and before that one. */
                "filter.startedAfter"?: string;
                "filter.startedBefore"?: string;
                /** @description Those that took at least, and less than, so many milliseconds; not bounded if zero. */
                "filter.durationMsMin"?: number;
                "filter.durationMsMax"?: number;
                /** @description Those that have these attributes, each as `name=value`, the value as text. */
                "filter.attributes"?: string[];
                /** @description Those in which all of these words occur: in their names, messages, inputs or outputs. */
                "filter.words"?: string;
                /** @description JSONL if it is not given. */
                format?: "UNSPECIFIED" | "JSONL" | "PARQUET";
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
        };
    };
    countEvents: {
        parameters: {
            query?: {
                "filter.types"?: ("UNSPECIFIED" | "SPAN" | "SPAN_EVENT" | "LOG" | "CHANGE" | "CUSTOM")[];
                "filter.kinds"?: ("UNSPECIFIED" | "AGENT" | "WORKFLOW" | "CHAIN" | "LLM" | "EMBEDDING" | "TOOL" | "RETRIEVER" | "RERANKER" | "GUARDRAIL" | "EVALUATOR" | "PROMPT" | "MEMORY" | "PLAN" | "OTHER")[];
                "filter.statuses"?: ("UNSPECIFIED" | "OK" | "ERROR")[];
                /** @description This severity, or a worse one. */
                "filter.severityMin"?: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
                "filter.names"?: string[];
                "filter.agentIds"?: string[];
                "filter.models"?: string[];
                "filter.providers"?: string[];
                "filter.toolNames"?: string[];
                "filter.serviceNames"?: string[];
                "filter.errorTypes"?: string[];
                "filter.traceId"?: string;
                "filter.executionId"?: string;
                "filter.sessionId"?: string;
                "filter.userId"?: string;
                /** @description All of these. */
                "filter.tags"?: string[];
                /** @description Only spans without a parent. */
                "filter.rootsOnly"?: boolean;
                /** @description Those that began at or after this time, and before that one. */
                "filter.startedAfter"?: string;
                "filter.startedBefore"?: string;
                /** @description Those that took at least, and less than, so many milliseconds; not bounded if zero. */
                "filter.durationMsMin"?: number;
                "filter.durationMsMax"?: number;
                /** @description Those that have these attributes, each as `name=value`, the value as text. */
                "filter.attributes"?: string[];
                /** @description Those in which all of these words occur: in their names, messages, inputs or outputs. */
                "filter.words"?: string;
                /** @description Which fields to count by; all of them if empty. */
                fields?: ("type" | "kind" | "status" | "severity" | "agent_id" | "model" | "provider" | "tool_name" | "service_name" | "error_type" | "name")[];
                /** @description At most so many values of a field; 20 if zero. */
                valueLimit?: number;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CountEventsResponse"];
                };
            };
        };
    };
    queryMetrics: {
        parameters: {
            query: {
                "filter.types"?: ("UNSPECIFIED" | "SPAN" | "SPAN_EVENT" | "LOG" | "CHANGE" | "CUSTOM")[];
                "filter.kinds"?: ("UNSPECIFIED" | "AGENT" | "WORKFLOW" | "CHAIN" | "LLM" | "EMBEDDING" | "TOOL" | "RETRIEVER" | "RERANKER" | "GUARDRAIL" | "EVALUATOR" | "PROMPT" | "MEMORY" | "PLAN" | "OTHER")[];
                "filter.statuses"?: ("UNSPECIFIED" | "OK" | "ERROR")[];
                /** @description This severity, or a worse one. */
                "filter.severityMin"?: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
                "filter.names"?: string[];
                "filter.agentIds"?: string[];
                "filter.models"?: string[];
                "filter.providers"?: string[];
                "filter.toolNames"?: string[];
                "filter.serviceNames"?: string[];
                "filter.errorTypes"?: string[];
                "filter.traceId"?: string;
                "filter.executionId"?: string;
                "filter.sessionId"?: string;
                "filter.userId"?: string;
                /** @description All of these. */
                "filter.tags"?: string[];
                /** @description Only spans without a parent. */
                "filter.rootsOnly"?: boolean;
                /** @description Those that began at or after this time, and before that one. */
                "filter.startedAfter"?: string;
                "filter.startedBefore"?: string;
                /** @description Those that took at least, and less than, so many milliseconds; not bounded if zero. */
                "filter.durationMsMin"?: number;
                "filter.durationMsMax"?: number;
                /** @description Those that have these attributes, each as `name=value`, the value as text. */
                "filter.attributes"?: string[];
                /** @description Those in which all of these words occur: in their names, messages, inputs or outputs. */
                "filter.words"?: string;
                /** @description At least one. */
                metrics: ("COUNT" | "RATE" | "ERROR_COUNT" | "ERROR_RATE" | "DURATION_P50" | "DURATION_P75" | "DURATION_P90" | "DURATION_P95" | "DURATION_P99" | "DURATION_MEAN" | "DURATION_MAX" | "INPUT_TOKENS" | "OUTPUT_TOKENS" | "TOTAL_TOKENS" | "COST")[];
                /** @description By which fields the series are told apart; one series if empty. */
                groupBy?: ("type" | "kind" | "status" | "agent_id" | "model" | "provider" | "tool_name" | "service_name" | "error_type" | "session_id" | "user_id" | "name")[];
                /** @description The length of a point in seconds; zero for one point over the whole time. Points begin at multiples of it; the first and the last have what is within the time of the filter. At most 1,500 points, and 100,000 values in all. */
                stepSeconds?: number;
                /** @description At most so many series, those with most events; 20 if zero. The others are one series of their own. */
                seriesLimit?: number;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryMetricsResponse"];
                };
            };
        };
    };
    searchEvents: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchEventsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchEventsResponse"];
                };
            };
        };
    };
    tailEvents: {
        parameters: {
            query?: {
                "filter.types"?: ("UNSPECIFIED" | "SPAN" | "SPAN_EVENT" | "LOG" | "CHANGE" | "CUSTOM")[];
                "filter.kinds"?: ("UNSPECIFIED" | "AGENT" | "WORKFLOW" | "CHAIN" | "LLM" | "EMBEDDING" | "TOOL" | "RETRIEVER" | "RERANKER" | "GUARDRAIL" | "EVALUATOR" | "PROMPT" | "MEMORY" | "PLAN" | "OTHER")[];
                "filter.statuses"?: ("UNSPECIFIED" | "OK" | "ERROR")[];
                /** @description This severity, or a worse one. */
                "filter.severityMin"?: "UNSPECIFIED" | "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
                "filter.names"?: string[];
                "filter.agentIds"?: string[];
                "filter.models"?: string[];
                "filter.providers"?: string[];
                "filter.toolNames"?: string[];
                "filter.serviceNames"?: string[];
                "filter.errorTypes"?: string[];
                "filter.traceId"?: string;
                "filter.executionId"?: string;
                "filter.sessionId"?: string;
                "filter.userId"?: string;
                /** @description All of these. */
                "filter.tags"?: string[];
                /** @description Only spans without a parent. */
                "filter.rootsOnly"?: boolean;
                /** @description Those that began at or after this time, and before that one. */
                "filter.startedAfter"?: string;
                "filter.startedBefore"?: string;
                /** @description Those that took at least, and less than, so many milliseconds; not bounded if zero. */
                "filter.durationMsMin"?: number;
                "filter.durationMsMax"?: number;
                /** @description Those that have these attributes, each as `name=value`, the value as text. */
                "filter.attributes"?: string[];
                /** @description Those in which all of these words occur: in their names, messages, inputs or outputs. */
                "filter.words"?: string;
                /** @description After this one; from now on if empty. */
                position?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        event: string;
                        data: string;
                        id?: string;
                    };
                    "application/x-ndjson": components["schemas"]["TailEventsResponse"] | {
                        error: components["schemas"]["Problem"];
                    };
                };
            };
        };
    };
    getEvent: {
        parameters: {
            path: {
                eventId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Event"];
                };
            };
        };
    };
    listInstruments: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Only those whose name begins so. */
                prefix?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListInstrumentsResponse"];
                };
            };
        };
    };
    queryMeasurements: {
        parameters: {
            query?: {
                /** @description From then on; the last hour if absent. */
                startedAfter?: string;
                startedBefore?: string;
                /** @description The length of a point; zero for one point over the whole time. Points begin at multiples of it; at most 1,500. */
                stepSeconds?: number;
                /** @description The names of attributes by which series are told apart; all of them together if empty. The name of the program is an attribute, too: `service.name`. */
                groupBy?: string[];
                /** @description Only points with these attributes, each as `name=value`. */
                attributes?: string[];
            };
            path: {
                name: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryMeasurementsResponse"];
                };
            };
        };
    };
    listPrices: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Only this model's, as events name it. */
                model?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListPricesResponse"];
                };
            };
        };
    };
    createPrice: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreatePriceRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Price"];
                };
            };
        };
    };
    deletePrice: {
        parameters: {
            path: {
                priceId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletePriceResponse"];
                };
            };
        };
    };
    getRetention: {
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Retention"];
                };
            };
        };
    };
    updateRetention: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["RetentionInput"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Retention"];
                };
            };
        };
    };
    listScores: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                name?: string;
                traceId?: string;
                executionId?: string;
                sessionId?: string;
                source?: "UNSPECIFIED" | "HUMAN" | "EVALUATOR" | "TELEMETRY";
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListScoresResponse"];
                };
            };
        };
    };
    createScore: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateScoreRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Score"];
                };
            };
        };
    };
    deleteScore: {
        parameters: {
            path: {
                scoreId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteScoreResponse"];
                };
            };
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                userId?: string;
                activeAfter?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListSessionsResponse"];
                };
            };
        };
    };
    getSession: {
        parameters: {
            path: {
                sessionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
        };
    };
    getTelemetryStats: {
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetTelemetryStatsResponse"];
                };
            };
        };
    };
    listTraces: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                statuses?: ("UNSPECIFIED" | "OK" | "ERROR")[];
                agentIds?: string[];
                sessionId?: string;
                userId?: string;
                startedAfter?: string;
                startedBefore?: string;
                /** @description Only those whose name contains this text, whatever the case. */
                nameContains?: string;
                durationMsMin?: number;
                durationMsMax?: number;
                /** @description `start_time desc` if empty. By anything but time, the newest 200,000 of such traces are put in order. */
                orderBy?: "" | "start_time" | "start_time desc" | "duration desc" | "cost desc" | "tokens desc";
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListTracesResponse"];
                };
            };
        };
    };
    getTrace: {
        parameters: {
            query?: {
                /** @description At most this many spans; 2,000 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
            };
            path: {
                /** @description In hex. */
                traceId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetTraceResponse"];
                };
            };
        };
    };
    listPreferences: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description One of `key`, `updateTime` and `createTime`, followed by ` desc` for the opposite order; `key` if empty. By `update_time desc`, what is changed while pages are read comes to the first page, and to no later one. */
                orderBy?: string;
                /** @description Only those in whose key all of these words occur, in any case. */
                query?: string;
                /** @description Only this user's; the project's own if empty, everybody's if absent. */
                userId?: string;
                /** @description Only those of this key. */
                key?: string;
                /** @description Only those whose keys begin so. */
                keyPrefix?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListPreferencesResponse"];
                };
            };
        };
    };
    createPreference: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreatePreferenceRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preference"];
                };
            };
        };
    };
    getPreference: {
        parameters: {
            path: {
                preferenceId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preference"];
                };
            };
            /** @description The resource still has the etag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    deletePreference: {
        parameters: {
            path: {
                preferenceId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletePreferenceResponse"];
                };
            };
        };
    };
    updatePreference: {
        parameters: {
            path: {
                preferenceId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdatePreferenceRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preference"];
                };
            };
        };
    };
    getRetentionPolicy: {
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetRetentionPolicyResponse"];
                };
            };
        };
    };
    updateRetentionPolicy: {
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateRetentionPolicyRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UpdateRetentionPolicyResponse"];
                };
            };
        };
    };
    streamEvents: {
        parameters: {
            query: {
                /** @description A topic such as `executions` or `executions/{id}`; may be repeated. */
                topic: string[];
                /** @description The `id` of the last event that arrived; from now on if absent. */
                position?: string;
            };
        };
        responses: {
            /** @description The events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        event: string;
                        data: string;
                        id?: string;
                    };
                };
            };
        };
    };
    listSyncConflicts: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Only those that stand so; all if unspecified. */
                status?: "UNSPECIFIED" | "OPEN" | "RESOLVED";
                /** @description Only those of records of this table. */
                table?: string;
                /** @description Only those of this record. */
                recordId?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListSyncConflictsResponse"];
                };
            };
        };
    };
    getSyncConflict: {
        parameters: {
            path: {
                conflictId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SyncConflict"];
                };
            };
        };
    };
    resolveSyncConflict: {
        parameters: {
            path: {
                conflictId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ResolveSyncConflictRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SyncConflict"];
                };
            };
        };
    };
    listMutationDeadLetters: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Only this client's. */
                clientId?: string;
                /** @description Only those of records of this table. */
                table?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListMutationDeadLettersResponse"];
                };
            };
        };
    };
    discardMutation: {
        parameters: {
            path: {
                deadLetterId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DiscardMutationResponse"];
                };
            };
        };
    };
    redriveMutation: {
        parameters: {
            path: {
                deadLetterId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RedriveMutationRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MutationResult"];
                };
            };
        };
    };
    applyMutations: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApplyMutationsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApplyMutationsResponse"];
                };
            };
        };
    };
    listSyncPolicies: {
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListSyncPoliciesResponse"];
                };
            };
        };
    };
    setSyncPolicy: {
        parameters: {
            path: {
                /** @description `tasks`, `environments`, `preferences` or `agentSessions`. */
                table: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SetSyncPolicyRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SyncPolicy"];
                };
            };
        };
    };
    listTasks: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description One of `updateTime`, `createTime`, `priority` and `title`, followed by ` desc` for the opposite order; `update_time desc` if empty. By `update_time desc`, what is changed while pages are read comes to the first page, and to no later one. */
                orderBy?: string;
                /** @description Only those in whose title, description or messages all of these words occur, in any case. */
                query?: string;
                /** @description Only those in one of these statuses. */
                statuses?: ("UNSPECIFIED" | "PENDING" | "IN_PROGRESS" | "PAUSED" | "COMPLETED" | "CANCELLED")[];
                /** @description Only those of this priority. */
                priority?: "UNSPECIFIED" | "LOW" | "MEDIUM" | "HIGH";
                /** @description Only those that are put away, or only those that are not; both if absent. */
                archived?: boolean;
                /** @description Only this user's; the project's own if empty, everybody's if absent. */
                userId?: string;
                /** @description Only those of this conversation. */
                sessionId?: string;
                /** @description Only those that are worked on there. */
                environmentId?: string;
                /** @description Only those of this repository. */
                repository?: string;
                /** @description Only those that have all of these tags. */
                tags?: string[];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListTasksResponse"];
                };
            };
        };
    };
    createTask: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateTaskRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
        };
    };
    getTask: {
        parameters: {
            path: {
                taskId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The resource still has the etag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    deleteTask: {
        parameters: {
            path: {
                taskId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteTaskResponse"];
                };
            };
        };
    };
    updateTask: {
        parameters: {
            path: {
                taskId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateTaskRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
        };
    };
    listWorkflows: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                tags?: string[];
                kind?: "UNSPECIFIED" | "DAG" | "CODE";
                /** @description In the id or description, whatever the case. */
                text?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListWorkflowsResponse"];
                };
            };
        };
    };
    createWorkflow: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWorkflowRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
        };
    };
    receiveCallback: {
        parameters: {
            path: {
                /** @description The end of the step's address, which is its `waitingName`. */
                token: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiveCallbackResponse"];
                };
            };
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                workflowId?: string;
                /** @description Those that were tried again, too. */
                includeRedriven?: boolean;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListDeadLettersResponse"];
                };
            };
        };
    };
    deleteDeadLetter: {
        parameters: {
            path: {
                deadLetterId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteDeadLetterResponse"];
                };
            };
        };
    };
    redriveDeadLetter: {
        parameters: {
            path: {
                deadLetterId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RedriveDeadLetterRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"];
                };
            };
        };
    };
    listWorkflowEvents: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                name?: string;
                createdAfter?: string;
                createdBefore?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListWorkflowEventsResponse"];
                };
            };
        };
    };
    publishEvents: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublishEventsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublishEventsResponse"];
                };
            };
        };
    };
    listWorkflowExecutions: {
        parameters: {
            query?: {
                "filter.workflowIds"?: string[];
                "filter.statuses"?: ("UNSPECIFIED" | "PENDING" | "RUNNING" | "PAUSED" | "SUCCEEDED" | "FAILED" | "CANCELLED")[];
                /** @description All of these. */
                "filter.tags"?: string[];
                /** @description Search attributes that it must have, with these values: a JSON object. */
                "filter.attributes"?: string;
                "filter.createdAfter"?: string;
                "filter.createdBefore"?: string;
                "filter.trigger"?: "UNSPECIFIED" | "MANUAL" | "EVENT" | "CRON" | "WEBHOOK" | "WORKFLOW" | "FORK";
                "filter.parentExecutionId"?: string;
                "filter.workflowVersion"?: number;
                /** @description The class of the error, such as `TimeoutError`. */
                "filter.errorType"?: string;
                "filter.waitingFor"?: "UNSPECIFIED" | "TIME" | "EVENT" | "SIGNAL" | "APPROVAL" | "EXECUTION" | "WORKER" | "SLOT" | "WEBHOOK";
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description `createTime`, `endTime` or `priority`, each with ` desc` or ` asc`; `createTime desc` if empty. */
                orderBy?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListWorkflowExecutionsResponse"];
                };
            };
        };
    };
    getWorkflowExecution: {
        parameters: {
            query?: {
                /** @description Its first thousand steps, too, without their inputs and outputs. */
                includeSteps?: boolean;
                /** @description Answer when it has ended, or after so many seconds at the latest; at once if zero. */
                waitSeconds?: number;
            };
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetWorkflowExecutionResponse"];
                };
            };
        };
    };
    deleteWorkflowExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteWorkflowExecutionResponse"];
                };
            };
        };
    };
    approveStep: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApproveStepRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Step"];
                };
            };
        };
    };
    cancelWorkflowExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CancelWorkflowExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowExecution"];
                };
            };
        };
    };
    forkWorkflowExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ForkWorkflowExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowExecution"];
                };
            };
        };
    };
    listHistory: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Only what came after this one. */
                afterSequence?: number;
            };
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListHistoryResponse"];
                };
            };
        };
    };
    pauseWorkflowExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PauseWorkflowExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowExecution"];
                };
            };
        };
    };
    resumeWorkflowExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ResumeWorkflowExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowExecution"];
                };
            };
        };
    };
    retryWorkflowExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RetryWorkflowExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowExecution"];
                };
            };
        };
    };
    signalWorkflowExecution: {
        parameters: {
            path: {
                executionId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignalWorkflowExecutionRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowExecution"];
                };
            };
        };
    };
    listSteps: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
                /** @description Their inputs and outputs, too. */
                includeDocuments?: boolean;
                statuses?: ("UNSPECIFIED" | "PENDING" | "RUNNING" | "RETRYING" | "WAITING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "SKIPPED")[];
                /** @description Only those right within this one. */
                parentId?: string;
            };
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListStepsResponse"];
                };
            };
        };
    };
    getStep: {
        parameters: {
            path: {
                executionId: string;
                stepId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Step"];
                };
            };
        };
    };
    watchWorkflowExecution: {
        parameters: {
            query?: {
                /** @description Go on after this entry of the history; from the beginning if zero. */
                afterSequence?: number;
            };
            path: {
                executionId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        event: string;
                        data: string;
                        id?: string;
                    };
                    "application/x-ndjson": components["schemas"]["WatchWorkflowExecutionResponse"] | {
                        error: components["schemas"]["Problem"];
                    };
                };
            };
        };
    };
    controlWorkflowExecutions: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["ControlWorkflowExecutionsRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ControlWorkflowExecutionsResponse"];
                };
            };
        };
    };
    receiveWebhook: {
        parameters: {
            path: {
                hookId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiveWebhookResponse"];
                };
            };
        };
    };
    getWorkflowSchema: {
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    getWorkflowStats: {
        parameters: {
            query?: {
                /** @description All if empty. */
                workflowIds?: string[];
                /** @description Those that were created since; in the last day if absent. */
                createdAfter?: string;
                createdBefore?: string;
                /** @description A line for each version. */
                byVersion?: boolean;
                /** @description Lines for the steps, too. */
                includeSteps?: boolean;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetWorkflowStatsResponse"];
                };
            };
        };
    };
    listTemplates: {
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListTemplatesResponse"];
                };
            };
        };
    };
    getTemplate: {
        parameters: {
            path: {
                templateId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowTemplate"];
                };
            };
        };
    };
    listTriggers: {
        parameters: {
            query?: {
                /** @description All if empty. */
                workflowId?: string;
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListTriggersResponse"];
                };
            };
        };
    };
    getWorkflow: {
        parameters: {
            query?: {
                /** @description The newest one if zero. */
                version?: number;
            };
            path: {
                workflowId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            /** @description The resource still has the etag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    updateWorkflow: {
        parameters: {
            path: {
                workflowId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateWorkflowRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
        };
    };
    deleteWorkflow: {
        parameters: {
            path: {
                workflowId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteWorkflowResponse"];
                };
            };
        };
    };
    executeWorkflow: {
        parameters: {
            path: {
                workflowId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ExecuteWorkflowRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowExecution"];
                };
            };
        };
    };
    batchExecuteWorkflow: {
        parameters: {
            path: {
                workflowId: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchExecuteWorkflowRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchExecuteWorkflowResponse"];
                };
            };
        };
    };
    getWebhookSecret: {
        parameters: {
            path: {
                workflowId: string;
                index: number;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GetWebhookSecretResponse"];
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            path: {
                workflowId: string;
                index: number;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateWebhookSecretRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotateWebhookSecretResponse"];
                };
            };
        };
    };
    listWorkflowVersions: {
        parameters: {
            query?: {
                /** @description At most this many; 50 if zero. */
                pageSize?: number;
                /** @description From the previous answer's `nextPageToken`. */
                pageToken?: string;
            };
            path: {
                workflowId: string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListWorkflowVersionsResponse"];
                };
            };
        };
    };
    disableWorkflow: {
        parameters: {
            path: {
                workflowId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["DisableWorkflowRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
        };
    };
    enableWorkflow: {
        parameters: {
            path: {
                workflowId: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["EnableWorkflowRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
        };
    };
    validateWorkflow: {
        requestBody: {
            content: {
                "application/json": components["schemas"]["ValidateWorkflowRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ValidateWorkflowResponse"];
                };
            };
        };
    };
    openSocket: {
        responses: never;
    };
    getConsoleSession: {
        responses: {
            /** @description The session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        projectId: string;
                        /** @enum {string} */
                        scope: "READ" | "WRITE" | "ADMIN";
                        /** @description For the header `X-CSRF-Token`. */
                        csrfToken: string;
                        expireTime: string;
                    };
                };
            };
        };
    };
    beginConsoleSession: {
        responses: {
            /** @description The session */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        projectId: string;
                        /** @enum {string} */
                        scope: "READ" | "WRITE" | "ADMIN";
                        /** @description For the header `X-CSRF-Token`. */
                        csrfToken: string;
                        expireTime: string;
                    };
                };
            };
        };
    };
    endConsoleSession: {
        responses: {
            /** @description The session has ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
            };
        };
    };
    checkHealth: {
        responses: {
            /** @description Well */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        status: string;
                        /** @description What does not answer, and why. */
                        missing?: {
                            [key: string]: string;
                        };
                    };
                };
            };
        };
    };
    checkReadiness: {
        responses: {
            /** @description Well */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        status: string;
                        /** @description What does not answer, and why. */
                        missing?: {
                            [key: string]: string;
                        };
                    };
                };
            };
        };
    };
}
