import type { Query } from "@tanstack/react-query";

/** Whether a path is another one, or begins with it at the end of a segment. */
export function isBelow(path: string, prefix: string): boolean {
  return (
    path.startsWith(prefix) && (path.length === prefix.length || /[/:]/.test(path.charAt(prefix.length)))
  );
}

/** Whether a query's path is one of these or below one. */
export function isBelowAny(paths: readonly string[]): (query: Pick<Query, "queryKey">) => boolean {
  return ({ queryKey: [, path] }) =>
    typeof path === "string" && paths.some((prefix) => isBelow(path, prefix));
}
