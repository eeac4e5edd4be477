import { UnstyledButton } from "@mantine/core";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import {
  type CSSProperties,
  type MouseEvent,
  memo,
  type ReactNode,
  useEffect,
  useId,
  useMemo,
  useRef,
} from "react";
import { type TableActions, useTableKeys } from "./tableKeys";
import { placeOf, usePlaceKept } from "./tablePlaces";
import classes from "./VirtualTable.module.css";

const OVERSCAN_ROWS = 10;
const TICK_WIDTH = "14px";
const HEAD_PX = 30;

export interface Column<Row> {
  readonly key: string;
  readonly title: ReactNode;
  /** A track of a CSS grid, such as `80px` or `minmax(160px, 2fr)`. */
  readonly width: string;
  readonly align?: "left" | "right";
  /** The table's width in pixels from which on the column is shown. */
  readonly showFrom?: number;
  /** Whether its header sorts the rows. */
  readonly isSortable?: boolean;
  readonly render: (row: Row) => ReactNode;
}

export interface Sort {
  readonly key: string;
  readonly isDescending: boolean;
}

export interface VirtualTableProps<Row> {
  /** What the rows are, for screen readers. */
  readonly label: string;
  /** Stable between renders as long as nothing changes: what a row shows is drawn anew only if the row is another one. */
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  /** How many rows there are, loaded or not, if that is known. */
  readonly rowCount?: number | undefined;
  readonly rowHeightPx?: number;
  /** Enter, or a click. */
  readonly onOpen?: ((row: Row) => void) | undefined;
  /** The row that the arrows move from, where the owner wants to know. */
  readonly activeKey?: string | undefined;
  readonly onActiveChange?: ((key: string | undefined) => void) | undefined;
  /** The keys of chosen rows; without it no row can be chosen. */
  readonly selected?: ReadonlySet<string> | undefined;
  readonly onSelect?: ((selected: ReadonlySet<string>) => void) | undefined;
  readonly sort?: Sort | undefined;
  readonly onSort?: ((sort: Sort) => void) | undefined;
  readonly hasMore?: boolean;
  readonly isLoadingMore?: boolean;
  readonly onLoadMore?: (() => void) | undefined;
  /** Instead of rows, where there are none. */
  readonly empty?: ReactNode;
  /** Below the rows, such as how many are loaded. */
  readonly foot?: ReactNode;
  /** The rows go by `j`, `k`, `x` and Enter wherever the focus is; one table of a screen at most. */
  readonly hasShortcuts?: boolean;
  /** Remembers under this name where it was scrolled to, for whoever comes back to it. */
  readonly restoresAs?: string | undefined;
  /** Told when the first row comes into sight or leaves it. */
  readonly onAtTop?: ((isAtTop: boolean) => void) | undefined;
}

/** A table of which only the rows in sight are drawn, with keys, choice, sorting, and more rows as one scrolls. */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { rows, keyOf, columns, selected, onSelect, rowHeightPx = 34, onAtTop } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const size = useElementSize<HTMLDivElement>();
  const ref = useMergedRef(scroller, size.ref);
  const shown = useMemo(
    () => columns.filter((each) => (each.showFrom ?? 0) <= (size.width || 10_000)),
    [columns, size.width],
  );
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeightPx,
    overscan: OVERSCAN_ROWS,
    initialOffset: () => placeOf(props.restoresAs).offset,
    scrollPaddingEnd: HEAD_PX + 2,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
  });
  const keys = useTableKeys(props, {
    pageRows: Math.max(1, Math.floor(size.height / rowHeightPx) - 2),
    scrollTo: (index) => virtualizer.scrollToIndex(index),
  });
  useActiveInSight(props.activeKey, rows.length, () => {
    const index = rows.findIndex((each) => keyOf(each) === props.activeKey);
    if (index >= 0) virtualizer.scrollToIndex(index);
    return index >= 0;
  });
  usePlaceKept(props.restoresAs, scroller, keys.activeKey);
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasMore = false, isLoadingMore = false, onLoadMore } = props;
  useEffect(() => {
    if (hasMore && !isLoadingMore && last >= rows.length - OVERSCAN_ROWS * 2) onLoadMore?.();
  }, [hasMore, isLoadingMore, last, rows.length, onLoadMore]);
  const isAtTop = (virtualizer.range?.startIndex ?? 0) === 0;
  useEffect(() => onAtTop?.(isAtTop), [isAtTop, onAtTop]);

  const tracks = [...(selected === undefined ? [] : [TICK_WIDTH]), ...shown.map((each) => each.width)];
  return (
    <div className={classes.frame}>
      <div ref={ref} className={classes.scroller}>
        <table
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: its rows are walked through with the arrows
          role="grid"
          tabIndex={0}
          aria-label={props.label}
          aria-rowcount={(props.rowCount ?? (hasMore ? -2 : rows.length)) + 1}
          aria-multiselectable={selected === undefined ? undefined : true}
          aria-activedescendant={keys.activeKey === undefined ? undefined : `${id}${keys.activeKey}`}
          aria-busy={isLoadingMore}
          className={classes.table}
          style={{ "--columns": tracks.join(" ") } as CSSProperties}
          onKeyDown={keys.actions.onKeyDown}
        >
          <thead className={classes.head}>
            <tr className={classes.row} style={{ height: HEAD_PX }} aria-rowindex={1}>
              {selected !== undefined && (
                <th className={classes.headCell} scope="col">
                  <input
                    type="checkbox"
                    className={classes.tick}
                    aria-label="Choose all that are loaded"
                    checked={rows.length > 0 && selected.size >= rows.length}
                    onChange={(event) =>
                      onSelect?.(new Set(event.currentTarget.checked ? rows.map(keyOf) : []))
                    }
                  />
                </th>
              )}
              {shown.map((column) => (
                <HeadCell key={column.key} column={column} sort={props.sort} onSort={props.onSort} />
              ))}
            </tr>
          </thead>
          <tbody className={classes.body} style={{ height: virtualizer.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index];
              if (row === undefined) return null;
              const key = keyOf(row);
              return (
                <TableRow
                  key={key}
                  id={`${id}${key}`}
                  row={row}
                  index={item.index}
                  top={item.start}
                  heightPx={rowHeightPx}
                  columns={shown as readonly Column<unknown>[]}
                  isActive={key === keys.activeKey}
                  isSelected={selected?.has(key)}
                  opens={props.onOpen !== undefined}
                  actions={keys.actions}
                />
              );
            })}
          </tbody>
        </table>
        {rows.length === 0 && props.empty}
      </div>
      {props.foot !== undefined && <div className={classes.foot}>{props.foot}</div>}
    </div>
  );
}

/** Scrolls to the row that the owner makes active, as soon as it is loaded. */
function useActiveInSight(activeKey: string | undefined, rowCount: number, scroll: () => boolean): void {
  const reached = useRef<string>(undefined);
  const latest = useRef(scroll);
  useEffect(() => {
    latest.current = scroll;
  });
  useEffect(() => {
    if (activeKey !== undefined && rowCount > 0 && reached.current !== activeKey && latest.current())
      reached.current = activeKey;
  }, [activeKey, rowCount]);
}

interface TableRowProps {
  readonly id: string;
  readonly row: unknown;
  readonly index: number;
  readonly top: number;
  readonly heightPx: number;
  readonly columns: readonly Column<unknown>[];
  readonly isActive: boolean;
  readonly isSelected: boolean | undefined;
  readonly opens: boolean;
  readonly actions: TableActions;
}

const TableRow = memo(function TableRow(of: TableRowProps) {
  const open = (event: MouseEvent) => {
    const target = event.target as Element;
    // A link or button within the row does what it does, and a selected text is not a click.
    if (target.closest("a, button, input, label") || String(globalThis.getSelection()) !== "") return;
    of.actions.click(of.index);
  };
  return (
    <tr
      id={of.id}
      className={classes.row}
      style={{ height: of.heightPx, transform: `translateY(${of.top}px)` }}
      aria-rowindex={of.index + 2}
      aria-selected={of.isSelected}
      data-active={of.isActive || undefined}
      data-opens={of.opens || undefined}
      onClick={open}
    >
      {of.isSelected !== undefined && (
        <td className={classes.cell}>
          <input
            type="checkbox"
            tabIndex={-1}
            className={classes.tick}
            aria-label="Choose"
            checked={of.isSelected}
            onChange={(event) =>
              of.actions.choose(of.index, (event.nativeEvent as Partial<PointerEvent>).shiftKey === true)
            }
          />
        </td>
      )}
      {of.columns.map((column) => (
        <td key={column.key} className={classes.cell} data-align={column.align}>
          {column.render(of.row)}
        </td>
      ))}
    </tr>
  );
});

function HeadCell<Row>(of: {
  column: Column<Row>;
  sort: Sort | undefined;
  onSort: ((sort: Sort) => void) | undefined;
}) {
  const { column, sort, onSort } = of;
  const isSorted = sort?.key === column.key;
  const Arrow = sort?.isDescending ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      className={classes.headCell}
      data-align={column.align}
      aria-sort={isSorted ? (sort.isDescending ? "descending" : "ascending") : undefined}
    >
      {column.isSortable && onSort ? (
        <UnstyledButton
          className={classes.sort ?? ""}
          onClick={() => onSort({ key: column.key, isDescending: isSorted ? !sort.isDescending : true })}
        >
          {column.title}
          {isSorted && <Arrow size={12} aria-hidden />}
        </UnstyledButton>
      ) : (
        column.title
      )}
    </th>
  );
}
