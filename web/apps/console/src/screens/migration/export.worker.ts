// Reads, proves and cuts exports beside the page, which stays responsive whatever their size.
import {
  type ExportRecord,
  type ExportSource,
  type ExportSummary,
  type Hashing,
  hashOf,
  partFrom,
  prove,
  readExport,
} from "./export";

/** What the page asks. */
export type Question =
  | { readonly type: "file"; readonly file: File }
  | {
      readonly type: "records";
      readonly source: ExportSource;
      readonly records: Omit<ExportRecord, "sha256">[];
    }
  | { readonly type: "part"; readonly first: number };

/** What it is told. */
export type Answer =
  | { readonly type: "progress"; readonly share: number }
  | { readonly type: "summary"; readonly summary: ExportSummary }
  | { readonly type: "part"; readonly json: string; readonly next: number }
  | { readonly type: "error"; readonly message: string };

const SCRIPT = "/migrate.js";
let records: readonly ExportRecord[] = [];

self.onmessage = ({ data }: MessageEvent<Question>) => {
  answer(data).then(send, (error: Error) => send({ type: "error", message: error.message }));
};

function send(message: Answer): void {
  self.postMessage(message);
}

async function answer(question: Question): Promise<Answer> {
  if (question.type === "part") return { type: "part", ...partFrom(records, question.first) };
  const hashing = await hashes();
  return {
    type: "summary",
    summary: await (question.type === "file" ? opened(question.file, hashing) : collected(question, hashing)),
  };
}

async function opened(file: File, hashing: Hashing): Promise<ExportSummary> {
  const read = readExport(await file.text());
  const problems = await prove(read, hashing, (share) => send({ type: "progress", share }));
  records = problems.length > 0 ? [] : read.records;
  return summary(read.source, read.sha256, read.records, problems);
}

async function collected(
  question: Extract<Question, { type: "records" }>,
  hashing: Hashing,
): Promise<ExportSummary> {
  const hashed: ExportRecord[] = [];
  for (const [index, record] of question.records.entries()) {
    if (index % 200 === 0) send({ type: "progress", share: index / question.records.length });
    hashed.push({ ...record, sha256: await hashOf(record, hashing) });
  }
  records = hashed;
  return summary(
    question.source,
    await hashing.sha256(hashed.map((each) => each.sha256).join("")),
    hashed,
    [],
  );
}

function summary(
  source: ExportSource,
  sha256: string,
  all: readonly ExportRecord[],
  problems: ExportSummary["problems"],
): ExportSummary {
  const keys = all
    .filter((each) => typeof each === "object" && each !== null)
    .map(({ store, key, value }) => ({ store, key, bytes: JSON.stringify(value ?? null).length }));
  return { source, sha256, recordCount: all.length, keys, problems };
}

/** The script that browsers bring their data over with has the same hashes, also where pages came by plain HTTP. */
async function hashes(): Promise<Hashing> {
  await import(/* @vite-ignore */ SCRIPT);
  return (globalThis as unknown as { TimeloomMigration: Hashing }).TimeloomMigration;
}
