import createFetchClient, { type Client, type Middleware } from "openapi-fetch";
import type { paths } from "./generated/api.js";
import { errorOf, TimeloomError } from "./problem.js";

/** How long an answer may take, unless a call says otherwise. */
export const CALL_TIMEOUT_SECONDS = 30;

export interface TimeloomOptions {
  /** Where the gateway is, such as `http://127.0.0.1:8080`; the page's own origin if left out. */
  readonly url?: string;
  /** An API key. A page that the gateway serves leaves it out: its session cookie is enough. */
  readonly apiKey?: string;
  /** The deadline of each call. */
  readonly timeoutSeconds?: number;
  /** What sends requests; the platform's `fetch` if left out. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** The REST interface with the types of its OpenAPI document: `rest.GET("/api/agent-executions", …)`. */
export type Rest = Client<paths>;

/** A connection to Timeloom. */
export interface Timeloom {
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly rest: Rest;
}

/**
 * Makes a client. Answers that refuse are thrown as `TimeloomError`, so that `data` of an answer is always there.
 */
export function createTimeloom(options: TimeloomOptions = {}): Timeloom {
  const url = (options.url ?? globalThis.location.origin).replace(/\/$/, "");
  const send = options.fetch ?? ((request: Request) => globalThis.fetch(request));
  const rest = createFetchClient<paths>({
    baseUrl: url,
    fetch: (request) => sendOrThrow(send, request, options.timeoutSeconds ?? CALL_TIMEOUT_SECONDS),
    querySerializer: { array: { style: "form", explode: true } },
  });
  rest.use(credentials(options.apiKey), refusals);
  return { url, apiKey: options.apiKey, rest };
}

async function sendOrThrow(
  send: (request: Request) => Promise<Response>,
  request: Request,
  timeoutSeconds: number,
): Promise<Response> {
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    return await send(new Request(request, { signal: AbortSignal.any([request.signal, deadline]) }));
  } catch (error) {
    if (request.signal.aborted) throw error;
    const message = deadline.aborted
      ? `No answer came within ${timeoutSeconds} s.`
      : "Timeloom cannot be reached.";
    throw new TimeloomError({
      message,
      status: 0,
      code: deadline.aborted ? "TIMEOUT" : "UNREACHABLE",
      cause: error,
    });
  }
}

/** An API key where there is one; otherwise the session's anti-forgery token with everything that changes something. */
function credentials(apiKey: string | undefined): Middleware {
  return {
    onRequest({ request }) {
      if (apiKey !== undefined) {
        request.headers.set("Authorization", `Bearer ${apiKey}`);
      } else if (request.method !== "GET" && request.method !== "HEAD") {
        request.headers.set("X-CSRF-Token", csrfToken());
      }
      return request;
    },
  };
}

const CSRF_COOKIE = /(?:^|;\s*)(?:__Host-)?timeloom_csrf=([^;]*)/;

/** The anti-forgery token of the page's session; empty where there is none. */
export function csrfToken(): string {
  return decodeURIComponent(CSRF_COOKIE.exec(globalThis.document?.cookie ?? "")?.[1] ?? "");
}

const refusals: Middleware = {
  async onResponse({ response }) {
    if (!response.ok && response.status !== 304) throw await errorOf(response);
    return response;
  },
};
