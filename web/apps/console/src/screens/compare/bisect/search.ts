/** What is searched for in which execution, as the address has it. */
export interface BisectSearch {
  readonly execution?: string;
  /** An execution in which all went well. */
  readonly good?: string;
  /** A CEL expression that is true of bad states. */
  readonly expression?: string;
  /** The snapshots between which is searched. */
  readonly from?: number;
  readonly to?: number;
  /** Asks of every state. */
  readonly exhaustive?: true;
}

/** Reads the search of an address; what makes no sense is left out. */
export function parseBisect(search: Record<string, unknown>): BisectSearch {
  const { execution, good, expression, from, to, exhaustive } = search;
  return {
    ...(isText(execution) && { execution }),
    ...(isText(good) && { good }),
    ...(isText(expression) && { expression }),
    ...(isSequence(from) && { from }),
    ...(isSequence(to) && { to }),
    ...(exhaustive === true && { exhaustive }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isSequence(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0;
}
