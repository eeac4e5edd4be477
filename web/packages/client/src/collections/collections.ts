import { snakeCamelMapper } from "@electric-sql/client";
import { type Collection, type CollectionConfig, createCollection, type NonSingleResult } from "@tanstack/db";
import { type ElectricCollectionUtils, electricCollectionOptions } from "@tanstack/electric-db-collection";
import type { Timeloom } from "../client.js";
import type { OfflineQueue } from "../offline/queue.js";
import type { KeptRows } from "./kept-rows.js";
import { type AnyCollection, Mirror } from "./mirror.js";
import { seeded } from "./seeding.js";
import { type RowTypes, settable, TABLES, type TableName } from "./tables.js";

/** How long a collection goes on following its shape when nobody looks at it any more. */
const UNSEEN_MS_MAX = 5_000;
// A browser without a network notices soon that it is back.
const BACKOFF = { initialDelay: 250, maxDelay: 2_000, multiplier: 1.5 };

export type SyncedCollection<Row extends object> = Collection<Row, string, ElectricCollectionUtils>;

export type Collections = { readonly [Name in TableName]: SyncedCollection<RowTypes[Name]> } & {
  /** Stops showing what waits in the queue. */
  readonly close: () => void;
};

export interface CollectionsOptions {
  readonly timeloom: Timeloom;
  /** Where writes wait until the server has them; without one the collections are read-only. */
  readonly queue?: OfflineQueue;
  /** Where rows are kept for the time without a network. */
  readonly kept?: KeptRows;
  /** Is told when a shape is refused, such as after the session has ended. */
  readonly onError?: (error: Error) => void;
}

/**
 * Live collections of a project's rows: each is a shape that is followed while somebody looks at it.
 *
 * A browser has six connections to a server for all of its tabs, and each followed collection needs one.
 */
export function openCollections(options: CollectionsOptions): Collections {
  const mirror = options.queue === undefined ? undefined : new Mirror(options.queue);
  const made = new Map<TableName, AnyCollection>();
  const get = (name: TableName) => {
    const found = made.get(name) ?? collect(name, options, mirror);
    made.set(name, found);
    return found;
  };
  const collections = { close: () => mirror?.close() };
  for (const name of Object.keys(TABLES) as TableName[]) {
    Object.defineProperty(collections, name, { enumerable: true, get: () => get(name) });
  }
  return collections as Collections;
}

type Fields = Record<string, unknown>;
type Options = CollectionConfig<Fields, string> & NonSingleResult & { schema?: never };

function collect(name: TableName, options: CollectionsOptions, mirror: Mirror | undefined): AnyCollection {
  const table = TABLES[name].name;
  const shape = electricCollectionOptions<Fields>({
    id: `timeloom-${table}`,
    getKey: (row) => String(row.id),
    gcTime: UNSEEN_MS_MAX,
    shapeOptions: shapeOf(table, options),
  });
  const { sync } = shape;
  const isWritable = mirror !== undefined && TABLES[name].writable.length > 0;
  const collection: AnyCollection = createCollection({
    ...shape,
    getKey: (row: Fields) => String(row.id),
    sync: options.kept === undefined ? sync : { ...sync, sync: seeded(table, options.kept, sync.sync) },
    ...(isWritable && writing(name, mirror, () => collection)),
  } as unknown as Options) as unknown as AnyCollection;
  if (isWritable) collection.on("status:ready", () => mirror.attach(table, collection));
  return collection;
}

function shapeOf(table: string, { timeloom, onError }: CollectionsOptions) {
  const { apiKey, url } = timeloom;
  return {
    url: `${url}/v1/shape`,
    params: { table },
    ...(apiKey !== undefined && { headers: { Authorization: `Bearer ${apiKey}` } }),
    // That a browser has few connections is said above.
    warnOnHttp: false,
    columnMapper: snakeCamelMapper(),
    parser: { timestamptz: isoOf },
    backoffOptions: BACKOFF,
    onError: (error: Error) => onError?.(error),
  };
}

/** PostgreSQL's way to write a time in UTC -> the contract's. */
function isoOf(text: string): string {
  return new Date(`${text.replace(" ", "T").replace(/[+-]00$/, "")}Z`).toISOString();
}

interface Written {
  readonly key: string;
  readonly type: "insert" | "update" | "delete";
  readonly modified: Record<string, unknown>;
  readonly original: Record<string, unknown>;
  readonly changes: Record<string, unknown>;
}

const OPERATIONS = { insert: "INSERT", update: "UPDATE", delete: "DELETE" } as const;

/** Sends what is written to a collection by way of the queue. */
function writing(name: TableName, mirror: Mirror, collection: () => AnyCollection) {
  const write = async ({ transaction }: { transaction: { mutations: readonly unknown[] } }) => {
    const sent = (transaction.mutations as readonly Written[]).map((each) =>
      mirror.send(
        {
          table: TABLES[name].name,
          operation: OPERATIONS[each.type],
          recordId: String(each.key),
          value:
            each.type === "delete"
              ? undefined
              : settable(name, each.type === "insert" ? each.modified : each.changes),
          baseClock: typeof each.original.clock === "string" ? each.original.clock : "",
        },
        collection(),
      ),
    );
    await Promise.all(sent);
  };
  return { onInsert: write, onUpdate: write, onDelete: write };
}
