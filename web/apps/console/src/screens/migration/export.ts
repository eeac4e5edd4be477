/** One thing that a browser kept, with the SHA-256 of its canonical form. */
export interface ExportRecord {
  /** `localStorage`, or `indexedDB:<database>/<object store>`. */
  readonly store: string;
  readonly key: string;
  readonly value: unknown;
  readonly sha256: string;
}

/** Whose data it is. */
export interface ExportSource {
  readonly origin: string;
  readonly app: string;
  readonly appVersion: string;
  readonly userAgent: string;
  readonly userId: string;
}

/** What is wrong with an export, and where. */
export interface ExportProblem {
  /** Such as `records[3]`; empty for the file as a whole. */
  readonly place: string;
  readonly reason: string;
}

/** An export before anything is uploaded: what is in it, never a value. */
export interface ExportSummary {
  readonly source: ExportSource;
  readonly sha256: string;
  readonly recordCount: number;
  /** What lies under which key. */
  readonly keys: readonly { readonly store: string; readonly key: string; readonly bytes: number }[];
  /** The first of what is wrong; an export with problems is not uploaded. */
  readonly problems: readonly ExportProblem[];
}

/** Hashes, as the script that browsers run makes them. */
export interface Hashing {
  canonical(value: unknown): string;
  sha256(text: string): Promise<string>;
}

export const FORMAT = "timeloom-export";
export const FORMAT_VERSION = 1;
export const RECORDS_MAX = 100_000;
/** More are not listed: the export is damaged as a whole. */
export const PROBLEMS_MAX = 100;
export const PART_BYTES = 1024 * 1024;
const HASH = /^[0-9a-f]{64}$/;

export class ExportError extends Error {
  override readonly name = "ExportError";
}

/** An export as it lies in a file, in which nothing was proven yet. */
export interface ReadExport {
  readonly source: ExportSource;
  readonly sha256: string;
  readonly records: readonly ExportRecord[];
  readonly problems: readonly ExportProblem[];
}

/**
 * Reads the text of an export's file.
 *
 * @throws ExportError if it is no export at all.
 */
export function readExport(text: string): ReadExport {
  const document = parsed(text);
  if (document.format !== FORMAT) {
    throw new ExportError(
      `format: is not ${FORMAT}, so this is no export of Timeloom's script or command line.`,
    );
  }
  if (document.formatVersion !== FORMAT_VERSION) {
    throw new ExportError(`formatVersion: is ${JSON.stringify(document.formatVersion)}; this one reads 1.`);
  }
  if (!Array.isArray(document.records)) throw new ExportError("records: is no list.");
  if (document.records.length > RECORDS_MAX) {
    throw new ExportError(`records: are ${document.records.length}; an export may have ${RECORDS_MAX}.`);
  }
  const problems: ExportProblem[] = [];
  if (document.recordCount !== document.records.length) {
    const reason = `is ${JSON.stringify(document.recordCount)}, but there are ${document.records.length} records`;
    problems.push({ place: "recordCount", reason });
  }
  if (typeof document.sha256 !== "string" || !HASH.test(document.sha256)) {
    problems.push({ place: "sha256", reason: "is no SHA-256 in lower-case hex" });
  }
  document.records.forEach((record, index) => {
    const reason = flawOf(record);
    if (reason !== undefined && problems.length < PROBLEMS_MAX)
      problems.push({ place: `records[${index}]`, reason });
  });
  return {
    source: sourceOf(document.source),
    sha256: String(document.sha256),
    records: document.records as ExportRecord[],
    problems,
  };
}

/** Proves each record by its hash, and the whole; returns what is not as it was when it was exported. */
export async function prove(
  read: ReadExport,
  hashing: Hashing,
  onProgress: (share: number) => void,
): Promise<ExportProblem[]> {
  if (read.problems.length > 0) return [...read.problems];
  const problems: ExportProblem[] = [];
  for (const [index, record] of read.records.entries()) {
    if (index % 200 === 0) onProgress(index / read.records.length);
    if ((await hashOf(record, hashing)) !== record.sha256 && problems.length < PROBLEMS_MAX) {
      problems.push({
        place: `records[${index}]`,
        reason: `${record.key}: was changed after it was exported`,
      });
    }
  }
  const whole = await hashing.sha256(read.records.map((record) => record.sha256).join(""));
  if (whole !== read.sha256)
    problems.push({ place: "sha256", reason: "records are missing, added, or in another order" });
  return problems;
}

/** The SHA-256 of a record's canonical form. */
export function hashOf(record: Omit<ExportRecord, "sha256">, hashing: Hashing): Promise<string> {
  const { store, key, value } = record;
  return hashing.sha256(hashing.canonical({ store, key, value }));
}

/** As many records from a place on as one request takes, as the JSON list that it needs, and where the next begin. */
export function partFrom(records: readonly ExportRecord[], first: number): { json: string; next: number } {
  const texts: string[] = [];
  let size = 0;
  let next = first;
  while (next < records.length) {
    const text = JSON.stringify(records[next]);
    size += text.length;
    if (texts.length > 0 && size > PART_BYTES) break;
    texts.push(text);
    next += 1;
  }
  return { json: `[${texts.join(",")}]`, next };
}

interface Document {
  readonly format?: unknown;
  readonly formatVersion?: unknown;
  readonly source?: unknown;
  readonly recordCount?: unknown;
  readonly sha256?: unknown;
  readonly records?: unknown;
}

function parsed(text: string): Document {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new ExportError(`This is no JSON: ${(error as Error).message}`);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new ExportError("This is JSON, but no object.");
  }
  return document;
}

function sourceOf(source: unknown): ExportSource {
  const members = (typeof source === "object" && source !== null ? source : {}) as Record<string, unknown>;
  const text = (name: string) => (typeof members[name] === "string" ? members[name] : "");
  return {
    origin: text("origin"),
    app: text("app"),
    appVersion: text("appVersion"),
    userAgent: text("userAgent"),
    userId: text("userId"),
  };
}

function flawOf(record: unknown): string | undefined {
  if (typeof record !== "object" || record === null) return "is no object";
  const { store, key, sha256 } = record as Partial<Record<keyof ExportRecord, unknown>>;
  if (typeof store !== "string" || !/^(localStorage|indexedDB:[^/]+\/.+)$/.test(store))
    return "store: is unknown";
  if (typeof key !== "string") return "key: is no text";
  if (!("value" in record)) return "value: is missing";
  if (typeof sha256 !== "string" || !HASH.test(sha256)) return "sha256: is no SHA-256 in lower-case hex";
  return undefined;
}
