/** A running gateway, from the environment, and hooks against it. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, type RenderHookResult, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach } from "vitest";
import { createTimeloom, type Timeloom } from "../../src/index.js";
import { TimeloomProvider } from "../../src/react/index.js";

export const URL_OF_GATEWAY = required("TIMELOOM_URL");
export const API_KEY = required("TIMELOOM_API_KEY");
/** Where OpenTelemetry goes. */
export const OTLP_URL = required("TIMELOOM_OTLP_URL");

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

// What is told by events comes in its own time. A page of nothing but hooks has no elements to print.
configure({ asyncUtilTimeout: 15_000, getElementError: (message) => new Error(message ?? "") });

const opened: Array<() => void> = [];

afterEach(() => {
  cleanup();
  for (const close of opened.splice(0)) close();
});

/** A client that is closed after the test. */
export function connect(): Timeloom {
  const timeloom = createTimeloom({ url: URL_OF_GATEWAY, apiKey: API_KEY });
  opened.push(() => timeloom.live.close());
  return timeloom;
}

/** Renders a hook in a page that is live. */
export function renderLive<Result, Props>(
  hook: (props: Props) => Result,
  {
    initialProps,
    timeloom = connect(),
  }: { readonly initialProps?: Props; readonly timeloom?: Timeloom } = {},
): RenderHookResult<Result, Props> {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  opened.push(() => queries.clear());
  const wrapper = ({ children }: { readonly children: ReactNode }) => (
    <QueryClientProvider client={queries}>
      <TimeloomProvider timeloom={timeloom} live>
        {children}
      </TimeloomProvider>
    </QueryClientProvider>
  );
  const options = initialProps === undefined ? { wrapper } : { wrapper, initialProps };
  return renderHook<Result, Props>(hook, options);
}

/** A name that no other test has. */
export function unique(prefix: string): string {
  return `${prefix}-${crypto.randomUUID().slice(0, 13)}`;
}
