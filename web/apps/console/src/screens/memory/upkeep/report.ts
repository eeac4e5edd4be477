/** What an optimisation did, or would do, as its job reports it. */
export interface Report {
  readonly memoryCount: number;
  readonly examinedCount: number;
  readonly duplicates?: {
    readonly proposalCount: number;
    readonly memoryCount: number;
    /** Whether they were merged at once. */
    readonly merged: boolean;
    readonly proposals: readonly {
      readonly id: string;
      readonly memoryIds: readonly string[];
      readonly similarity: number;
    }[];
  };
  readonly archive?: { readonly memoryCount: number; readonly memoryIds: readonly string[] };
  readonly clusters?: {
    readonly clusterCount: number;
    readonly movedCount: number;
    readonly silhouette: number;
    readonly randomSilhouette: number;
    readonly clusters: readonly {
      readonly id: string;
      readonly name: string;
      readonly memoryCount: number;
    }[];
  };
  readonly summaries?: readonly {
    readonly clusterId: string;
    readonly text: string;
    readonly sourceCount: number;
  }[];
}

/** What can be looked after, in the order in which it is done. */
export const TASKS = [
  { value: "duplicates", label: "Near-duplicates", hint: "Propose to merge what says the same" },
  { value: "archive", label: "Archive", hint: "Put away what has faded, as the policy says" },
  { value: "clusters", label: "Clusters", hint: "Sort by what memories are about, with names" },
  { value: "summaries", label: "Summaries", hint: "Say in short what each cluster says" },
] as const;

export type TaskName = (typeof TASKS)[number]["value"];

/** The report of a job; undefined as long as it has none. */
export function reportOf(report: unknown): Report | undefined {
  return typeof report === "object" && report !== null && "examinedCount" in report
    ? (report as Report)
    : undefined;
}

/** Which tasks a report is about. */
export function tasksOf(report: Report): TaskName[] {
  return TASKS.map((each) => each.value).filter((name) => report[name] !== undefined);
}
