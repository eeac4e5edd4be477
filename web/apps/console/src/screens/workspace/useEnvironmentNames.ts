import { useApi } from "@timeloom/client/react";
import { useMemo } from "react";

/** How many environments can be chosen from. */
const CHOSEN_FROM_MAX = 500;

/** The names of the project's environments by their ids. */
export function useEnvironmentNames(): ReadonlyMap<string, string> {
  const { data } = useApi().useQuery("get", "/api/environments", {
    params: { query: { pageSize: CHOSEN_FROM_MAX, orderBy: "name" } },
  });
  return useMemo(() => new Map(data?.environments.map(({ id, name }) => [id, name])), [data]);
}
