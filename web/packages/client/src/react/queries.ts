import {
  type InfiniteData,
  keepPreviousData,
  type QueryClient,
  type UseInfiniteQueryResult,
  type UseMutationResult,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback } from "react";
import type { paths } from "../generated/api.js";
import type { TimeloomError } from "../problem.js";
import {
  type Answer,
  type Body,
  call,
  type Fields,
  type Filter,
  flatten,
  type ItemOf,
  type ListPath,
  type MemberOf,
  type Method,
  type Params,
  type PathsWith,
  type Place,
} from "../rest.js";
import { type Held, invalidatePaths, isLong } from "./anew.js";
import { isBelowAny } from "./paths.js";
import { useTimeloom } from "./provider.js";

/** What every hook that reads takes besides its question. */
export interface ReadOptions {
  /** Asks nothing while it is false. */
  readonly enabled?: boolean;
  /** Asks again by itself; where the live stream tells of changes there is no need to. */
  readonly refetchInterval?: number | false;
  /** How long an answer counts as fresh. */
  readonly staleTime?: number;
  /** Whether a failure is tried again; as the query client says if left out. */
  readonly retry?: boolean;
  /** While another question is asked, the answer to the one before stays, with `isPlaceholderData`. */
  readonly keepsPrevious?: boolean;
}

/** One answer. */
export type Reading<Data> = UseQueryResult<Data, TimeloomError>;
/** A list, page after page: `data` has the items of all pages that were read, `fetchNextPage` reads on. */
export type Listing<Item> = UseInfiniteQueryResult<Item[], TimeloomError>;
/** Something that can be done: `mutate(variables)`. */
export type Action<Variables, Data> = UseMutationResult<Data, TimeloomError, Variables>;

/** The last part of a list's key: a list and a single answer of the same path must not share one. */
const PAGES = "pages";

/** Reads one answer of a path. Keys are those of `useApi`, so that the same things make both stale. */
export function useRead<Path extends PathsWith<"get">, Data = Answer<Path>>(
  path: Path,
  place: Place<Path>,
  options: ReadOptions & { readonly select?: (answer: Answer<Path>) => Data } = {},
): Reading<Data> {
  const { rest } = useTimeloom();
  const init = initOf(place);
  const { keepsPrevious = false, ...others } = options;
  return useQuery({
    queryKey: init === undefined ? ["get", path] : ["get", path, init],
    queryFn: ({ signal }) => call(rest, "get", path, { ...init, signal }),
    ...(keepsPrevious && { placeholderData: keepPreviousData<Answer<Path>> }),
    ...others,
  });
}

/** Reads one answer of a path that takes its question as a body; what was found stays until the next is. */
export function useAsk<Path extends PathsWith<"post">>(
  path: Path,
  body: Fields<Path>,
  options?: ReadOptions,
): Reading<Answer<Path, "post">> {
  const { rest } = useTimeloom();
  const init = { body };
  return useQuery({
    queryKey: ["post", path, init],
    queryFn: ({ signal }) => call(rest, "post", path, { ...init, signal }),
    placeholderData: keepPreviousData,
    ...options,
  });
}

/** Where a list is: the variables of its path, and the query but for the page. */
export type ListPlace<Path extends ListPath> = Omit<Place<Path>, "query"> & { readonly query?: Filter<Path> };

/** Reads a list page by page. While another filter is read, what is there stays, with `isPlaceholderData`. */
export function usePages<Path extends ListPath, Member extends MemberOf<Path>>(
  path: Path,
  member: Member,
  place: ListPlace<Path>,
  options?: ReadOptions,
): Listing<ItemOf<Path, Member>> {
  const select = useCallback(
    (data: InfiniteData<Answer<Path>>) =>
      data.pages.flatMap((page) => page?.[member] as ItemOf<Path, Member>[]),
    [member],
  );
  return usePagesAs(path, place, select, options);
}

/** Reads a list page by page, and makes of the pages what `select` says; that has to be the same function each time. */
export function usePagesAs<Path extends ListPath, Data>(
  path: Path,
  place: ListPlace<Path>,
  select: (data: InfiniteData<Answer<Path>>) => Data,
  options?: ReadOptions,
): UseInfiniteQueryResult<Data, TimeloomError> {
  const { rest } = useTimeloom();
  const params = initOf(place)?.params;
  return useInfiniteQuery({
    queryKey: ["get", path, { params }, PAGES],
    queryFn: ({ pageParam, signal }) => {
      const query = { ...params?.query, ...(pageParam && { pageToken: pageParam }) };
      return call(rest, "get", path, { params: { ...params, query }, signal });
    },
    initialPageParam: "",
    getNextPageParam: (page: unknown) => (page as { nextPageToken: string }).nextPageToken || undefined,
    select,
    placeholderData: keepPreviousData,
    refetchOnMount: isShort,
    refetchOnWindowFocus: isShort,
    refetchOnReconnect: isShort,
    ...options,
  });
}

/** Whether a list may be read anew as a whole. */
function isShort(query: Held): boolean {
  return !isLong(query);
}

interface Init {
  readonly params: { readonly path?: object; readonly query?: Record<string, unknown> };
}

/** What the call of a place takes besides its path; undefined if that says it all. */
function initOf(place: { readonly path?: object; readonly query?: object | undefined }): Init | undefined {
  const query = flatten(place.query ?? {});
  const params = { ...(place.path && { path: place.path }), ...(Object.keys(query).length > 0 && { query }) };
  return Object.keys(params).length > 0 ? { params } : undefined;
}

interface Sent<Path extends keyof paths, M extends Method> {
  readonly params?: Params<Path, M>;
  readonly body?: Body<Path, M> | Fields<Path, M>;
}

export interface ActionEffects<Variables> {
  /** What is read anew afterwards if it is on screen: everything below these paths. */
  readonly stale: readonly string[];
  /** Shows the effect before the answer is there. What it returns takes that back, if the change is refused. */
  readonly foresee?: (queries: QueryClient, variables: Variables) => () => void;
}

/** Something that can be done. */
export function useAction<
  M extends "post" | "put" | "patch" | "delete",
  Path extends PathsWith<M>,
  Variables,
>(
  method: M,
  path: Path,
  toSent: (variables: Variables) => Sent<Path, M>,
  { stale, foresee }: ActionEffects<Variables>,
): Action<Variables, Answer<Path, M>> {
  const { rest } = useTimeloom();
  const queries = useQueryClient();
  return useMutation({
    mutationKey: [method, path],
    mutationFn: (variables: Variables) => call(rest, method, path, toSent(variables)),
    onMutate: async (variables) => {
      if (foresee === undefined) return undefined;
      await queries.cancelQueries({ predicate: isBelowAny(stale) }); // what is on its way is older
      return foresee(queries, variables);
    },
    onError: (_error, _variables, takeBack) => takeBack?.(),
    onSettled: () => {
      void invalidatePaths(queries, stale);
    },
  });
}
