import { Button, Code, Drawer, Skeleton, Stack } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { Execution } from "@timeloom/client";
import { ArrowUp, Columns2, ListFilter, SearchX } from "lucide-react";
import { type DragEvent, useCallback, useEffect, useMemo, useState } from "react";
import { CopyButton } from "../../ui/CopyButton";
import { formatCount } from "../../ui/format";
import { Page } from "../../ui/Page";
import { SearchInput } from "../../ui/SearchInput";
import { EmptyState, ErrorState } from "../../ui/states";
import { VirtualTable } from "../../ui/VirtualTable";
import { COLUMNS } from "./columns";
import classes from "./Executions.module.css";
import { Filters } from "./Filters";
import { ImportButton, useImport } from "./ImportButton";
import { SelectionBar } from "./SelectionBar";
import { type ExecutionsSearch, narrowings, orderOf, sortOf } from "./search";
import { type ExecutionList, ROWS_MAX, useExecutionList } from "./useExecutionList";

const route = getRouteApi("/executions");
const SNIPPET = `from timeloom import Timeloom

with Timeloom().record(agent_id="planner") as execution:
    execution.step("plan", {"city": "Lisbon"})`;

type Changes = { [K in keyof ExecutionsSearch]?: ExecutionsSearch[K] | undefined };

/** The executions of the project: found, narrowed, followed, compared, tagged, deleted, imported. */
export function ExecutionsPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [isFilterOpen, filters] = useDisclosure(false);
  const isWide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const imports = useImport();
  const change = useCallback(
    (changes: Changes) =>
      void navigate({
        to: "/executions",
        search: { ...search, ...changes } as ExecutionsSearch,
        replace: true,
      }),
    [navigate, search],
  );
  const narrowed = narrowings(search);
  const drop = useDrop((file) => void imports.bring(file));
  return (
    <Page
      title="Executions"
      isFilling
      actions={
        <>
          <SearchInput
            label="Search by name"
            w={{ base: 140, sm: 260 }}
            value={search.q ?? ""}
            onChange={(q) => change({ q: q || undefined })}
          />
          {!isWide && (
            <Button size="xs" variant="default" onClick={filters.open} leftSection={<ListFilter size={14} />}>
              Filters{narrowed > 0 && ` (${narrowed})`}
            </Button>
          )}
          {isWide && (
            <Button
              size="xs"
              variant="default"
              leftSection={<Columns2 size={14} aria-hidden />}
              onClick={() => void navigate({ to: "/compare" })}
            >
              Compare
            </Button>
          )}
          <ImportButton onFile={(file) => void imports.bring(file)} isBusy={imports.isBusy} />
        </>
      }
    >
      <div className={classes.layout}>
        {isWide && (
          <section className={classes.filters} aria-label="Filters">
            <Filters search={search} onChange={change} />
          </section>
        )}
        <section className={classes.list} aria-label="List" {...drop.handlers}>
          {selected.size > 0 && <SelectionBar selected={selected} onClear={() => setSelected(new Set())} />}
          <List search={search} onChange={change} selected={selected} onSelect={setSelected} />
          {drop.isOver && <div className={classes.drop}>Drop the file to import it</div>}
        </section>
      </div>
      <Drawer
        opened={!isWide && isFilterOpen}
        onClose={filters.close}
        title="Filters"
        size="xs"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <Filters search={search} onChange={change} />
      </Drawer>
    </Page>
  );
}

interface ListProps {
  readonly search: ExecutionsSearch;
  readonly onChange: (changes: Changes) => void;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
}

function List({ search, onChange, selected, onSelect }: ListProps) {
  const list = useExecutionList(search);
  const navigate = useNavigate();
  const open = useCallback(
    ({ id }: Execution) => void navigate({ to: "/executions/$executionId", params: { executionId: id } }),
    [navigate],
  );
  const live = useQuietArrival(list);
  const sort = useMemo(() => sortOf(search), [search]);
  if (list.error !== null && list.rows.length === 0)
    return <ErrorState error={list.error} onRetry={list.reload} />;
  return (
    <div className={classes.table} data-stale={list.isStale || undefined} {...live.handlers}>
      {list.newCount > 0 && (
        <Button
          size="compact-sm"
          radius="xl"
          className={classes.new ?? ""}
          leftSection={<ArrowUp size={14} aria-hidden />}
          onClick={list.showNew}
        >
          {list.newCount} new
        </Button>
      )}
      <VirtualTable
        label="Executions"
        rows={list.rows}
        keyOf={idOf}
        columns={COLUMNS}
        onOpen={open}
        selected={selected}
        onSelect={onSelect}
        sort={sort}
        onSort={(next) => onChange({ sort: orderOf(next) })}
        hasMore={list.hasMore}
        isLoadingMore={list.isLoadingMore}
        onLoadMore={list.loadMore}
        onAtTop={live.setAtTop}
        hasShortcuts
        restoresAs={`executions ${JSON.stringify(search)}`}
        empty={list.isPending ? <Skeletons /> : <Nothing search={search} />}
        foot={list.rows.length > 0 && <Foot list={list} />}
      />
    </div>
  );
}

/** Executions that begin appear by themselves unless that would move what somebody points at or reads. */
function useQuietArrival({ newCount, showNew }: ExecutionList) {
  const [isAtTop, setAtTop] = useState(true);
  const [isPointed, setPointed] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const isQuiet = isAtTop && !isPointed && !isFocused;
  useEffect(() => {
    if (newCount > 0 && isQuiet) showNew();
  }, [newCount, isQuiet, showNew]);
  const handlers = {
    onPointerEnter: () => setPointed(true),
    onPointerLeave: () => setPointed(false),
    onFocus: () => setFocused(true),
    onBlur: () => setFocused(false),
  };
  return { setAtTop, handlers };
}

function Foot({ list }: { list: ExecutionList }) {
  const count = formatCount(list.rows.length);
  const isFull = list.rows.length >= ROWS_MAX;
  return (
    <>
      <span role="status">
        {list.hasMore ? `${count} loaded, more as you scroll` : `${count} in all`}
        {isFull && `; at most ${formatCount(ROWS_MAX)} are loaded`}
      </span>
      {list.isLoadingMore && <span>Loading</span>}
    </>
  );
}

function Nothing({ search }: { search: ExecutionsSearch }) {
  if (narrowings(search) > 0)
    return (
      <EmptyState icon={SearchX} title="Nothing fits" text="No execution has all that the filters ask for." />
    );
  return (
    <EmptyState title="No execution yet" text="An execution is one run of an agent. This records one:">
      <div style={{ position: "relative", width: "100%" }}>
        <Code block>{SNIPPET}</Code>
        <div style={{ position: "absolute", top: 6, right: 6 }}>
          <CopyButton value={SNIPPET} label="Copy the program" />
        </div>
      </div>
    </EmptyState>
  );
}

function Skeletons() {
  return (
    <Stack gap={14} className={classes.skeletons ?? ""} role="status" aria-label="Loading executions">
      {Array.from({ length: 12 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
        <Skeleton key={index} height={20} radius="sm" />
      ))}
    </Stack>
  );
}

function useDrop(onFile: (file: File) => void) {
  const [isOver, setOver] = useState(false);
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer.files[0];
      if (file !== undefined) onFile(file);
    },
  };
  return { isOver, handlers };
}

function idOf({ id }: Execution): string {
  return id;
}
