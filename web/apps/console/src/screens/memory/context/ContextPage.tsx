import { Input, Select, Slider, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemoryContext, useMemorySearch } from "@timeloom/client/react";
import { useEffect, useState } from "react";
import { Page } from "../../../ui/Page";
import { SearchInput } from "../../../ui/SearchInput";
import { EmptyState, ErrorState, LoadingState } from "../../../ui/states";
import { type ContextSearch, TOKENS_MAX } from "../search";
import { MemoryTabs } from "../ui/MemoryTabs";
import { NamespaceInput } from "../ui/NamespaceInput";
import { ContextAnswer } from "./ContextAnswer";
import classes from "./ContextPage.module.css";

const TOKENS_DEFAULT = 500;
const BUDGETS = [50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, TOKENS_MAX];
const VARIETIES = Array.from({ length: 21 }, (_, place) => 5 * place);
const DIVERSITY_DEFAULT = 30;
const COMPARED_MAX = 60;
const PAUSE_MS = 250;
const QUERY_LENGTH_MAX = 10_000;
const GROUPS = [
  { value: "date", label: "By date" },
  { value: "namespace", label: "By namespace" },
  { value: "kind", label: "By kind" },
  { value: "session", label: "By session" },
  { value: "none", label: "No headings" },
];

/** What would be pasted into a prompt for a query, within a budget of tokens, and what was left out. */
export function ContextPage() {
  const search = useSearch({ from: "/memory/context" });
  const navigate = useNavigate({ from: "/memory/context" });
  const change = (changes: ContextSearch) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Page
      title="Context preview"
      description="What an agent would paste into its prompt. A preview does not count as a use of the memories."
      below={<MemoryTabs namespace={search.namespace ?? ""} />}
    >
      <div className={classes.panes}>
        <Settings search={search} change={change} />
        {search.q === undefined ? (
          <EmptyState
            title="What is the prompt about?"
            text="Write a task or a question. The best memories for it are put together, and never take more tokens than you allow."
          />
        ) : (
          <Answer search={search} />
        )}
      </div>
    </Page>
  );
}

interface SettingsProps {
  readonly search: ContextSearch;
  readonly change: (changes: ContextSearch) => void;
}

function Settings({ search, change }: SettingsProps) {
  return (
    <Stack gap="lg" component="section" aria-label="What the context is made of">
      <SearchInput
        label="Query"
        placeholder="order drinks for Ann"
        size="sm"
        maxLength={QUERY_LENGTH_MAX}
        value={search.q ?? ""}
        onChange={(q) => change({ q: q || undefined })}
      />
      <Setting
        label="Token budget"
        value={search.tokens ?? TOKENS_DEFAULT}
        steps={BUDGETS}
        onSettled={(tokens) => change({ tokens: tokens === TOKENS_DEFAULT ? undefined : tokens })}
      />
      <Setting
        label="Variety"
        hint="How much it counts that memories say different things."
        value={search.diversity ?? DIVERSITY_DEFAULT}
        steps={VARIETIES}
        unit=" %"
        onSettled={(diversity) =>
          change({ diversity: diversity === DIVERSITY_DEFAULT ? undefined : diversity })
        }
      />
      <NamespaceInput
        label="Namespace"
        placeholder="All namespaces"
        clearable
        value={search.namespace ?? ""}
        onChange={(namespace) => change({ namespace: namespace || undefined })}
      />
      <Select
        label="Headings"
        allowDeselect={false}
        data={GROUPS}
        value={search.group ?? "date"}
        onChange={(group) =>
          change({ group: group === "date" ? undefined : (group as ContextSearch["group"]) })
        }
      />
    </Stack>
  );
}

interface SettingProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: number;
  /** What it may be, in order: small steps where they matter. */
  readonly steps: readonly number[];
  readonly unit?: string;
  readonly onSettled: (value: number) => void;
}

/** A slider over steps that follows the pointer at once, and tells when it rests. */
function Setting({ label, hint, value, steps, unit = "", onSettled }: SettingProps) {
  const [shown, setShown] = useState(value);
  useEffect(() => setShown(value), [value]);
  const valueAt = (place: number) => steps[place] ?? value;
  // Another value than one of the steps comes from the address; the thumb is at the step above it.
  const place = Math.max(
    0,
    steps.findIndex((each) => each >= shown),
  );
  return (
    <Input.Wrapper label={`${label}: ${shown}${unit}`} labelElement="div" description={hint}>
      <Slider
        mt={8}
        min={0}
        max={steps.length - 1}
        label={null}
        thumbLabel={label}
        scale={valueAt}
        value={place}
        onChange={(next) => setShown(valueAt(next))}
        onChangeEnd={(next) => onSettled(valueAt(next))}
      />
    </Input.Wrapper>
  );
}

function Answer({ search }: { search: ContextSearch }) {
  const [settled] = useDebouncedValue(search, PAUSE_MS);
  const tokens = settled.tokens ?? TOKENS_DEFAULT;
  const asked = {
    query: settled.q ?? "",
    silent: true,
    explain: true,
    ...(settled.namespace !== undefined && { namespaces: [settled.namespace] }),
  };
  const context = useMemoryContext({
    search: asked,
    maxTokens: tokens,
    diversity: (settled.diversity ?? DIVERSITY_DEFAULT) / 100,
    groupBy: settled.group,
  });
  const found = useMemorySearch({ ...asked, limit: COMPARED_MAX });
  const error = context.error ?? found.error;
  if (error)
    return (
      <ErrorState error={error} onRetry={() => void Promise.all([context.refetch(), found.refetch()])} />
    );
  if (context.data === undefined || found.data === undefined) {
    return <LoadingState label="Putting the context together" />;
  }
  return <ContextAnswer context={context.data} found={found.data.results} tokens={tokens} />;
}
