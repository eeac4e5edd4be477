import createFetchClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./generated/api.js";
import { createLive, type Live, type Socket } from "./live/live.js";
import { errorOf, TimeloomError } from "./problem.js";
import type { Rest } from "./rest.js";

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
  /** What opens the live stream's socket; the platform's `WebSocket` if left out. Node.js has one from version 22 on. */
  readonly connect?: (url: string) => Socket;
}

/** A connection to Timeloom. */
export interface Timeloom {
  readonly url: string;
  readonly apiKey: string | undefined;
  /** The REST interface. Refusals are thrown as `TimeloomError`, so that `data` of an answer is always there. */
  readonly rest: Rest;
  /** Events as they are committed. It connects when somebody subscribes. */
  readonly live: Live;
  /** Sends any request with the credentials, and hands the answer back as it is: for files, streams and beacons. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** Makes a client. */
export function createTimeloom(options: TimeloomOptions = {}): Timeloom {
  const url = (options.url ?? globalThis.location.origin).replace(/\/$/, "");
  const { apiKey, timeoutSeconds = CALL_TIMEOUT_SECONDS } = options;
  const send = options.fetch ?? ((request: Request) => globalThis.fetch(request));
  const rest = createFetchClient<paths>({
    baseUrl: url,
    fetch: (request) => withDeadline(send, request, timeoutSeconds),
    querySerializer: { array: { style: "form", explode: true } },
  });
  rest.use({ onRequest: ({ request }) => authorized(request, apiKey) }, refusals);
  return {
    url,
    apiKey,
    rest: rest as unknown as Rest, // whose answers always have their data: refusals are thrown
    live: createLive({ url, apiKey, connect: options.connect }),
    fetch: (path, init) => reached(send, authorized(new Request(url + path, init), apiKey)),
  };
}

async function withDeadline(
  send: (request: Request) => Promise<Response>,
  request: Request,
  timeoutSeconds: number,
): Promise<Response> {
  const stop = new AbortController();
  const abort = () => stop.abort(request.signal.reason);
  const deadline = setTimeout(() => stop.abort(tooLate(timeoutSeconds)), timeoutSeconds * 1000);
  request.signal.addEventListener("abort", abort);
  if (request.signal.aborted) abort();
  try {
    return await reached(send, new Request(request, { signal: stop.signal }));
  } finally {
    clearTimeout(deadline);
    request.signal.removeEventListener("abort", abort);
  }
}

function tooLate(timeoutSeconds: number): TimeloomError {
  const message = `No answer came within ${timeoutSeconds} s.`;
  return new TimeloomError({ message, status: 0, code: "TIMEOUT" });
}

async function reached(send: (request: Request) => Promise<Response>, request: Request): Promise<Response> {
  try {
    return await send(request);
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    throw new TimeloomError({
      message: "Timeloom cannot be reached.",
      status: 0,
      code: "UNREACHABLE",
      cause: error,
    });
  }
}

/** With an API key where there is one; otherwise with the session's anti-forgery token where something is to change. */
function authorized(request: Request, apiKey: string | undefined): Request {
  if (apiKey !== undefined) {
    request.headers.set("Authorization", `Bearer ${apiKey}`);
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    request.headers.set("X-CSRF-Token", csrfToken());
  }
  return request;
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
