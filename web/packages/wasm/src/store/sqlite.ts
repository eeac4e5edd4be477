import type { Database, PreparedStatement, SqlValue } from "@sqlite.org/sqlite-wasm";
import { LocalError } from "../errors.js";
import type { Backend, CollectionUsage, Limits, PageQuest, Row, Usage } from "./backend.js";
import { EVICT_TO } from "./limits.js";
import {
  CLEAR,
  CLEAR_ALL,
  COLUMNS,
  DELETE,
  EVICT_NEXT,
  LAST_USE,
  MIGRATIONS,
  OUTDATED,
  PUT,
  pageStatement,
  READ,
  TOTAL,
  TOUCH,
  USAGE,
} from "./statements.js";

/**
 * The log is appended to, and emptied by a few megabytes. The database has one connection at a time, so that the log
 * needs no shared memory. Large pages take what a document with its embedding needs in one write.
 */
const SETTINGS = `
  PRAGMA page_size = 16384;
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA wal_autocheckpoint = 200;
  PRAGMA synchronous = NORMAL;
  PRAGMA cache_size = -16000;
`;

/** So many uses are noted together, so that not every read writes. */
const TOUCHED_MAX = 500;

/** Keeps rows in a database of SQLite. */
export class SqliteBackend implements Backend {
  readonly #database: Database;
  readonly #limits: Limits;
  /** What was read since uses were last noted. */
  #touched = new Map<string, { collection: string; key: string; used: number }>();
  readonly #statements = new Map<string, PreparedStatement>();
  #lastUse: number;
  #evictions = 0;

  constructor(database: Database, limits: Limits) {
    this.#database = database;
    this.#limits = limits;
    database.exec(SETTINGS);
    upgrade(database);
    this.#lastUse = Number(database.selectValue(LAST_USE) ?? 0);
  }

  async write(collection: string, rows: readonly Row[]): Promise<void> {
    this.#transaction(() => {
      for (const { key, time, version, json, blob, bytes } of rows) {
        this.#run(PUT, [collection, key, time, version, ++this.#lastUse, bytes, json, blob ?? null]);
      }
      this.#evict();
    });
  }

  async read(collection: string, key: string): Promise<Row | undefined> {
    const [found] = this.#select(READ, [collection, key]);
    if (!found) return undefined;
    this.#touched.set(JSON.stringify([collection, key]), { collection, key, used: ++this.#lastUse });
    if (this.#touched.size >= TOUCHED_MAX) this.#transaction(() => this.#noteUses());
    return rowOf(found);
  }

  async page(collection: string, quest: PageQuest): Promise<Row[]> {
    const { sql, values } = pageStatement(collection, quest);
    return this.#select(sql, values).map(rowOf);
  }

  async remove(collection: string, keys: readonly string[]): Promise<number> {
    return this.#transaction(() => {
      let removed = 0;
      for (const key of keys) {
        this.#run(DELETE, [collection, key]);
        removed += this.#database.changes();
      }
      return removed;
    });
  }

  async clear(collection: string | undefined): Promise<void> {
    this.#transaction(() => {
      if (collection === undefined) this.#run(CLEAR_ALL, []);
      else this.#run(CLEAR, [collection]);
    });
  }

  async outdated(version: number, limit: number): Promise<{ collection: string; row: Row }[]> {
    return this.#select(OUTDATED, [version, limit]).map((found) => ({
      collection: String(found[COLUMNS.length]),
      row: rowOf(found),
    }));
  }

  async usage(): Promise<Usage> {
    const collections = this.#select(USAGE, []).map(
      ([name, documents, bytes]): CollectionUsage => ({
        name: String(name),
        documents: Number(documents),
        bytes: Number(bytes),
      }),
    );
    return { collections, evictions: this.#evictions };
  }

  async problems(): Promise<string[]> {
    try {
      const found = this.#select("PRAGMA quick_check(10)", []).map(([problem]) => String(problem));
      return found.filter((problem) => problem !== "ok");
    } catch (error) {
      return [String(error)]; // so much is wrong that the check fails itself
    }
  }

  async close(): Promise<void> {
    this.#transaction(() => this.#noteUses());
    for (const statement of this.#statements.values()) statement.finalize();
    this.#database.close();
  }

  #evict(): void {
    const { bytesMax, documentsMax } = this.#limits;
    let [documents, bytes] = this.#total();
    if (bytes <= bytesMax && documents <= documentsMax) return;
    this.#noteUses();
    while (bytes > bytesMax * EVICT_TO || documents > documentsMax * EVICT_TO) {
      this.#run(EVICT_NEXT, []);
      this.#evictions++;
      [documents, bytes] = this.#total();
    }
  }

  #total(): [documents: number, bytes: number] {
    const [total] = this.#select(TOTAL, []);
    return [Number(total?.[0] ?? 0), Number(total?.[1] ?? 0)];
  }

  #noteUses(): void {
    for (const { collection, key, used } of this.#touched.values()) this.#run(TOUCH, [used, collection, key]);
    this.#touched = new Map();
  }

  #run(sql: string, values: SqlValue[]): void {
    this.#select(sql, values);
  }

  #select(sql: string, values: SqlValue[]): SqlValue[][] {
    const statement = this.#prepared(sql);
    const found: SqlValue[][] = [];
    try {
      if (values.length > 0) statement.bind(values);
      while (statement.step()) found.push(statement.get([]));
    } finally {
      statement.reset(true); // lets go of what was bound, too
    }
    return found;
  }

  /** A statement, which is compiled once: there are as many as `statements` has, and a few pages. */
  #prepared(sql: string): PreparedStatement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #transaction<T>(work: () => T): T {
    return this.#database.transaction(() => work());
  }
}

function rowOf(found: readonly SqlValue[]): Row {
  const [key, time, version, json, blob, bytes] = found;
  return {
    key: String(key),
    time: Number(time),
    version: Number(version),
    json: String(json),
    blob: blob instanceof Uint8Array ? blob : undefined,
    bytes: Number(bytes),
  };
}

function upgrade(database: Database): void {
  const version = Number(database.selectValue("PRAGMA user_version"));
  if (version > MIGRATIONS.length) {
    const problem = `The database has version ${version}; this code knows ${MIGRATIONS.length}.`;
    throw new LocalError("UNAVAILABLE", problem);
  }
  database.transaction(() => {
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}
