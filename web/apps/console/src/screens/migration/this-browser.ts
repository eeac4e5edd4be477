import type { ExportRecord, ExportSource } from "./export";

type Collected = Omit<ExportRecord, "sha256">;

interface Script {
  collect(): Promise<Collected[]>;
}

// What the console itself keeps is no app's data.
const OWN = /^(indexedDB:)?timeloom/;

/** What apps of this origin keep in this browser. */
export async function collectHere(): Promise<Collected[]> {
  const { collect } = await script();
  const records = await collect();
  return records.filter(({ store, key }) => !OWN.test(store) && !OWN.test(key));
}

/** Where it comes from. */
export function sourceHere(): ExportSource {
  return { origin: location.origin, app: "", appVersion: "", userAgent: navigator.userAgent, userId: "" };
}

function script(): Promise<Script> {
  const known = globalThis as unknown as { TimeloomMigration?: Script };
  if (known.TimeloomMigration) return Promise.resolve(known.TimeloomMigration);
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = "/migrate.js";
    element.dataset.manual = "";
    element.onload = () =>
      known.TimeloomMigration
        ? resolve(known.TimeloomMigration)
        : reject(new Error("The script did not run."));
    element.onerror = () =>
      reject(new Error("The script that reads this browser's data could not be loaded."));
    document.head.append(element);
  });
}
