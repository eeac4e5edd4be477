import type { SqlValue } from "@sqlite.org/sqlite-wasm";
import type { PageQuest } from "./backend.js";

/** The schema, a step for each version. Steps that were published never change. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE documents (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    time REAL NOT NULL,
    version INTEGER NOT NULL,
    used INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    json TEXT NOT NULL,
    blob BLOB,
    PRIMARY KEY (collection, key)
  );
  CREATE INDEX documents_by_time ON documents (collection, time, key);
  CREATE INDEX documents_by_use ON documents (used);
  CREATE INDEX documents_by_version ON documents (version);
  CREATE TABLE totals (
    collection TEXT NOT NULL PRIMARY KEY,
    documents INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  );
  CREATE TRIGGER documents_inserted AFTER INSERT ON documents BEGIN
    INSERT INTO totals (collection, documents, bytes) VALUES (new.collection, 1, new.bytes)
    ON CONFLICT (collection) DO UPDATE SET documents = documents + 1, bytes = bytes + new.bytes;
  END;
  CREATE TRIGGER documents_updated AFTER UPDATE OF bytes ON documents BEGIN
    UPDATE totals SET bytes = bytes + new.bytes - old.bytes WHERE collection = new.collection;
  END;
  CREATE TRIGGER documents_deleted AFTER DELETE ON documents BEGIN
    UPDATE totals SET documents = documents - 1, bytes = bytes - old.bytes WHERE collection = old.collection;
    DELETE FROM totals WHERE collection = old.collection AND documents = 0;
  END;
  `,
];

export const COLUMNS = ["key", "time", "version", "json", "blob", "bytes"] as const;
const ROW = COLUMNS.join(", ");

export const PUT = `
  INSERT INTO documents (collection, key, time, version, used, bytes, json, blob)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (collection, key) DO UPDATE SET
    time = excluded.time, version = excluded.version, used = excluded.used, bytes = excluded.bytes,
    json = excluded.json, blob = excluded.blob`;
export const READ = `SELECT ${ROW} FROM documents WHERE collection = ? AND key = ?`;
export const DELETE = "DELETE FROM documents WHERE collection = ? AND key = ?";
export const CLEAR = "DELETE FROM documents WHERE collection = ?";
export const CLEAR_ALL = "DELETE FROM documents";
export const OUTDATED = `SELECT ${ROW}, collection FROM documents WHERE version < ? LIMIT ?`;
export const TOUCH = "UPDATE documents SET used = ? WHERE collection = ? AND key = ?";
export const LAST_USE = "SELECT max(used) FROM documents";
export const EVICT_NEXT = `
  DELETE FROM documents WHERE rowid = (SELECT rowid FROM documents ORDER BY used LIMIT 1)`;
export const USAGE = "SELECT collection, documents, bytes FROM totals ORDER BY collection";
export const TOTAL = "SELECT coalesce(sum(documents), 0), coalesce(sum(bytes), 0) FROM totals";

/** The statement that reads a page. */
export function pageStatement(collection: string, quest: PageQuest): { sql: string; values: SqlValue[] } {
  const isNewest = quest.order === "newest";
  const direction = isNewest ? "DESC" : "ASC";
  const conditions = ["collection = ?"];
  const values: SqlValue[] = [collection];
  const add = (condition: string, ...bound: SqlValue[]) => {
    conditions.push(condition);
    values.push(...bound);
  };
  if (quest.from !== undefined) add("time >= ?", quest.from);
  if (quest.before !== undefined) add("time < ?", quest.before);
  if (quest.after) add(`(time, key) ${isNewest ? "<" : ">"} (?, ?)`, quest.after.time, quest.after.key);
  const sql = `
    SELECT ${ROW} FROM documents WHERE ${conditions.join(" AND ")}
    ORDER BY time ${direction}, key ${direction} LIMIT ?`;
  return { sql, values: [...values, quest.limit] };
}
