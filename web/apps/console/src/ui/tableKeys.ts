import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useShortcut } from "../app/shortcuts";
import { placeOf } from "./tablePlaces";
import type { VirtualTableProps } from "./VirtualTable";

/** What keys and clicks do to the rows of a table. Stable, so that rows need not be drawn anew. */
export interface TableActions {
  readonly onKeyDown: (event: KeyboardEvent) => void;
  /** A click on a row: it becomes the active one, and opens. */
  readonly click: (index: number) => void;
  /** Chooses a row or lets go of it; with all rows from the one chosen before, if they are wanted. */
  readonly choose: (index: number, withThoseBetween: boolean) => void;
}

interface Surroundings {
  readonly pageRows: number;
  readonly scrollTo: (index: number) => void;
}

const GROUP = "Rows";

/** The active row of a table and what moves it: arrows, `j` and `k`, Home, End and the pages; Enter opens, `x` chooses. */
export function useTableKeys<Row>(
  props: VirtualTableProps<Row>,
  surroundings: Surroundings,
): { readonly activeKey: string | undefined; readonly actions: TableActions } {
  const [ownKey, setOwnKey] = useState(() => placeOf(props.restoresAs).activeKey);
  const activeKey = props.activeKey ?? ownKey;
  const latest = useRef({ props, surroundings, activeKey });
  useEffect(() => {
    latest.current = { props, surroundings, activeKey };
  });
  const actions = useMemo(() => makeActions(() => latest.current, setOwnKey), []);
  const enabled = props.hasShortcuts === true;
  const isChoosing = props.selected !== undefined;
  useShortcut({ keys: "j", label: "Next row", group: GROUP }, () => actions.move(1), { enabled });
  useShortcut({ keys: "k", label: "Row before", group: GROUP }, () => actions.move(-1), { enabled });
  useShortcut({ keys: "Enter", label: "Open the row", group: GROUP }, actions.open, { enabled });
  useShortcut({ keys: "x", label: "Choose the row", group: GROUP }, () => actions.chooseActive(false), {
    enabled: enabled && isChoosing,
  });
  return { activeKey, actions };
}

interface Latest<Row> {
  readonly props: VirtualTableProps<Row>;
  readonly surroundings: Surroundings;
  readonly activeKey: string | undefined;
}

function makeActions<Row>(latest: () => Latest<Row>, setOwnKey: (key: string | undefined) => void) {
  let chosenBefore: string | undefined;
  const indexOf = (key: string | undefined) =>
    key === undefined ? -1 : latest().props.rows.findIndex((each) => latest().props.keyOf(each) === key);
  const activate = (index: number) => {
    const { props, surroundings } = latest();
    const row = props.rows[Math.max(0, Math.min(props.rows.length - 1, index))];
    if (row === undefined) return;
    setOwnKey(props.keyOf(row));
    props.onActiveChange?.(props.keyOf(row));
    surroundings.scrollTo(Math.max(0, Math.min(props.rows.length - 1, index)));
  };
  const move = (by: number) => activate(indexOf(latest().activeKey) + by);
  const open = () => {
    const { props, activeKey } = latest();
    const row = props.rows[indexOf(activeKey)];
    if (row !== undefined) props.onOpen?.(row);
  };
  const choose = (index: number, withThoseBetween: boolean) => {
    const { props } = latest();
    const row = props.rows[index];
    if (row === undefined || props.selected === undefined) return;
    const key = props.keyOf(row);
    const next = new Set(props.selected);
    const from = withThoseBetween ? indexOf(chosenBefore) : -1;
    if (from >= 0) {
      for (const each of props.rows.slice(Math.min(from, index), Math.max(from, index) + 1))
        next.add(props.keyOf(each));
    } else if (!next.delete(key)) next.add(key);
    chosenBefore = key;
    props.onSelect?.(next);
  };
  const chooseActive = (withThoseBetween: boolean) => choose(indexOf(latest().activeKey), withThoseBetween);
  const click = (index: number) => {
    const { props } = latest();
    const row = props.rows[index];
    if (row === undefined) return;
    setOwnKey(props.keyOf(row));
    props.onActiveChange?.(props.keyOf(row));
    props.onOpen?.(row);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return; // a button in the header
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { props, surroundings } = latest();
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      j: () => move(1),
      k: () => move(-1),
      Home: () => activate(0),
      End: () => activate(props.rows.length - 1),
      PageDown: () => move(surroundings.pageRows),
      PageUp: () => move(-surroundings.pageRows),
      Enter: open,
      " ": () => chooseActive(event.shiftKey),
      x: () => chooseActive(event.shiftKey),
    };
    const run = moves[event.key];
    if (run === undefined) return;
    event.preventDefault();
    run();
  };
  return { move, open, choose, chooseActive, click, onKeyDown };
}
