import { LocalError } from "../errors.js";
import type { Backend, CollectionUsage, Limits, PageQuest, Row, Usage } from "./backend.js";
import { EVICT_TO } from "./limits.js";

const DOCUMENTS = "documents";
const TOTALS = "totals";
const SCHEMA_VERSION = 1;

interface Stored extends Row {
  readonly collection: string;
  /** Rises with each use. */
  readonly used: number;
}

/** Keeps rows in IndexedDB, which serves all tabs by itself. */
export class IndexedDbBackend implements Backend {
  readonly #database: IDBDatabase;
  readonly #limits: Limits;
  #evictions = 0;
  #lastUse = 0;

  private constructor(database: IDBDatabase, limits: Limits) {
    this.#database = database;
    this.#limits = limits;
    database.onversionchange = () => database.close();
  }

  static async open(name: string, limits: Limits): Promise<IndexedDbBackend> {
    const request = indexedDB.open(`timeloom-local:${name}`, SCHEMA_VERSION);
    request.onupgradeneeded = () => createSchema(request.result);
    return new IndexedDbBackend(await result(request), limits);
  }

  write(collection: string, rows: readonly Row[]): Promise<void> {
    return this.#change(async (documents, totals) => {
      const total = await totalOf(totals, collection);
      for (const row of rows) {
        const old = await result<Stored | undefined>(documents.get([collection, row.key]));
        total.documents += old ? 0 : 1;
        total.bytes += row.bytes - (old?.bytes ?? 0);
        documents.put({ ...row, collection, used: this.#use() } satisfies Stored);
      }
      totals.put(total);
      await this.#evict(documents, totals);
    });
  }

  async read(collection: string, key: string): Promise<Row | undefined> {
    return this.#change(async (documents) => {
      const found = await result<Stored | undefined>(documents.get([collection, key]));
      if (found) documents.put({ ...found, used: this.#use() });
      return found && rowOf(found);
    });
  }

  async page(collection: string, quest: PageQuest): Promise<Row[]> {
    const documents = this.#database.transaction(DOCUMENTS).objectStore(DOCUMENTS);
    const range = rangeOf(collection, quest);
    if (!range) return [];
    const direction = quest.order === "newest" ? "prev" : "next";
    const rows: Row[] = [];
    await eachOf(documents.index("byTime").openCursor(range, direction), (cursor) => {
      rows.push(rowOf(cursor.value));
      return rows.length < quest.limit;
    });
    return rows;
  }

  remove(collection: string, keys: readonly string[]): Promise<number> {
    return this.#change(async (documents, totals) => {
      const total = await totalOf(totals, collection);
      const before = total.documents;
      for (const key of keys) {
        const old = await result<Stored | undefined>(documents.get([collection, key]));
        if (!old) continue;
        total.documents--;
        total.bytes -= old.bytes;
        documents.delete([collection, key]);
      }
      putTotal(totals, total);
      return before - total.documents;
    });
  }

  clear(collection: string | undefined): Promise<void> {
    return this.#change(async (documents, totals) => {
      if (collection === undefined) {
        documents.clear();
        totals.clear();
        return;
      }
      documents.delete(IDBKeyRange.bound([collection], [collection, []]));
      totals.delete(collection);
    });
  }

  async outdated(version: number, limit: number): Promise<{ collection: string; row: Row }[]> {
    const documents = this.#database.transaction(DOCUMENTS).objectStore(DOCUMENTS);
    const range = IDBKeyRange.upperBound(version, true);
    const found = await result<Stored[]>(documents.index("byVersion").getAll(range, limit));
    return found.map((stored) => ({ collection: stored.collection, row: rowOf(stored) }));
  }

  async usage(): Promise<Usage> {
    const totals = this.#database.transaction(TOTALS).objectStore(TOTALS);
    return { collections: await result<CollectionUsage[]>(totals.getAll()), evictions: this.#evictions };
  }

  async problems(): Promise<string[]> {
    const transaction = this.#database.transaction([DOCUMENTS, TOTALS]);
    const [count, totals] = await Promise.all([
      result(transaction.objectStore(DOCUMENTS).count()),
      result<CollectionUsage[]>(transaction.objectStore(TOTALS).getAll()),
    ]);
    const counted = totals.reduce((sum, { documents }) => sum + documents, 0);
    return count === counted ? [] : [`${count} documents are there, and ${counted} are counted`];
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  async #change<T>(work: (documents: IDBObjectStore, totals: IDBObjectStore) => Promise<T>): Promise<T> {
    const transaction = this.#database.transaction([DOCUMENTS, TOTALS], "readwrite");
    const done = completed(transaction);
    try {
      const value = await work(transaction.objectStore(DOCUMENTS), transaction.objectStore(TOTALS));
      await done;
      return value;
    } catch (error) {
      done.catch(() => undefined); // the first failure is what is told
      abort(transaction);
      throw error;
    }
  }

  async #evict(documents: IDBObjectStore, totals: IDBObjectStore): Promise<void> {
    const all = await result<Total[]>(totals.getAll());
    let count = all.reduce((sum, each) => sum + each.documents, 0);
    let bytes = all.reduce((sum, each) => sum + each.bytes, 0);
    const { bytesMax, documentsMax } = this.#limits;
    if (bytes <= bytesMax && count <= documentsMax) return;
    const byName = new Map(all.map((total) => [total.name, total]));
    await eachOf(documents.index("byUse").openCursor(), (cursor) => {
      if (bytes <= bytesMax * EVICT_TO && count <= documentsMax * EVICT_TO) return false;
      const stored: Stored = cursor.value;
      const total = byName.get(stored.collection);
      if (total) {
        total.documents--;
        total.bytes -= stored.bytes;
      }
      count--;
      bytes -= stored.bytes;
      this.#evictions++;
      cursor.delete();
      return true;
    });
    for (const total of all) putTotal(totals, total);
  }

  /** The time, made to rise where calls follow faster than the clock: other tabs take part in the order. */
  #use(): number {
    this.#lastUse = Math.max(Date.now(), this.#lastUse + 0.001);
    return this.#lastUse;
  }
}

interface Total {
  name: string;
  documents: number;
  bytes: number;
}

function createSchema(database: IDBDatabase): void {
  const documents = database.createObjectStore(DOCUMENTS, { keyPath: ["collection", "key"] });
  documents.createIndex("byTime", ["collection", "time", "key"]);
  documents.createIndex("byUse", "used");
  documents.createIndex("byVersion", "version");
  database.createObjectStore(TOTALS, { keyPath: "name" });
}

async function totalOf(totals: IDBObjectStore, name: string): Promise<Total> {
  return (await result<Total | undefined>(totals.get(name))) ?? { name, documents: 0, bytes: 0 };
}

function putTotal(totals: IDBObjectStore, total: Total): void {
  if (total.documents === 0) totals.delete(total.name);
  else totals.put(total);
}

/** The keys of a page; undefined if nothing can be in it. */
function rangeOf(collection: string, { order, from, before, after }: PageQuest): IDBKeyRange | undefined {
  let lower: IDBValidKey[] = [collection, ...(from === undefined ? [] : [from])];
  let upper: IDBValidKey[] = [collection, ...(before === undefined ? [[]] : [before])]; // a list follows all numbers
  if (after) {
    const last = [collection, after.time, after.key];
    if (order === "newest") upper = indexedDB.cmp(last, upper) < 0 ? last : upper;
    else lower = indexedDB.cmp(last, lower) > 0 ? last : lower;
  }
  if (indexedDB.cmp(lower, upper) >= 0) return undefined;
  return IDBKeyRange.bound(lower, upper, order === "oldest" && after !== undefined, true);
}

function rowOf({ key, time, version, json, blob, bytes }: Stored): Row {
  return { key, time, version, json, blob, bytes };
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(failure(request.error));
  });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(failure(transaction.error));
  });
}

function eachOf(
  request: IDBRequest<IDBCursorWithValue | null>,
  visit: (cursor: IDBCursorWithValue) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(failure(request.error));
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor && visit(cursor)) cursor.continue();
      else resolve();
    };
  });
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // it ended by itself
  }
}

function failure(error: DOMException | null): LocalError {
  const problem = error ? `${error.name}: ${error.message}` : "the transaction was aborted";
  return new LocalError("FAILED", `IndexedDB failed: ${problem}`, { cause: error });
}
