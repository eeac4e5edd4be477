import type { Migration, Rest } from "@timeloom/client";
import { useEffect, useMemo, useState } from "react";
import type { ExportRecord, ExportSource, ExportSummary } from "./export";
import type { Answer, Question } from "./export.worker";

/** An export that somebody has chosen. */
export type Chosen =
  | { readonly state: "none" }
  | { readonly state: "reading"; readonly share: number }
  | { readonly state: "refused"; readonly message: string }
  | { readonly state: "read"; readonly summary: ExportSummary };

/** How a migration is to be made of it. */
export interface UploadOptions {
  readonly userId: string;
  readonly conflictResolution: NonNullable<Migration["conflictResolution"]>;
  readonly secretPolicy: NonNullable<Migration["secretPolicy"]>;
}

/** Reads an export in a worker, and uploads it part by part. */
export function useExport() {
  const [chosen, setChosen] = useState<Chosen>({ state: "none" });
  const reader = useMemo(() => new Reader(), []);
  useEffect(() => () => reader.end(), [reader]);
  const read = (question: Question) => {
    setChosen({ state: "reading", share: 0 });
    reader
      .ask(question, (share) => setChosen({ state: "reading", share }))
      .then(
        (answer) => {
          if (answer.type === "summary") setChosen({ state: "read", summary: answer.summary });
        },
        (error: Error) => setChosen({ state: "refused", message: error.message }),
      );
  };
  return {
    chosen,
    openFile: (file: File) => read({ type: "file", file }),
    openRecords: (source: ExportSource, records: Omit<ExportRecord, "sha256">[]) =>
      read({ type: "records", source, records }),
    fail: (message: string) => setChosen({ state: "refused", message }),
    reset: () => setChosen({ state: "none" }),
    upload: (
      rest: Rest,
      summary: ExportSummary,
      options: UploadOptions,
      onProgress: (share: number) => void,
    ) => upload(reader, rest, summary, options, onProgress),
  };
}

async function upload(
  reader: Reader,
  rest: Rest,
  summary: ExportSummary,
  options: UploadOptions,
  onProgress: (share: number) => void,
): Promise<Migration> {
  const { conflictResolution, secretPolicy, userId } = options;
  const source = { ...summary.source, userId: userId || summary.source.userId };
  const { data: begun } = await rest.POST("/api/migration", {
    body: {
      formatVersion: 1,
      source,
      recordCount: summary.recordCount,
      sha256: summary.sha256,
      conflictResolution,
      secretPolicy,
    },
  });
  let migration = begun as Migration;
  while (migration.receivedRecordCount < summary.recordCount) {
    const first = migration.receivedRecordCount;
    onProgress(first / summary.recordCount);
    const part = await reader.ask({ type: "part", first });
    if (part.type !== "part") throw new Error("The export was put away.");
    const { data } = await rest.POST("/api/migration/{migrationId}/records", {
      params: { path: { migrationId: migration.id } },
      body: { firstIndex: first, records: undefined },
      // The records are JSON already.
      bodySerializer: () => `{"firstIndex":${first},"records":${part.json}}`,
    });
    migration = data as Migration;
  }
  onProgress(1);
  return migration;
}

/** The worker, asked one thing at a time. */
class Reader {
  #worker: Worker | undefined;

  ask(question: Question, onProgress: (share: number) => void = () => undefined): Promise<Answer> {
    this.#worker ??= new Worker(new URL("./export.worker.ts", import.meta.url), { type: "module" });
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        if (data.type === "progress") onProgress(data.share);
        else if (data.type === "error") reject(new Error(data.message));
        else resolve(data);
      };
      worker.onerror = (event) => reject(new Error(event.message || "The export could not be read."));
      worker.postMessage(question);
    });
  }

  end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
