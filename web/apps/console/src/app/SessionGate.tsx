import { useQuery } from "@tanstack/react-query";
import { createContext, lazy, type ReactNode, Suspense, useContext } from "react";
import { ErrorState } from "../ui/states";
import { type Session, sessionQuery } from "./session";

const SignIn = lazy(async () => ({ default: (await import("./SignIn")).SignIn }));

const SessionContext = createContext<Session | undefined>(undefined);

/** Shows the console to whoever is signed in, and the way in to everybody else. */
export function SessionGate({ children }: { children: ReactNode }) {
  const session = useQuery(sessionQuery);
  if (session.isPending) return <Opening />;
  if (session.isError) return <ErrorState error={session.error} onRetry={() => void session.refetch()} />;
  if (session.data === null) {
    return (
      <Suspense fallback={<Opening />}>
        <SignIn />
      </Suspense>
    );
  }
  return <SessionContext.Provider value={session.data}>{children}</SessionContext.Provider>;
}

/** As the page is before there is any script. */
function Opening() {
  return (
    <div className="tl-opening" role="status" aria-label="Opening the console">
      <img src="/favicon.svg" alt="" width={48} height={48} />
    </div>
  );
}

/** Who is signed in, and what they may do. */
export function useSignedIn(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("Nobody is signed in here.");
  return session;
}
