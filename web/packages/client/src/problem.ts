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

/** Makes the error of an answer that refuses. */
export async function errorOf(response: Response): Promise<TimeloomError> {
  const text = await response.text();
  const problem = asProblem(text);
  const retryAfter = Number(response.headers.get("retry-after") ?? "");
  return new TimeloomError({
    message: problem.detail || problem.title || `The server answered ${response.status}.`,
    status: response.status,
    code: problem.code || `HTTP_${response.status}`,
    violations: problem.violations ?? [],
    requestId: problem.requestId ?? response.headers.get("x-request-id") ?? "",
    retryAfterSeconds: retryAfter > 0 ? retryAfter : undefined,
  });
}

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly violations?: readonly Violation[];
  readonly requestId?: string;
}

function asProblem(text: string): Problem {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? found : {};
  } catch {
    return {}; // a proxy on the way answers in its own words
  }
}
