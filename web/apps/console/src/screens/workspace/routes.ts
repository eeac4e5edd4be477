import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { PRIORITIES, type Priority } from "./words";

/** Which tasks are shown, and which one is open. */
export interface TasksSearch {
  readonly q?: string;
  readonly priority?: Priority;
  readonly environment?: string;
  readonly tag?: string;
  /** Those that are put away, instead of the others. */
  readonly archived?: true;
  /** The task whose drawer is open; `new` for one that is being made. */
  readonly task?: string;
}

/** Which environment is open; `new` for one that is being made. */
export interface EnvironmentsSearch {
  readonly environment?: string;
}

/** Which list of the inbox is shown. */
export interface ConflictsSearch {
  readonly show?: "rejected" | "decided";
}

function textOf<Name extends string>(search: Record<string, unknown>, name: Name): { [K in Name]?: string } {
  const value = search[name];
  if (typeof value !== "string" && typeof value !== "number") return {};
  return value === "" ? {} : ({ [name]: String(value) } as { [K in Name]?: string });
}

const index = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workspace",
  beforeLoad: () => {
    throw redirect({ to: "/workspace/tasks", replace: true });
  },
});

const tasks = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workspace/tasks",
  validateSearch: (search: Record<string, unknown>): TasksSearch => ({
    ...textOf(search, "q"),
    ...(PRIORITIES.includes(search.priority as Priority) && { priority: search.priority as Priority }),
    ...textOf(search, "environment"),
    ...textOf(search, "tag"),
    ...(search.archived === true && { archived: true }),
    ...textOf(search, "task"),
  }),
  component: lazyRouteComponent(() => import("./TasksPage"), "TasksPage"),
});

const environments = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workspace/environments",
  validateSearch: (search: Record<string, unknown>): EnvironmentsSearch => textOf(search, "environment"),
  component: lazyRouteComponent(() => import("./EnvironmentsPage"), "EnvironmentsPage"),
});

const conflicts = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workspace/conflicts",
  validateSearch: (search: Record<string, unknown>): ConflictsSearch =>
    search.show === "rejected" || search.show === "decided" ? { show: search.show } : {},
  component: lazyRouteComponent(() => import("./ConflictsPage"), "ConflictsPage"),
});

export const workspaceRoutes = [index, tasks, environments, conflicts] as const;
