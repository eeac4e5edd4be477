import type { Fields, Filter } from "../rest.js";
import type { AgentSession, Environment, Preference, Task } from "../types.js";
import { changeCached } from "./cached.js";
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

interface OfTask {
  readonly taskId: string;
}
type TaskEdit = OfTask & Fields<typeof TASK, "patch">;
type EnvironmentEdit = { readonly environmentId: string } & Fields<typeof ENVIRONMENT, "patch">;
type PreferenceEdit = { readonly preferenceId: string } & Fields<"/api/preferences/{preferenceId}", "patch">;

/** Tasks, and what can be done to them. */
export interface Tasks {
  readonly list: Listing<Task>;
  readonly create: Action<Fields<typeof TASKS>, Task>;
  readonly update: Action<TaskEdit, Task>;
  readonly remove: Action<OfTask, unknown>;
}

/**
 * The tasks of a filter, the one that was changed last first unless it says otherwise. Read anew when one changes.
 * Changes and deletions show at once, and are taken back if they are refused.
 */
export function useTasks(query: Filter<typeof TASKS> = {}, options?: ReadOptions): Tasks {
  const stale = [TASKS];
  return {
    list: usePages(TASKS, "tasks", { query }, options),
    create: useAction("post", TASKS, (body) => ({ body }), { stale }),
    update: useAction(
      "patch",
      TASK,
      ({ taskId, ...body }: TaskEdit) => ({ params: { path: { taskId } }, body }),
      {
        stale,
        foresee: (queries, { taskId, tags, ...fields }) =>
          changeCached(queries, TASKS, taskId, (task) => ({
            ...task,
            ...present(fields),
            ...(tags && { tags: tags.words }),
          })),
      },
    ),
    remove: useAction("delete", TASK, ({ taskId }: OfTask) => ({ params: { path: { taskId } } }), {
      stale,
      foresee: (queries, { taskId }) => changeCached(queries, TASKS, taskId, () => undefined),
    }),
  };
}

/** The members that are there. */
function present(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
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
    create: useAction("post", ENVIRONMENTS, (body) => ({ body }), { stale: [ENVIRONMENTS] }),
    update: useAction(
      "patch",
      ENVIRONMENT,
      ({ environmentId, ...body }: EnvironmentEdit) => ({ params: { path: { environmentId } }, body }),
      { stale: [ENVIRONMENTS] },
    ),
    remove: useAction(
      "delete",
      ENVIRONMENT,
      ({ environmentId }) => ({ params: { path: { environmentId } } }),
      { stale: [ENVIRONMENTS] },
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
    create: useAction("post", PREFERENCES, (body) => ({ body }), { stale: [PREFERENCES] }),
    update: useAction(
      "patch",
      "/api/preferences/{preferenceId}",
      ({ preferenceId, ...body }: PreferenceEdit) => ({ params: { path: { preferenceId } }, body }),
      { stale: [PREFERENCES] },
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
