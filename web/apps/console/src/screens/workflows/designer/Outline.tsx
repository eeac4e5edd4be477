import { Text } from "@mantine/core";
import { CircleAlert } from "lucide-react";
import { type KeyboardEvent, useMemo, useRef } from "react";
import { KindIcon } from "../flow/icons";
import { lanesOf, placedOf, TOP } from "../model/definition";
import { kindKeyOf, kindLabelOf } from "../model/kinds";
import classes from "./designer.module.css";
import type { Design } from "./useDesign";
import type { Problems } from "./useProblems";

interface Row {
  readonly place: string;
  readonly parent: string;
  readonly level: number;
  readonly label: string;
  /** The sign of a step; the head of a list has none. */
  readonly kind: string | undefined;
  readonly spoken: string;
}

/** The steps of a definition as a tree, for those who would rather read than look: everything by keys. */
export function Outline({ design, problems }: { design: Design; problems: Problems }) {
  const rows = useMemo(() => rowsOf(design.document), [design.document]);
  const tree = useRef<HTMLDivElement>(null);
  const at = Math.max(
    0,
    rows.findIndex((each) => each.place === design.selected),
  );
  const go = (index: number) => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (row === undefined) return;
    design.select(row.place);
    tree.current?.querySelector<HTMLElement>(`[data-place="${CSS.escape(row.place)}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[at];
    const steps: Record<string, number | undefined> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length - 1,
      ArrowLeft: rows.findIndex((each) => each.place === row?.parent),
      ArrowRight: rows[at + 1]?.parent === row?.place ? at + 1 : undefined,
    };
    const next = steps[event.key];
    if (event.altKey || next === undefined || next < 0) return;
    event.preventDefault();
    go(next);
  };
  return (
    <div ref={tree} role="tree" aria-label="Steps" className={classes.outline} onKeyDown={onKeyDown}>
      {rows.map((row, index) => {
        const wrong = problems.byStep.get(row.place)?.length ?? 0;
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it hears its keys
          <div
            key={row.place}
            role="treeitem"
            tabIndex={index === at ? 0 : -1}
            aria-level={row.level}
            aria-selected={row.place === design.selected}
            aria-label={wrong > 0 ? `${row.spoken}, ${wrong} problems` : row.spoken}
            data-place={row.place}
            className={classes.outlineRow}
            style={{ paddingInlineStart: 6 + 12 * (row.level - 1) }}
            onClick={() => design.select(row.place)}
          >
            {row.kind === undefined ? (
              <Text span size="xs" c="dimmed">
                {row.label}
              </Text>
            ) : (
              <>
                <KindIcon kind={row.kind} size={13} />
                <span className={classes.outlineId}>{row.label}</span>
              </>
            )}
            {wrong > 0 && <CircleAlert size={13} color="var(--tl-bad)" aria-hidden />}
          </div>
        );
      })}
    </div>
  );
}

function rowsOf(document: Design["document"]): Row[] {
  const rows: Row[] = [
    {
      place: TOP,
      parent: "",
      level: 1,
      label: "begin",
      kind: undefined,
      spoken: "begin of the workflow",
    },
  ];
  const placed = placedOf(document);
  const visit = (list: string, parent: string, level: number) => {
    for (const { step, place } of placed.filter((each) => each.list === list)) {
      const label = step.id || "no id";
      const spoken = `${kindLabelOf(step)} ${label}`;
      rows.push({ place, parent, level, label, kind: kindKeyOf(step), spoken });
      for (const lane of lanesOf(step)) {
        const inner = `${place}.${lane.key}`;
        rows.push({
          place: inner,
          parent: place,
          level: level + 1,
          label: lane.label,
          kind: undefined,
          spoken: `${lane.label} of ${label}`,
        });
        visit(inner, inner, level + 2);
      }
    }
  };
  visit(TOP, "", 1);
  return rows;
}
