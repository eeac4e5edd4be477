import { ChevronRight } from "lucide-react";
import { type CSSProperties, memo } from "react";
import { formatCount, formatDuration } from "../../../ui/format";
import { colourOf } from "../../../ui/series-colours";
import { KindIcon } from "../shared/KindIcon";
import { lookOf } from "../shared/kinds";
import type { TimeWindow, WaterfallSpan } from "./layout";
import classes from "./Waterfall.module.css";

export const ROW_PX = 26;
const INDENT_PX = 14;
const INDENTS_MAX = 18;

interface WaterfallRowProps {
  readonly id: string;
  readonly of: WaterfallSpan;
  readonly top: number;
  readonly isOpen: boolean;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly isFound: boolean;
  readonly isDim: boolean;
  readonly from: number;
  readonly to: number;
  readonly onSelect: (index: number) => void;
  readonly onToggle: (index: number) => void;
}

/** One span: its name at its place in the tree, and its bar at its place in time. */
export const WaterfallRow = memo(function WaterfallRow(props: WaterfallRowProps) {
  const { of, isOpen, onSelect, onToggle } = props;
  const { event, span, index, depth } = of;
  const below = of.end - index - 1;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys of its active item
    <div
      id={props.id}
      className={classes.row}
      style={{ transform: `translateY(${props.top}px)`, height: ROW_PX }}
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={below > 0 ? isOpen : undefined}
      aria-selected={props.isSelected}
      tabIndex={-1}
      data-active={props.isActive || undefined}
      data-found={props.isFound || undefined}
      data-dim={props.isDim || undefined}
      onClick={() => onSelect(index)}
    >
      <div className={classes.names} style={{ paddingLeft: Math.min(depth, INDENTS_MAX) * INDENT_PX + 4 }}>
        <span
          className={classes.caret}
          data-open={isOpen || undefined}
          aria-hidden
          onClick={(click) => {
            if (below === 0) return;
            click.stopPropagation();
            onToggle(index);
          }}
        >
          {below > 0 && <ChevronRight size={13} />}
        </span>
        <KindIcon event={event} size={13} />
        <span className={classes.name} data-error={of.isError || undefined}>
          {event.name}
        </span>
        {below > 0 && !isOpen && <span className={classes.below}>{formatCount(below)}</span>}
        {span.moments.length > 0 && <span className={classes.below}>· {span.moments.length}</span>}
      </div>
      <Bar of={of} window={{ from: props.from, to: props.to }} />
    </div>
  );
});

function Bar({ of, window }: { of: WaterfallSpan; window: TimeWindow }) {
  const length = window.to - window.from;
  const left = Math.max(0, (of.start - window.from) / length);
  const right = Math.min(1, (of.start + of.duration - window.from) / length);
  const isInside = right >= 0 && left <= 1;
  const style = {
    left: `${left * 100}%`,
    width: `${Math.max(0, right - left) * 100}%`,
    "--tone": of.isError ? "var(--tl-bad)" : colourOf(lookOf(of.event).tone),
  } as CSSProperties;
  if (!isInside) return <div className={classes.time} />;
  return (
    <div className={classes.time}>
      <div className={classes.bar} style={style} data-critical={of.span.isCritical || undefined} />
      <span className={classes.duration} style={{ left: `calc(${right * 100}% + 6px)` }}>
        {of.isError && <span className={classes.failed}>failed</span>}
        {formatDuration(of.duration)}
      </span>
    </div>
  );
}
