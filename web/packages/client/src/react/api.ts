import {
  type UseMutationOptions,
  type UseMutationResult,
  type UseQueryOptions,
  type UseQueryResult,
  useMutation,
  useQuery,
} from "@tanstack/react-query";
import type { TimeloomError } from "../problem.js";
import {
  type Answer,
  call,
  type Init,
  type InitParameter,
  type Method,
  type PathsWith,
  type Rest,
} from "../rest.js";

type QueryOptions<Path extends PathsWith<M>, M extends Method, Data> = Omit<
  UseQueryOptions<Answer<Path, M>, TimeloomError, Data>,
  "queryKey" | "queryFn"
>;

type QueryParameters<Path extends PathsWith<M>, M extends Method, Data> =
  InitParameter<Path, M> extends [init: infer Needed]
    ? [init: Needed, options?: QueryOptions<Path, M, Data>]
    : [init?: Init<Path, M>, options?: QueryOptions<Path, M, Data>];

/** Queries and mutations of every path of the REST interface, for what no hook of its own has. */
export interface Api {
  /** A query: `api.useQuery("get", "/api/tasks/{taskId}", { params: { path: { taskId } } })`. */
  useQuery<M extends Method, Path extends PathsWith<M>, Data = Answer<Path, M>>(
    method: M,
    path: Path,
    ...parameters: QueryParameters<Path, M, Data>
  ): UseQueryResult<Data, TimeloomError>;
  /** The options of that query, for a query client or a loader. */
  queryOptions<M extends Method, Path extends PathsWith<M>, Data = Answer<Path, M>>(
    method: M,
    path: Path,
    ...parameters: QueryParameters<Path, M, Data>
  ): UseQueryOptions<Answer<Path, M>, TimeloomError, Data>;
  /** A mutation, whose variables are what a call takes besides its path. */
  useMutation<M extends Method, Path extends PathsWith<M>>(
    method: M,
    path: Path,
    options?: Omit<
      UseMutationOptions<Answer<Path, M>, TimeloomError, Init<Path, M>>,
      "mutationKey" | "mutationFn"
    >,
  ): UseMutationResult<Answer<Path, M>, TimeloomError, Init<Path, M>>;
}

/** Makes the queries and mutations of a connection. A query's key is its method, its path and what the call takes. */
export function createApi(rest: Rest): Api {
  const queryOptions: Api["queryOptions"] = (method, path, ...[init, options]) => ({
    queryKey: init === undefined ? [method, path] : [method, path, init],
    queryFn: ({ signal }) => call(rest, method, path, { ...(init as object | undefined), signal }),
    ...options,
  });
  return {
    queryOptions,
    useQuery: (...parameters) => useQuery(queryOptions(...parameters)),
    useMutation: (method, path, options) =>
      useMutation({
        mutationKey: [method, path],
        mutationFn: (init) => call(rest, method, path, init),
        ...options,
      }),
  };
}
