import type { components, Memory, MemoryKind } from "@timeloom/client";

import { hasNull, mergePatch } from "./mergePatch";
import { fromLocalTime, toLocalTime } from "./times";

type NewMemory = components["schemas"]["CreateMemoryRequest"];
type Changes = components["schemas"]["UpdateMemoryRequest"];

/** A memory as a form holds it: times as inputs have them, metadata as text. */
export interface Draft {
  readonly content: string;
  readonly namespace: string;
  readonly kind: MemoryKind;
  readonly key: string;
  readonly tags: string[];
  readonly importance: number;
  readonly occurTime: string;
  readonly validFrom: string;
  readonly validTo: string;
  readonly expireTime: string;
  readonly metadata: string;
  readonly reason: string;
}

const IMPORTANCE_DEFAULT = 5;
const TIME_FIELDS = ["occurTime", "validFrom", "validTo", "expireTime"] as const;
/** The times that a change may take away. */
const CLEARABLE = new Set<string>(["occurTime", "validTo", "expireTime"]);

/** What a form begins with. */
export function draftOf(memory: Memory | undefined, namespace = ""): Draft {
  return {
    content: memory?.content ?? "",
    namespace: memory?.namespace ?? namespace,
    kind: memory?.kind ?? "KNOWLEDGE",
    key: memory?.key ?? "",
    tags: memory?.tags ?? [],
    importance: memory?.importance ?? IMPORTANCE_DEFAULT,
    occurTime: toLocalTime(memory?.occurTime),
    validFrom: toLocalTime(memory?.validFrom),
    validTo: toLocalTime(memory?.validTo),
    expireTime: toLocalTime(memory?.expireTime),
    metadata: memory?.metadata === undefined ? "" : JSON.stringify(memory.metadata, null, 2),
    reason: "",
  };
}

/** What is wrong with a draft, by field; what only the server knows is told by its answer. */
export function problemsOf(draft: Draft, edited: Memory | undefined): Partial<Record<keyof Draft, string>> {
  const problems: Partial<Record<keyof Draft, string>> = {};
  if (draft.content.trim() === "") problems.content = "A memory needs a content.";
  if (draft.validFrom !== "" && draft.validTo !== "" && draft.validTo < draft.validFrom) {
    problems.validTo = "It cannot end before it begins.";
  }
  if (edited !== undefined && draft.validFrom === "" && edited.validFrom !== undefined) {
    problems.validFrom = "This can be changed, and not be taken away.";
  }
  const metadata = parsed(draft.metadata);
  if (metadata === INVALID) problems.metadata = "This is not JSON.";
  else if (edited !== undefined && hasNull(metadata)) {
    problems.metadata = "A change takes null for the removal of a member; leave the member out.";
  }
  return problems;
}

/** A new memory of a draft. */
export function toNew(draft: Draft): NewMemory {
  return {
    content: draft.content,
    namespace: draft.namespace.trim(),
    kind: draft.kind,
    key: draft.key,
    tags: draft.tags,
    importance: draft.importance,
    ...timesOf(draft, () => true),
    ...(draft.metadata.trim() !== "" && { metadata: parsed(draft.metadata) }),
  };
}

/** What a draft changes of a memory. Times that were not touched keep their seconds. */
export function toChanges(draft: Draft, memory: Memory): Changes {
  const before = draftOf(memory);
  const metadata = mergePatch(
    memory.metadata ?? {},
    draft.metadata.trim() === "" ? {} : parsed(draft.metadata),
  );
  const cleared = TIME_FIELDS.filter(
    (field) => CLEARABLE.has(field) && draft[field] === "" && before[field] !== "",
  );
  return {
    ...(draft.content !== memory.content && { content: draft.content }),
    ...(draft.kind !== memory.kind && { kind: draft.kind }),
    ...(draft.key !== memory.key && { key: draft.key }),
    ...(draft.importance !== memory.importance && { importance: draft.importance }),
    ...(draft.tags.join("\n") !== memory.tags.join("\n") && { tags: { values: draft.tags } }),
    ...timesOf(draft, (field) => draft[field] !== before[field]),
    ...(metadata !== undefined && { metadata }),
    ...(cleared.length > 0 && { clear: cleared }),
    ...(draft.reason !== "" && { reason: draft.reason }),
  };
}

function timesOf(draft: Draft, isWanted: (field: (typeof TIME_FIELDS)[number]) => boolean) {
  return Object.fromEntries(
    TIME_FIELDS.filter(isWanted).flatMap((field) => {
      const time = fromLocalTime(draft[field]);
      return time === undefined ? [] : [[field, time]];
    }),
  );
}

const INVALID = Symbol("invalid");

function parsed(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return INVALID; // told at the field
  }
}
