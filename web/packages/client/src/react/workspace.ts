import type { Fields, Filter } from "../rest.js";
import type { AgentSession, Environment, Preference, Task } from "../types.js";
import {
  type Action,
  type Listing,
  type Reading,
  type ReadOptions,
  useAction,
  usePages,
  useRead,
} from "./queries.js";

const TASKS = "/api/tasks";
const TASK = "/api/tasks/{taskId}";
const ENVIRONMENTS = "/api/environments";
const ENVIRONMENT = "/api/environments/{environmentId}";
const PREFERENCES = "/api/preferences";
const SESSIONS = "/api/agent-sessions";

type TaskEdit = { readonly taskId: string } & Fields<typeof TASK, "patch">;
type EnvironmentEdit = { readonly environmentId: string } & Fields<typeof ENVIRONMENT, "patch">;
type PreferenceEdit = { readonly preferenceId: string } & Fields<"/api/preferences/{preferenceId}", "patch">;

/** Tasks, and what can be done to them. */
export interface Tasks {
  readonly list: Listing<Task>;
  readonly create: Action<Fields<typeof TASKS>, Task>;
  readonly update: Action<TaskEdit, Task>;
  readonly remove: Action<{ readonly taskId: string }, unknown>;
}

/** The tasks of a filter, the one that was changed last first unless it says otherwise. Read anew when one changes. */
export function useTasks(query: Filter<typeof TASKS> = {}, options?: ReadOptions): Tasks {
  return {
    list: usePages(TASKS, "tasks", { query }, options),
    create: useAction("post", TASKS, (body) => ({ body }), [TASKS]),
    update: useAction(
      "patch",
      TASK,
      ({ taskId, ...body }: TaskEdit) => ({ params: { path: { taskId } }, body }),
      [TASKS],
    ),
    remove: useAction("delete", TASK, ({ taskId }) => ({ params: { path: { taskId } } }), [TASKS]),
  };
}

/** One task. Read anew when it changes. */
export function useTask(taskId: string, options?: ReadOptions): Reading<Task> {
  return useRead(TASK, { path: { taskId } }, { enabled: taskId !== "", ...options });
}

/** Environments, and what can be done to them. */
export interface Environments {
  readonly list: Listing<Environment>;
  readonly create: Action<Fields<typeof ENVIRONMENTS>, Environment>;
  readonly update: Action<EnvironmentEdit, Environment>;
  readonly remove: Action<{ readonly environmentId: string }, unknown>;
}

/** The environments of a filter. Read anew when one changes. */
export function useEnvironments(
  query: Filter<typeof ENVIRONMENTS> = {},
  options?: ReadOptions,
): Environments {
  return {
    list: usePages(ENVIRONMENTS, "environments", { query }, options),
    create: useAction("post", ENVIRONMENTS, (body) => ({ body }), [ENVIRONMENTS]),
    update: useAction(
      "patch",
      ENVIRONMENT,
      ({ environmentId, ...body }: EnvironmentEdit) => ({ params: { path: { environmentId } }, body }),
      [ENVIRONMENTS],
    ),
    remove: useAction(
      "delete",
      ENVIRONMENT,
      ({ environmentId }) => ({ params: { path: { environmentId } } }),
      [ENVIRONMENTS],
    ),
  };
}

/** Preferences, and what can be done to them. */
export interface Preferences {
  readonly list: Listing<Preference>;
  readonly create: Action<Fields<typeof PREFERENCES>, Preference>;
  readonly update: Action<PreferenceEdit, Preference>;
}

/** The preferences of a filter. Read anew when one changes. */
export function usePreferences(query: Filter<typeof PREFERENCES> = {}, options?: ReadOptions): Preferences {
  return {
    list: usePages(PREFERENCES, "preferences", { query }, options),
    create: useAction("post", PREFERENCES, (body) => ({ body }), [PREFERENCES]),
    update: useAction(
      "patch",
      "/api/preferences/{preferenceId}",
      ({ preferenceId, ...body }: PreferenceEdit) => ({ params: { path: { preferenceId } }, body }),
      [PREFERENCES],
    ),
  };
}

/** The agent sessions of a filter. Read anew when one changes. */
export function useAgentSessions(
  query: Filter<typeof SESSIONS> = {},
  options?: ReadOptions,
): Listing<AgentSession> {
  return usePages(SESSIONS, "agentSessions", { query }, options);
}
