import type { paths } from "./generated/api.js";

export type Method = "get" | "post" | "put" | "patch" | "delete";

/** The REST interface with the types of its OpenAPI document: `rest.GET("/api/agent-executions", …)`. */
export interface Rest {
  readonly GET: RestMethod<"get">;
  readonly POST: RestMethod<"post">;
  readonly PUT: RestMethod<"put">;
  readonly PATCH: RestMethod<"patch">;
  readonly DELETE: RestMethod<"delete">;
}

/** Calls a path. Refusals are thrown as `TimeloomError`. */
export type RestMethod<M extends Method> = <Path extends PathsWith<M>>(
  path: Path,
  ...init: InitParameter<Path, M>
) => Promise<{ readonly data: Answer<Path, M>; readonly response: Response }>;

/** What a call takes besides its path. */
export type Init<Path extends keyof paths, M extends Method> = ParamsOf<Operation<Path, M>> &
  BodyOf<Operation<Path, M>> & {
    readonly headers?: HeadersInit;
    readonly signal?: AbortSignal;
    /** Writes the body, where it is JSON already. */
    readonly bodySerializer?: () => string;
  };

/** The same as a parameter, which may be left out where nothing has to be said. */
export type InitParameter<Path extends keyof paths, M extends Method> =
  Record<never, never> extends Init<Path, M> ? [init?: Init<Path, M>] : [init: Init<Path, M>];

type ParamsOf<Found> = Found extends { parameters: infer Taken }
  ? Record<never, never> extends Taken
    ? { readonly params?: Loose<Taken> }
    : { readonly params: Loose<Taken> }
  : unknown;

type BodyOf<Found> = Found extends { requestBody: infer Taken }
  ? { readonly body: Loose<JsonOf<Taken>> }
  : Found extends { requestBody?: infer Taken }
    ? { readonly body?: Loose<JsonOf<NonNullable<Taken>>> }
    : unknown;

/** The paths that have a method. */
export type PathsWith<M extends Method> = {
  [Path in keyof paths]: paths[Path] extends { [Name in M]: unknown } ? Path : never;
}[keyof paths];

type Operation<Path extends keyof paths, M extends Method> = paths[Path] extends { [Name in M]: infer Found }
  ? Found
  : never;

type JsonOf<Found> = Found extends { content: { "application/json": infer Json } } ? Json : undefined;

/** What a method answers. */
export type Answer<Path extends keyof paths, M extends Method = "get"> =
  Operation<Path, M> extends { responses: { 200: infer Ok } } ? JsonOf<Ok> : undefined;

/** The JSON that a method takes. */
export type Body<Path extends keyof paths, M extends Method = "post"> =
  Operation<Path, M> extends { requestBody?: infer Taken } ? JsonOf<NonNullable<Taken>> : never;

/** A body, with members that may as well be there and undefined. */
export type Fields<Path extends keyof paths, M extends Method = "post"> = Loose<Body<Path, M>>;

/** What a method takes in its URL. */
export type Params<Path extends keyof paths, M extends Method = "get"> =
  Operation<Path, M> extends { parameters: infer Found } ? Found : Record<string, never>;

/** What a path takes in its query. What its URL has as `filter.kinds` and the like is an object `filter` here. */
export type Query<Path extends keyof paths> =
  Params<Path> extends { query?: infer Found } ? Nested<Loose<NonNullable<Found>>> : Record<string, never>;

/** The query of a list, but for the page, which hooks turn by themselves. */
export type Filter<Path extends keyof paths> = Omit<Query<Path>, "pageToken">;

/** Where something is: the variables of its path, and the query. */
export type Place<Path extends keyof paths> = (Params<Path> extends { path: infer Variables }
  ? { readonly path: Variables }
  : unknown) & { readonly query?: Query<Path> };

/** The same members, however deep; those that may be left out may also be undefined. */
export type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? { [K in keyof T]: undefined extends T[K] ? Loose<T[K]> | undefined : Loose<T[K]> }
    : T;

type FilterName<K> = K extends `filter.${infer Name}` ? Name : never;
type Nested<T> =
  Extract<keyof T, `filter.${string}`> extends never
    ? T
    : { [K in keyof T as FilterName<K> extends never ? K : never]: T[K] } & {
        readonly filter?: { [K in keyof T as FilterName<K>]: T[K] };
      };

/** A query as its URL has it: without what is undefined, and with `filter.kinds` for the `kinds` of `filter`. */
export function flatten(query: object): Record<string, unknown> {
  const { filter = {}, ...rest } = query as { filter?: object };
  const named = Object.entries(filter).map(([name, value]) => [`filter.${name}`, value] as const);
  return Object.fromEntries([...Object.entries(rest), ...named].filter(([, value]) => value !== undefined));
}

/** The lists that are read page by page. */
export type ListPath = {
  [Path in keyof paths]: Answer<Path> extends { nextPageToken: string } ? Path : never;
}[keyof paths];

/** What of a page are its items. */
export type MemberOf<Path extends ListPath> = {
  [Name in keyof Answer<Path>]-?: Answer<Path>[Name] extends readonly unknown[] ? Name : never;
}[keyof Answer<Path>];

/** An item of a list. */
export type ItemOf<
  Path extends ListPath,
  Member extends MemberOf<Path>,
> = Answer<Path>[Member] extends readonly (infer Item)[] ? Item : never;

interface AnyInit {
  readonly params?: unknown;
  readonly body?: unknown;
}

/** Calls a method whose types the caller has checked: they cannot be followed through a generic function. */
export async function call<Path extends keyof paths, M extends Method>(
  rest: Rest,
  method: M,
  path: Path,
  init: AnyInit & { readonly signal?: AbortSignal },
): Promise<Answer<Path, M>> {
  const send = rest[method.toUpperCase() as Uppercase<M>] as (path: Path, init: unknown) => Promise<unknown>;
  const { data } = (await send(path, init)) as { data: Answer<Path, M> };
  return data;
}
