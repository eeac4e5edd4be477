/** A part of two texts that stayed, came or went. */
export interface TextPart extends Run {
  /** How much of both texts is before it. */
  readonly at: number;
}

interface Run {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

/** Texts with more words than this, on either side, are shown as replaced in one piece. */
export const DIFF_WORDS_MAX = 2_000;

const WORDS = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;

/** The difference of two texts by words: the longest common subsequence, runs joined. */
export function diffTexts(before: string, after: string): TextPart[] {
  if (before === after) return joined([{ kind: "same", text: before }]);
  const left = before.match(WORDS) ?? [];
  const right = after.match(WORDS) ?? [];
  if (left.length > DIFF_WORDS_MAX || right.length > DIFF_WORDS_MAX) {
    return joined([
      { kind: "removed", text: before },
      { kind: "added", text: after },
    ]);
  }
  return joined(aligned(left, right));
}

function aligned(left: readonly string[], right: readonly string[]): Run[] {
  const width = right.length + 1;
  // lengths[i * width + j]: the longest common subsequence of what comes from i and from j on.
  const lengths = new Uint16Array((left.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        left[i] === right[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const parts: Run[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const old = left[i];
    const now = right[j];
    if (old !== undefined && old === now) {
      parts.push({ kind: "same", text: old });
      i += 1;
      j += 1;
    } else if (old !== undefined && (now === undefined || at(i + 1, j) >= at(i, j + 1))) {
      parts.push({ kind: "removed", text: old });
      i += 1;
    } else {
      parts.push({ kind: "added", text: now ?? "" });
      j += 1;
    }
  }
  return parts;
}

function joined(runs: readonly Run[]): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const { kind, text } of runs) {
    const last = parts.at(-1);
    if (last?.kind === kind) parts[parts.length - 1] = { ...last, text: last.text + text };
    else if (text !== "") parts.push({ kind, text, at });
    at += text.length;
  }
  return parts;
}
