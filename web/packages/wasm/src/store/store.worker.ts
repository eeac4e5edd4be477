import sqlite3InitModule, { type SAHPoolUtil } from "@sqlite.org/sqlite-wasm";
import { serve } from "../calls/worker.js";
import { LocalError } from "../errors.js";
import type { Backend, Limits } from "./backend.js";
import { OwnedBackend } from "./ownership.js";
import { SqliteBackend } from "./sqlite.js";
import type { StoreCalls } from "./sqliteCaller.js";

/** How often the files are tried, which the browser takes from a closed tab only after its lock. */
const OPEN_TRIES_MAX = 20;
const OPEN_RETRY_MS = 100;

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

const FILE = "/documents.sqlite3";

let opened: Backend | undefined;

function backend(): Backend {
  if (!opened) throw new LocalError("CLOSED", "The store is not open.");
  return opened;
}

serve<StoreCalls>({
  async open({ name, limits }) {
    opened = await OwnedBackend.open(name, () => openFiles(name, limits));
  },
  write: ({ collection, rows }) => backend().write(collection, rows),
  read: ({ collection, key }) => backend().read(collection, key),
  page: ({ collection, quest }) => backend().page(collection, quest),
  remove: ({ collection, keys }) => backend().remove(collection, keys),
  clear: ({ collection }) => backend().clear(collection),
  outdated: ({ version, limit }) => backend().outdated(version, limit),
  usage: () => backend().usage(),
  problems: () => backend().problems(),
  close: () => backend().close(),
});

/** Opens the database in files of its own, which only one worker can have open. */
async function openFiles(name: string, limits: Limits): Promise<Backend> {
  // Where pages are isolated it would start a worker for ways into the file system that are not taken here.
  Object.assign(globalThis, { sqlite3ApiConfig: { disable: { vfs: { opfs: true, "opfs-wl": true } } } });
  const sqlite = await sqlite3InitModule();
  const options = {
    name: `timeloom-${name}`,
    directory: `/.timeloom-local/${name}`,
    preserveOnInitFailure: true, // else what is kept would be deleted when the files are held for a moment
    forceReinitIfPreviouslyFailed: true, // missing in the types
  };
  for (let tries = 1; ; tries++) {
    try {
      const pool = await sqlite.installOpfsSAHPoolVfs(options);
      const own = openDatabase(pool, limits);
      return withClose(own, () => pool.pauseVfs());
    } catch (error) {
      if (tries >= OPEN_TRIES_MAX || !isHeld(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, OPEN_RETRY_MS));
    }
  }
}

/** Opens the database; a damaged one is replaced by an empty one, since all of it can be loaded anew. */
function openDatabase(pool: SAHPoolUtil, limits: Limits): SqliteBackend {
  const open = () => {
    const database = new pool.OpfsSAHPoolDb(FILE);
    try {
      return new SqliteBackend(database, limits);
    } catch (error) {
      database.close();
      throw error;
    }
  };
  try {
    return open();
  } catch (error) {
    if (!isDamage(error)) throw error;
    for (const file of pool.getFileNames()) pool.unlink(file);
    return open();
  }
}

/** Tells whether SQLite says that a file is malformed, or none of its own. */
function isDamage(error: unknown): boolean {
  const code =
    typeof error === "object" && error !== null && "resultCode" in error ? Number(error.resultCode) : 0;
  return [SQLITE_CORRUPT, SQLITE_NOTADB].includes(code & 0xff); // the rest tells more of the same
}

/** Tells whether files are open elsewhere still. */
function isHeld(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NoModificationAllowedError";
}

function withClose(own: SqliteBackend, after: () => void): Backend {
  const close = own.close.bind(own);
  own.close = async () => {
    await close();
    after();
  };
  return own;
}
