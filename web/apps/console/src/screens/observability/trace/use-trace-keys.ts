import { useState } from "react";
import { useShortcut } from "../../../app/shortcuts";
import type { WaterfallLayout } from "./layout";
import type { WaterfallView } from "./use-waterfall";

const GROUP = "Trace";

interface TraceKeysOptions {
  readonly layout: WaterfallLayout;
  readonly view: WaterfallView;
  /** Shows the details of a span. */
  readonly onShow: (index: number) => void;
  /** Whether details are shown, which then follow. */
  readonly isOpen: boolean;
}

/** What can be done to a trace by keys and by buttons alike. */
export function useTraceKeys({ layout, view, onShow, isOpen }: TraceKeysOptions) {
  const [isCriticalOnly, setCriticalOnly] = useState(false);
  const errors = layout.spans.filter((each) => each.isError).map((each) => each.index);
  const goAmong = (indexes: readonly number[], direction: 1 | -1) => {
    const next =
      direction > 0
        ? (indexes.find((each) => each > view.active) ?? indexes[0])
        : (indexes.findLast((each) => each < view.active) ?? indexes.at(-1));
    if (next === undefined) return;
    view.reveal(next);
    if (isOpen) onShow(next);
  };
  const toSpan = () => {
    const span = layout.spans[view.active];
    if (span === undefined) return;
    const margin = span.duration * 0.1;
    view.look({ from: span.start - margin, to: span.start + span.duration + margin });
  };
  const actions = {
    isCriticalOnly,
    errorCount: errors.length,
    toggleCritical: () => setCriticalOnly((before) => !before),
    nextError: () => goAmong(errors, 1),
    nextFound: () => goAmong(view.found, 1),
    previousFound: () => goAmong(view.found, -1),
    toSpan,
    whole: () => view.look(undefined),
  };
  useShortcut({ keys: "e", label: "Next failed span", group: GROUP }, actions.nextError);
  useShortcut({ keys: "n", label: "Next span that was found", group: GROUP }, actions.nextFound);
  useShortcut({ keys: "N", label: "The one before", group: GROUP }, actions.previousFound);
  useShortcut({ keys: "c", label: "Mark the critical path", group: GROUP }, actions.toggleCritical);
  useShortcut({ keys: "f", label: "Zoom to the span", group: GROUP }, actions.toSpan);
  useShortcut({ keys: "0", label: "The whole time", group: GROUP }, actions.whole);
  useShortcut({ keys: "[", label: "Close all spans", group: GROUP }, () => view.closeBelow(0));
  useShortcut({ keys: "]", label: "Open all spans", group: GROUP }, () =>
    view.closeBelow(Number.POSITIVE_INFINITY),
  );
  return actions;
}

export type TraceKeys = ReturnType<typeof useTraceKeys>;
