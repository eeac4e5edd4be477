import { ChevronRight } from "lucide-react";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { formatCount } from "../../../ui/format";
import { linesOf, type TreeLine, treeOf } from "../lib/tree";
import classes from "./NamespaceTree.module.css";

const INDENT_PX = 14;

interface NamespaceTreeProps {
  readonly namespaces: readonly { readonly name: string; readonly memoryCount: number }[];
  /** Empty for all. */
  readonly selected: string;
  readonly onSelect: (namespace: string) => void;
}

/** Namespaces as a tree, with how many memories are in each and below it. */
export function NamespaceTree({ namespaces, selected, onSelect }: NamespaceTreeProps) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const nodes = useMemo(() => treeOf(namespaces), [namespaces]);
  const total = nodes.reduce((sum, each) => sum + each.count, 0);
  const all: TreeLine = {
    label: "All namespaces",
    name: "",
    count: total,
    depth: 0,
    isOpen: true,
    children: [],
  };
  const lines = [all, ...linesOf(nodes, closed)];
  const list = useRef<HTMLDivElement>(null);

  const toggle = (name: string, open: boolean) => {
    const next = new Set(closed);
    if (open) next.delete(name);
    else next.add(name);
    setClosed(next);
  };
  const focus = (place: number) => {
    const items = list.current?.querySelectorAll<HTMLElement>("[role=treeitem]");
    items?.[Math.min(Math.max(place, 0), items.length - 1)]?.focus();
  };
  const onKeyDown = (event: KeyboardEvent, line: TreeLine, place: number) => {
    const moves: Record<string, () => void> = {
      ArrowDown: () => focus(place + 1),
      ArrowUp: () => focus(place - 1),
      Home: () => focus(0),
      End: () => focus(lines.length - 1),
      ArrowRight: () => toggle(line.name, true),
      ArrowLeft: () => toggle(line.name, false),
      Enter: () => onSelect(line.name),
      " ": () => onSelect(line.name),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  };
  const reachable = lines.some((each) => each.name === selected) ? selected : "";
  return (
    <div ref={list} className={classes.tree} role="tree" aria-label="Namespaces">
      {lines.map((line, place) => (
        <div
          key={line.name}
          role="treeitem"
          className={classes.line}
          aria-level={line.depth + 1}
          aria-expanded={line.children.length > 0 ? line.isOpen : undefined}
          aria-selected={line.name === selected}
          tabIndex={line.name === reachable ? 0 : -1}
          title={line.name}
          style={{ paddingLeft: 4 + INDENT_PX * line.depth }}
          onClick={() => onSelect(line.name)}
          onKeyDown={(event) => onKeyDown(event, line, place)}
        >
          <Arrow line={line} onToggle={() => toggle(line.name, !line.isOpen)} />
          <span className={classes.label}>{line.label}</span>
          <span className={classes.count}>
            {formatCount(line.count)}
            <span className="visually-hidden"> {line.count === 1 ? "memory" : "memories"}</span>
          </span>
        </div>
      ))}
    </div>
  );
}

/** Opens and closes for a pointer; the keyboard has the arrows. */
function Arrow({ line, onToggle }: { line: TreeLine; onToggle: () => void }) {
  if (line.children.length === 0) return <span className={classes.arrow} />;
  return (
    <span
      className={classes.arrow}
      data-open={line.isOpen}
      aria-hidden
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      <ChevronRight size={14} />
    </span>
  );
}
