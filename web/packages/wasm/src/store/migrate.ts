import type { Backend, Row } from "./backend.js";
import { documentOf, type LocalDocument, type NewDocument, rowOf } from "./documents.js";

/** So many documents are migrated at once. */
const MIGRATED_AT_ONCE = 100;

/** The version of the values in a store. */
export interface Schema {
  /** From 1 on. A store without a schema has version 1. */
  readonly version: number;
  /**
   * Makes a document of an older version one of this; undefined deletes it.
   *
   * Each document carries its version, so none is migrated twice, even if the page is closed meanwhile.
   */
  readonly migrate: (
    document: LocalDocument,
    from: { readonly collection: string; readonly version: number },
  ) => NewDocument | undefined;
}

/** Brings all documents of older versions to that of the schema; two tabs do it one after the other. */
export async function migrate(backend: Backend, name: string, schema: Schema): Promise<void> {
  const locks = globalThis.navigator?.locks;
  if (locks) await locks.request(`timeloom-local:${name}:migrate`, () => migrateAll(backend, schema));
  else await migrateAll(backend, schema);
}

async function migrateAll(backend: Backend, { version, migrate: apply }: Schema): Promise<void> {
  for (;;) {
    const outdated = await backend.outdated(version, MIGRATED_AT_ONCE);
    if (outdated.length === 0) return;
    for (const { collection, row } of outdated) {
      const document = apply(documentOf(row), { collection, version: row.version });
      const migrated = document && rowOf("document", document, { version, now: row.time });
      if (migrated?.key !== row.key) await backend.remove(collection, [row.key]);
      if (migrated) await backend.write(collection, [migrated satisfies Row]);
    }
  }
}
