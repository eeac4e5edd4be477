import { queryOptions } from "@tanstack/react-query";
import { errorOf, TimeloomError } from "@timeloom/client";

/** The browser's session, as `GET /auth/session` tells it. */
export interface Session {
  readonly projectId: string;
  readonly scope: "READ" | "WRITE" | "ADMIN";
  readonly expireTime: string;
}

const REMEMBERED = "timeloom-session";

/** The session of this browser; null if nobody is signed in. Without a network it is the last one that was known. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: readSession,
  staleTime: 60_000,
  retry: false,
  // Without a network it is read as well, and says what was known.
  networkMode: "always",
});

async function readSession({ signal }: { signal: AbortSignal }): Promise<Session | null> {
  let response: Response;
  try {
    response = await fetch("/auth/session", { signal });
  } catch (error) {
    const remembered = localStorage.getItem(REMEMBERED);
    if (remembered !== null) return JSON.parse(remembered) as Session;
    throw new TimeloomError({
      message: "Timeloom cannot be reached.",
      status: 0,
      code: "UNREACHABLE",
      cause: error,
    });
  }
  if (response.status === 401) {
    localStorage.removeItem(REMEMBERED);
    return null;
  }
  if (!response.ok) throw await errorOf(response);
  const { projectId, scope, expireTime } = (await response.json()) as Session;
  const session = { projectId, scope, expireTime };
  localStorage.setItem(REMEMBERED, JSON.stringify(session));
  return session;
}

/** Begins a session with an API key; the key itself is not kept in the browser. */
export async function signIn(apiKey: string): Promise<void> {
  const response = await fetch("/auth/session", {
    method: "POST",
    headers: { Authorization: `Bearer ${apiKey}` },
  });
  if (!response.ok) throw await errorOf(response);
}

/** Ends the session, here and at the server. */
export async function signOut(csrfToken: string): Promise<void> {
  localStorage.removeItem(REMEMBERED);
  await fetch("/auth/session", { method: "DELETE", headers: { "X-CSRF-Token": csrfToken } });
}
