import { checkWhole, invalid, LocalError } from "../errors.js";
import { checkedWithout, features, type WithoutOptions } from "../features.js";
import type { Backend, CollectionUsage, EngineName, Limits, PageQuest } from "./backend.js";
import { checkKey, checkName, documentOf, type LocalDocument, type NewDocument, rowOf } from "./documents.js";
import { BATCH_MAX, PAGE_MAX, STORE_BYTES_MAX, STORE_DOCUMENTS_MAX } from "./limits.js";
import { migrate, type Schema } from "./migrate.js";
import { type Fallback, type Opened, openBackend } from "./open.js";

export interface LocalStoreOptions extends WithoutOptions {
  /** Tabs of one origin that open the same name share one store. */
  readonly name: string;
  /** The limits. Where several tabs share SQLite, those of the tab that has it count. */
  readonly bytesMax?: number | undefined;
  readonly documentsMax?: number | undefined;
  /** The version of the values, and how older ones become it. */
  readonly schema?: Schema | undefined;
}

export interface ListOptions {
  /** The newest first if left out. */
  readonly order?: "newest" | "oldest" | undefined;
  /** Only documents of this time or later. */
  readonly from?: number | undefined;
  /** Only documents of an earlier time. */
  readonly before?: number | undefined;
  /** How many; 100 if left out. */
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly documents: LocalDocument<T>[];
  /** Where the next page begins; undefined if there is none. */
  readonly next: string | undefined;
}

export interface StoreStats {
  readonly engine: EngineName;
  /** Whether what is kept is there after a reload. */
  readonly isDurable: boolean;
  /** Why an engine that would be better is not used. */
  readonly fallbacks: readonly Fallback[];
  readonly documents: number;
  readonly bytes: number;
  readonly documentsMax: number;
  readonly bytesMax: number;
  readonly evictions: number;
  readonly collections: readonly CollectionUsage[];
}

export interface StoreHealth {
  readonly isHealthy: boolean;
  readonly engine: EngineName;
  readonly problems: readonly string[];
  readonly writeMs: number;
  readonly readMs: number;
}

/** Keeps documents in the browser: what was not used for longest makes room when a limit is reached. */
export interface LocalStore {
  put(collection: string, document: NewDocument): Promise<void>;
  /** Puts all of them or none. */
  putMany(collection: string, documents: readonly NewDocument[]): Promise<void>;
  get<T = unknown>(collection: string, key: string): Promise<LocalDocument<T> | undefined>;
  /** A page of a collection in the order of time, and of keys where times are equal. */
  list<T = unknown>(collection: string, options?: ListOptions): Promise<Page<T>>;
  /** Deletes documents and tells how many were there. */
  delete(collection: string, keys: readonly string[]): Promise<number>;
  /** Deletes all of a collection, or all there is. */
  clear(collection?: string): Promise<void>;
  count(collection: string): Promise<number>;
  stats(): Promise<StoreStats>;
  /** Writes and reads for real, and has what is kept checked. */
  health(): Promise<StoreHealth>;
  close(): Promise<void>;
}

/** The collection that `health` writes to. */
const HEALTH = "health-check";

/** Opens a store: SQLite in the private file system, else IndexedDB, else memory. */
export async function openLocalStore(options: LocalStoreOptions): Promise<LocalStore> {
  const { name, bytesMax = STORE_BYTES_MAX, documentsMax = STORE_DOCUMENTS_MAX, schema } = options;
  checkName("name", name);
  checkWhole("bytesMax", bytesMax, { min: 1, max: Number.MAX_SAFE_INTEGER });
  checkWhole("documentsMax", documentsMax, { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (schema) checkWhole("schema.version", schema.version, { min: 1, max: 2 ** 31 });
  checkedWithout(options.without);
  const limits = { bytesMax, documentsMax };
  const opened = await openBackend(name, limits, features(options));
  if (schema) await migrate(opened.backend, name, schema);
  return new BackedStore(opened, limits, schema?.version ?? 1);
}

class BackedStore implements LocalStore {
  readonly #opened: Opened;
  readonly #backend: Backend;
  readonly #limits: Limits;
  readonly #version: number;
  #isClosed = false;

  constructor(opened: Opened, limits: Limits, version: number) {
    this.#opened = opened;
    this.#backend = opened.backend;
    this.#limits = limits;
    this.#version = version;
  }

  put(collection: string, document: NewDocument): Promise<void> {
    return this.#write(collection, [document], () => "document");
  }

  putMany(collection: string, documents: readonly NewDocument[]): Promise<void> {
    return this.#write(collection, documents, (index) => `documents[${index}]`);
  }

  async get<T>(collection: string, key: string): Promise<LocalDocument<T> | undefined> {
    this.#check(collection);
    checkKey("key", key);
    const row = await this.#backend.read(collection, key);
    return row && documentOf<T>(row);
  }

  async list<T>(collection: string, options: ListOptions = {}): Promise<Page<T>> {
    this.#check(collection);
    const { order = "newest", from, before, limit = 100, cursor } = options;
    checkWhole("limit", limit, { min: 1, max: PAGE_MAX });
    const after = cursor === undefined ? undefined : parsedCursor(cursor);
    const quest: PageQuest = { order, from, before, after, limit: limit + 1 };
    const rows = await this.#backend.page(collection, quest);
    const documents = rows.slice(0, limit).map((row) => documentOf<T>(row));
    const last = documents.at(-1);
    return { documents, next: rows.length > limit && last ? cursorOf(last) : undefined };
  }

  async delete(collection: string, keys: readonly string[]): Promise<number> {
    this.#check(collection);
    checkWhole("keys.length", keys.length, { min: 0, max: BATCH_MAX });
    keys.forEach((key, index) => {
      checkKey(`keys[${index}]`, key);
    });
    return this.#backend.remove(collection, keys);
  }

  async clear(collection?: string): Promise<void> {
    this.#check(collection ?? HEALTH);
    await this.#backend.clear(collection);
  }

  async count(collection: string): Promise<number> {
    this.#check(collection);
    const { collections } = await this.#backend.usage();
    return collections.find(({ name }) => name === collection)?.documents ?? 0;
  }

  async stats(): Promise<StoreStats> {
    this.#check(HEALTH);
    const { collections, evictions } = await this.#backend.usage();
    return {
      engine: this.#opened.engine,
      isDurable: this.#opened.engine !== "memory",
      fallbacks: this.#opened.fallbacks,
      documents: collections.reduce((sum, { documents }) => sum + documents, 0),
      bytes: collections.reduce((sum, { bytes }) => sum + bytes, 0),
      ...this.#limits,
      evictions,
      collections,
    };
  }

  async health(): Promise<StoreHealth> {
    const problems = await this.#backend.problems();
    const written = {
      key: crypto.randomUUID(),
      value: { checked: Date.now() },
      blob: new Uint8Array([1, 2, 3]),
    };
    const start = performance.now();
    await this.put(HEALTH, written);
    const middle = performance.now();
    const read = await this.get(HEALTH, written.key);
    const end = performance.now();
    await this.delete(HEALTH, [written.key]);
    const same =
      JSON.stringify(read?.value) === JSON.stringify(written.value) && read?.blob?.join() === "1,2,3";
    if (!same) problems.push("What was written did not come back.");
    return {
      isHealthy: problems.length === 0,
      engine: this.#opened.engine,
      problems,
      writeMs: middle - start,
      readMs: end - middle,
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#backend.close();
  }

  async #write(
    collection: string,
    documents: readonly NewDocument[],
    field: (index: number) => string,
  ): Promise<void> {
    this.#check(collection);
    checkWhole("documents.length", documents.length, { min: 0, max: BATCH_MAX });
    const of = { version: this.#version, now: Date.now() };
    await this.#backend.write(
      collection,
      documents.map((document, index) => rowOf(field(index), document, of)),
    );
  }

  #check(collection: string): void {
    if (this.#isClosed) throw new LocalError("CLOSED", "The store was closed.");
    checkName("collection", collection);
  }
}

function cursorOf({ time, key }: { time: number; key: string }): string {
  return JSON.stringify([time, key]);
}

function parsedCursor(cursor: string): { time: number; key: string } {
  try {
    const [time, key] = JSON.parse(cursor) as [unknown, unknown];
    if (typeof time === "number" && typeof key === "string") return { time, key };
  } catch {
    // refused below
  }
  throw invalid("cursor", "is none that a page ended with");
}
