/** What went wrong, for machines. */
export type LocalErrorCode =
  /** An argument is refused; `field` names it. */
  | "INVALID_ARGUMENT"
  /** A named limit would be passed. */
  | "LIMIT_EXCEEDED"
  /** What was asked was disposed of or closed. */
  | "CLOSED"
  /** The browser lacks something, or refused it. */
  | "UNAVAILABLE"
  /** What stood behind the call failed: a worker ended, a file could not be read. */
  | "FAILED";

/** A refusal or a failure of something in this package. */
export class LocalError extends Error {
  override readonly name = "LocalError";
  readonly code: LocalErrorCode;
  /** The argument that is refused, such as `vectors[3]`; empty if it is about none. */
  readonly field: string;

  constructor(code: LocalErrorCode, message: string, of: { field?: string; cause?: unknown } = {}) {
    super(message, { cause: of.cause });
    this.code = code;
    this.field = of.field ?? "";
  }
}

/** The refusal of an argument, which begins with its name. */
export function invalid(field: string, problem: string): LocalError {
  return new LocalError("INVALID_ARGUMENT", `${field} ${problem}`, { field });
}

/** Refuses a number that is not whole or not within its range. */
export function checkWhole(field: string, value: number, range: { min: number; max: number }): void {
  if (!Number.isInteger(value) || value < range.min || value > range.max) {
    throw invalid(field, `must be a whole number from ${range.min} to ${range.max}, not ${value}`);
  }
}
