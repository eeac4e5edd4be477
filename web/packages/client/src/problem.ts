/** What is wrong with one field of a request. */
export interface Violation {
  /** The field's path, such as `snapshots[2].stepName`. */
  readonly field: string;
  /** The reason, to be read after the field's name. */
  readonly description: string;
}

/** A refusal, as the gateway words it (RFC 9457). */
export class TimeloomError extends Error {
  override readonly name = "TimeloomError";
  /** The HTTP status; 0 if no answer came. */
  readonly status: number;
  /** The machine's word for it, such as `INVALID_FIELD`; `UNREACHABLE` if no answer came. */
  readonly code: string;
  /** Which fields are refused, and why. */
  readonly violations: readonly Violation[];
  /** Names the request in the server's logs. */
  readonly requestId: string;
  /** How long to wait before another try, if the server says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(of: {
    message: string;
    status: number;
    code: string;
    violations?: readonly Violation[];
    requestId?: string;
    retryAfterSeconds?: number | undefined;
    cause?: unknown;
  }) {
    super(of.message, { cause: of.cause });
    this.status = of.status;
    this.code = of.code;
    this.violations = of.violations ?? [];
    this.requestId = of.requestId ?? "";
    this.retryAfterSeconds = of.retryAfterSeconds;
  }

  /** Whether the same request may succeed later. */
  get isRetriable(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503 || this.status === 504;
  }

  /** The reason why a field is refused; undefined if it is not. */
  violation(field: string): string | undefined {
    return this.violations.find((each) => each.field === field)?.description;
  }
}

/** A problem document, as far as it is one. */
export interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly status?: number;
  readonly code?: string;
  readonly violations?: readonly Violation[];
  readonly requestId?: string;
}

/** Makes the error of an answer that refuses. */
export async function errorOf(response: Response): Promise<TimeloomError> {
  const retryAfter = Number(response.headers.get("retry-after") ?? "");
  return problemError(asProblem(await response.text()), {
    status: response.status,
    requestId: response.headers.get("x-request-id") ?? "",
    retryAfterSeconds: retryAfter > 0 ? retryAfter : undefined,
  });
}

/** Makes the error that a problem document tells of; what came with it counts where the document is silent. */
export function problemError(
  problem: Problem,
  { status = problem.status ?? 0, requestId = "", retryAfterSeconds }: ProblemContext = {},
): TimeloomError {
  return new TimeloomError({
    message: problem.detail || problem.title || `The server answered ${status}.`,
    status,
    code: problem.code || `HTTP_${status}`,
    violations: problem.violations ?? [],
    requestId: problem.requestId ?? requestId,
    retryAfterSeconds,
  });
}

interface ProblemContext {
  readonly status?: number;
  readonly requestId?: string;
  readonly retryAfterSeconds?: number | undefined;
}

function asProblem(text: string): Problem {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? found : {};
  } catch {
    return {}; // a proxy on the way answers in its own words
  }
}
