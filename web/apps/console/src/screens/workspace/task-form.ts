import type { TaskRow } from "@timeloom/client/collections";

/** The bounds of the contract. */
export const TITLE_CHARACTERS_MAX = 500;
export const DESCRIPTION_CHARACTERS_MAX = 100_000;
const TAGS_MAX = 100;
const TAG_CHARACTERS_MAX = 100;

/** What the form of a task holds. */
export interface TaskForm
  extends Pick<
    TaskRow,
    | "title"
    | "description"
    | "status"
    | "priority"
    | "mode"
    | "environmentId"
    | "repository"
    | "branch"
    | "statusMessage"
  > {
  readonly tags: readonly string[];
  /** Empty if there is none. */
  readonly pullRequestUrl: string;
}

export const NEW_TASK: TaskForm = {
  title: "",
  description: "",
  status: "PENDING",
  priority: "MEDIUM",
  mode: "CODE",
  environmentId: "",
  repository: "",
  branch: "",
  statusMessage: "",
  tags: [],
  pullRequestUrl: "",
};

/** The form of a task as it is. */
export function formOf(task: TaskRow): TaskForm {
  const { title, description, status, priority, mode, repository, branch, statusMessage, tags } = task;
  return {
    title,
    description,
    status,
    priority,
    mode,
    environmentId: task.environmentId ?? "",
    repository,
    branch,
    statusMessage,
    tags,
    pullRequestUrl: urlOf(task.pullRequest),
  };
}

/** What of a task a form changes: only that is sent, so that others may change the rest. */
export function changesOf(task: TaskRow, form: TaskForm): Partial<TaskRow> {
  const before = formOf(task);
  const { pullRequestUrl, ...fields } = form;
  const changed = Object.entries(fields).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof TaskForm]),
  );
  return {
    ...(Object.fromEntries(changed) as Partial<TaskRow>),
    ...(pullRequestUrl !== before.pullRequestUrl && { pullRequest: pullRequestOf(task, pullRequestUrl) }),
  };
}

function pullRequestOf(task: TaskRow, url: string): object | null {
  return url === "" ? null : { ...(task.pullRequest as object | null | undefined), url };
}

/** What a new task is, as a row. */
export function rowOf(id: string, form: TaskForm, now: string): TaskRow {
  const { pullRequestUrl, tags, ...fields } = form;
  return {
    id,
    ...fields,
    tags: [...tags],
    ...(pullRequestUrl !== "" && { pullRequest: { url: pullRequestUrl } }),
    userId: "",
    sessionId: "",
    hasChanges: false,
    archived: false,
    messages: [],
    metadata: {},
    createTime: now,
    updateTime: now,
    version: 0,
    clock: "",
  };
}

/** What is wrong with a form, by field. */
export function violationsOf(form: TaskForm): { readonly [Field in keyof TaskForm]?: string } {
  const tag = form.tags.find((each) => each.length > TAG_CHARACTERS_MAX);
  return {
    ...(form.title.trim() === "" && { title: "is required" }),
    ...(form.title.length > TITLE_CHARACTERS_MAX && {
      title: `may have ${TITLE_CHARACTERS_MAX} characters, and this one has ${form.title.length}`,
    }),
    ...(form.description.length > DESCRIPTION_CHARACTERS_MAX && {
      description: `may have ${DESCRIPTION_CHARACTERS_MAX.toLocaleString("en")} characters`,
    }),
    ...(form.tags.length > TAGS_MAX && { tags: `may be ${TAGS_MAX} at most` }),
    ...(tag !== undefined && { tags: `may each have ${TAG_CHARACTERS_MAX} characters` }),
    ...(form.pullRequestUrl !== "" &&
      !/^https?:\/\/\S+$/.test(form.pullRequestUrl) && {
        pullRequestUrl: "must begin with https:// or http://",
      }),
  };
}

function urlOf(pullRequest: unknown): string {
  if (typeof pullRequest !== "object" || pullRequest === null || !("url" in pullRequest)) return "";
  return typeof pullRequest.url === "string" ? pullRequest.url : "";
}

/** A message of a task: programs keep its words under one of several names. */
export function messageText(message: unknown): string {
  if (typeof message === "string") return message;
  const { data, content, text } = (message ?? {}) as Record<string, unknown>;
  for (const found of [text, content, (data as Record<string, unknown> | undefined)?.text, data]) {
    if (typeof found === "string") return found;
  }
  return JSON.stringify(message);
}

/** Who wrote a message. */
export function messageRole(message: unknown): string {
  const { role } = (message ?? {}) as Record<string, unknown>;
  return typeof role === "string" && role !== "" ? role : "message";
}
