import { answered, committed, openDatabase, ROWS } from "../offline/database.js";

/** How many rows of a table are kept for the time without a network. */
export const KEPT_ROWS_MAX = 5_000;
/** How large a kept row may be, as JSON; larger ones are there only while there is a network. */
export const KEPT_ROW_CHARACTERS_MAX = 200_000;

/** What has changed in a table, as a shape tells it. */
export interface RowChange {
  readonly type: "insert" | "update" | "delete";
  readonly id: string;
  /** An update may have only what changed. */
  readonly value: Readonly<Record<string, unknown>>;
}

interface KeptRow {
  readonly table: string;
  readonly id: string;
  readonly value: Record<string, unknown>;
}

/** Keeps the rows of shapes in the browser's database. */
export class KeptRows {
  readonly #database: Promise<IDBDatabase | null>;
  #last: Promise<void> = Promise.resolve();

  constructor(project: string) {
    this.#database = openDatabase(project);
  }

  /** The rows of a table as they were last known. */
  async load(table: string): Promise<Record<string, unknown>[]> {
    const database = await this.#database;
    if (database === null) return [];
    const store = database.transaction(ROWS, "readonly").objectStore(ROWS);
    const found = await answered<KeptRow[]>(store.getAll(rangeOf(table), KEPT_ROWS_MAX));
    return found.map(({ value }) => value);
  }

  /** Keeps changes, one after another; what does not fit any more is left out. */
  save(table: string, changes: readonly RowChange[], { isWhole }: { readonly isWhole: boolean }): void {
    this.#last = this.#last.then(() => this.#save(table, changes, isWhole)).catch(forget);
  }

  /** Waits until all is kept that was saved. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async close(): Promise<void> {
    await this.#last;
    (await this.#database)?.close();
  }

  async #save(table: string, changes: readonly RowChange[], isWhole: boolean): Promise<void> {
    const database = await this.#database;
    if (database === null) return;
    const transaction = database.transaction(ROWS, "readwrite");
    const done = committed(transaction);
    const store = transaction.objectStore(ROWS);
    if (isWhole) store.delete(rangeOf(table));
    let count = isWhole ? 0 : await answered(store.count(rangeOf(table)));
    for (const { type, id, value } of changes) {
      if (type === "delete") {
        store.delete([table, id]);
        continue;
      }
      const before =
        type === "update" ? await answered<KeptRow | undefined>(store.get([table, id])) : undefined;
      if (type === "update" && before === undefined) continue;
      const row: KeptRow = { table, id, value: { ...before?.value, ...value } };
      if (JSON.stringify(row.value).length > KEPT_ROW_CHARACTERS_MAX) {
        store.delete([table, id]);
      } else if (before !== undefined || count < KEPT_ROWS_MAX) {
        if (before === undefined) count += 1;
        store.put(row);
      }
    }
    await done;
  }
}

function rangeOf(table: string): IDBKeyRange {
  return IDBKeyRange.bound([table, ""], [table, "\uffff"]);
}

/** What cannot be kept, because the disk is full or the database was wiped, is read from the server next time. */
function forget(): void {}
