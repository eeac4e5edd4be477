import { Tabs } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import type { Execution, TimelineEntry } from "@timeloom/client";
import { lazy, type ReactNode, Suspense, useCallback, useState } from "react";
import { LoadingState } from "../../../ui/states";
import type { ForkStart } from "../dialogs/ForkDialog";
import { useRecording } from "../recording";
import { type ExecutionSearch, SIDES, type Side, VIEWS, type View } from "../routes";
import { DetailsPanel } from "./DetailsPanel";
import { EffectsPanel } from "./EffectsPanel";
import classes from "./Panels.module.css";
import { Splitter } from "./Splitter";
import { StatePanel } from "./StatePanel";
import { StepsPanel } from "./StepsPanel";
import { ValuePanel } from "./ValuePanel";

const DiffPanel = lazy(() => import("./DiffPanel").then(({ DiffPanel }) => ({ default: DiffPanel })));
const WaterfallPanel = lazy(() =>
  import("./WaterfallPanel").then(({ WaterfallPanel }) => ({ default: WaterfallPanel })),
);

const STEPS = { min: 180, max: 520, first: 286 };
const SIDE = { min: 240, max: 720, first: 360 };
const LABELS: Readonly<Record<View | Side | "steps", string>> = {
  steps: "Steps",
  state: "State",
  diff: "Diff",
  waterfall: "Waterfall",
  effects: "Effects",
  value: "Value",
  details: "Details",
};

export interface PanelsProps {
  /** There is room for all of them. */
  readonly isWide: boolean;
  readonly execution: Execution;
  readonly entries: readonly TimelineEntry[];
  readonly way: ReadonlySet<number>;
  readonly stops: ReadonlySet<number>;
  readonly search: ExecutionSearch;
  readonly onSearch: (change: ExecutionSearch) => void;
  /** Undefined if the reader may not fork. */
  readonly onFork: ((start: ForkStart) => void) | undefined;
}

/** Steps, what they made of the state, and what they asked of the world: side by side, or one at a time. */
export function Panels(props: PanelsProps) {
  return props.isWide ? <WidePanels {...props} /> : <NarrowPanels {...props} />;
}

function WidePanels(props: PanelsProps) {
  const { search, onSearch } = props;
  const [widths, setWidths] = useLocalStorage({
    key: "timeloom-execution-panes",
    defaultValue: { steps: STEPS.first, side: SIDE.first },
    getInitialValueInEffect: false,
  });
  return (
    <div
      className={classes.panels}
      style={{ gridTemplateColumns: `${widths.steps}px 1px minmax(0, 1fr) 1px ${widths.side}px` }}
    >
      <section className={classes.pane} aria-label="Steps of the execution">
        <Panel name="steps" {...props} />
      </section>
      <Splitter
        label="Width of the steps"
        value={widths.steps}
        min={STEPS.min}
        max={STEPS.max}
        onChange={(steps) => setWidths({ ...widths, steps })}
      />
      <Tabbed
        names={VIEWS}
        value={search.view ?? "state"}
        onChange={(view) => onSearch({ view })}
        label="Views of the state"
        panels={props}
      />
      <Splitter
        label="Width of the side"
        value={widths.side}
        min={SIDE.min}
        max={SIDE.max}
        isReversed
        onChange={(side) => setWidths({ ...widths, side })}
      />
      <Tabbed
        names={SIDES}
        value={search.side ?? "effects"}
        onChange={(side) => onSearch({ side })}
        label="More about the step"
        panels={props}
      />
    </div>
  );
}

const ALL = ["steps", ...VIEWS, ...SIDES] as const;

function NarrowPanels(props: PanelsProps) {
  const { search, onSearch } = props;
  const [shown, setShown] = useState<(typeof ALL)[number]>(search.side ?? search.view ?? "state");
  const change = (name: (typeof ALL)[number]) => {
    setShown(name);
    if (isOneOf(VIEWS, name)) onSearch({ view: name });
    else if (isOneOf(SIDES, name)) onSearch({ side: name });
  };
  return (
    <div className={classes.narrow}>
      <Tabbed names={ALL} value={shown} onChange={change} label="What is shown" panels={props} />
    </div>
  );
}

function isOneOf<Name extends string>(names: readonly Name[], name: string): name is Name {
  return names.some((each) => each === name);
}

interface TabbedProps<Name extends keyof typeof LABELS> {
  readonly names: readonly Name[];
  readonly value: Name;
  readonly onChange: (name: Name) => void;
  readonly label: string;
  readonly panels: PanelsProps;
}

function Tabbed<Name extends keyof typeof LABELS>({
  names,
  value,
  onChange,
  label,
  panels,
}: TabbedProps<Name>) {
  return (
    <Tabs
      value={value}
      onChange={(name) => name !== null && onChange(name as Name)}
      keepMounted={false}
      className={classes.pane ?? ""}
      h="100%"
    >
      <Tabs.List
        className={classes.tabs ?? ""}
        aria-label={label}
        style={{ flexWrap: "nowrap", overflowX: "auto" }}
      >
        {names.map((name) => (
          <Tabs.Tab key={name} value={name} className={classes.tab ?? ""}>
            {LABELS[name]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {names.map((name) => (
        <Tabs.Panel key={name} value={name} className={`${classes.body} ${classes.pane}`}>
          <Suspense fallback={<LoadingState />}>
            <Panel name={name} {...panels} />
          </Suspense>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

function Panel({ name, ...props }: PanelsProps & { readonly name: keyof typeof LABELS }): ReactNode {
  const { execution, entries, way, stops, search, onSearch, onFork } = props;
  switch (name) {
    case "steps":
      return <StepsPanel way={way} stops={stops} />;
    case "state":
      return <StateTab {...props} />;
    case "diff":
      return (
        <DiffPanel
          from={search.from}
          onFrom={(from) => onSearch({ from })}
          onPath={(path) => onSearch({ path, side: "value" })}
        />
      );
    case "waterfall":
      return <WaterfallPanel entries={entries} />;
    case "effects":
      return <EffectsPanel />;
    case "value":
      return <ValuePanel path={search.path} way={way} />;
    case "details":
      return <DetailsPanel execution={execution} canWrite={onFork !== undefined} />;
  }
}

function StateTab({ search, onSearch, onFork }: PanelsProps) {
  const { player } = useRecording();
  const choose = useCallback((path: string | undefined) => onSearch({ path }), [onSearch]);
  const showHistory = useCallback(() => onSearch({ side: "value" }), [onSearch]);
  const fork = useCallback(
    (path: string, value: unknown) => onFork?.({ sequence: player.playback.sequence, path, value }),
    [onFork, player],
  );
  return (
    <StatePanel
      path={search.path}
      onPath={choose}
      onHistory={showHistory}
      onChange={onFork === undefined ? undefined : fork}
    />
  );
}
