import type { Answer, Fields, Filter } from "../rest.js";
import type { Migration, MigrationConflict, MigrationItem } from "../types.js";
import {
  type Action,
  type Listing,
  type Reading,
  type ReadOptions,
  useAction,
  usePages,
  useRead,
} from "./queries.js";

const MIGRATIONS = "/api/migration";
const MIGRATION = "/api/migration/{migrationId}";
const EFFECTS = { stale: [MIGRATIONS] };

/** Lists migrations, newest first. Read anew whenever one gets on. */
export function useMigrations(
  query: Filter<typeof MIGRATIONS> = {},
  options?: ReadOptions,
): Listing<Migration> {
  return usePages(MIGRATIONS, "migrations", { query }, options);
}

/** One migration, and what can be done to it. */
export interface MigrationHandle {
  readonly migration: Reading<Migration>;
  /** Uploads the next records. */
  readonly append: Action<Fields<"/api/migration/{migrationId}/records">, Migration>;
  readonly plan: Action<Fields<"/api/migration/{migrationId}/plan">, Migration>;
  readonly start: Action<void, Migration>;
  readonly pause: Action<void, Migration>;
  readonly resume: Action<void, Migration>;
  /** Compares everything that was migrated with what is there now. */
  readonly verify: Action<void, Answer<"/api/migration/{migrationId}/verify", "post">>;
  readonly rollBack: Action<void, Migration>;
  /** Decides a conflict, or all that are open. */
  readonly resolve: Action<Fields<"/api/migration/{migrationId}/conflicts:resolve">, Migration>;
  readonly remove: Action<void, unknown>;
}

/** One migration. Read anew whenever it gets on. */
export function useMigration(migrationId: string, options?: ReadOptions): MigrationHandle {
  const params = { path: { migrationId } };
  const bare = () => ({ params, body: {} });
  return {
    migration: useRead(MIGRATION, params, { enabled: migrationId !== "", ...options }),
    append: useAction("post", "/api/migration/{migrationId}/records", (body) => ({ params, body }), EFFECTS),
    plan: useAction("post", "/api/migration/{migrationId}/plan", (body) => ({ params, body }), EFFECTS),
    start: useAction("post", "/api/migration/{migrationId}/start", bare, EFFECTS),
    pause: useAction("post", "/api/migration/{migrationId}/pause", bare, EFFECTS),
    resume: useAction("post", "/api/migration/{migrationId}/resume", bare, EFFECTS),
    verify: useAction("post", "/api/migration/{migrationId}/verify", bare, EFFECTS),
    rollBack: useAction("post", "/api/migration/{migrationId}/rollback", bare, EFFECTS),
    resolve: useAction(
      "post",
      "/api/migration/{migrationId}/conflicts:resolve",
      (body) => ({ params, body }),
      EFFECTS,
    ),
    remove: useAction("delete", MIGRATION, () => ({ params }), EFFECTS),
  };
}

/** Begins a migration with an export's source, digest and first records. */
export function useCreateMigration(): Action<Fields<typeof MIGRATIONS>, Migration> {
  return useAction("post", MIGRATIONS, (body) => ({ body }), EFFECTS);
}

/** What a migration does, or would do, with each record. */
export function useMigrationItems(
  migrationId: string,
  query: Filter<"/api/migration/{migrationId}/plan"> = {},
  options?: ReadOptions,
): Listing<MigrationItem> {
  const place = { path: { migrationId }, query };
  return usePages("/api/migration/{migrationId}/plan", "items", place, {
    enabled: migrationId !== "",
    ...options,
  });
}

/** What a person has to decide about, or what a rollback left alone. */
export function useMigrationConflicts(
  migrationId: string,
  query: Filter<"/api/migration/{migrationId}/conflicts"> = {},
  options?: ReadOptions,
): Listing<MigrationConflict> {
  const place = { path: { migrationId }, query };
  return usePages("/api/migration/{migrationId}/conflicts", "conflicts", place, {
    enabled: migrationId !== "",
    ...options,
  });
}
