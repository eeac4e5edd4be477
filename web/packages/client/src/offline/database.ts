/** Where the browser keeps what has to outlive a page, by the names of its stores. */
export const PENDING = "pending";
export const FAILED = "failed";
export const META = "meta";
export const ROWS = "rows";

/** The index of pending mutations by their ids. */
export const BY_ID = "byId";

const VERSION = 1;

/** The name of a project's database. */
export function databaseName(project: string): string {
  return `timeloom-offline-${project}`;
}

/** Opens a project's database; null where the browser has none to give, such as in some private windows. */
export async function openDatabase(project: string): Promise<IDBDatabase | null> {
  if (globalThis.indexedDB === undefined) return null;
  const opening = indexedDB.open(databaseName(project), VERSION);
  opening.onupgradeneeded = () => {
    const pending = opening.result.createObjectStore(PENDING, { keyPath: "sequence", autoIncrement: true });
    pending.createIndex(BY_ID, "mutation.id", { unique: true });
    opening.result.createObjectStore(FAILED, { keyPath: "mutation.id" });
    opening.result.createObjectStore(META);
    opening.result.createObjectStore(ROWS, { keyPath: ["table", "id"] });
  };
  try {
    const database = await answered(opening);
    // Another tab wipes it, or a later version of the page opens it.
    database.onversionchange = () => database.close();
    return database;
  } catch {
    return null;
  }
}

/** Removes a project's database, with all that waits in it. */
export async function removeDatabase(project: string): Promise<void> {
  if (globalThis.indexedDB === undefined) return;
  await answered(indexedDB.deleteDatabase(databaseName(project)));
}

/** What a request of IndexedDB answers. */
export function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Waits until a transaction is on disk. */
export function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException("aborted", "AbortError"));
  });
}
