import { useCallback, useMemo, useState } from "react";
import { isObject, type JsonObject } from "../../../ui/schema/schema";
import { listAt, type Step, seatOf, stepAt, TOP } from "../model/definition";
import {
  connect,
  disconnect,
  type Edit,
  insertStep,
  removeStep,
  replaceStep,
  shiftStep,
} from "../model/editing";
import { historyOf, record, redo, undo } from "../model/history";
import { STEP_KINDS } from "../model/kinds";

/** A definition while it is designed. */
export interface Design {
  readonly document: JsonObject;
  /** The place of the chosen step or list. */
  readonly selected: string | undefined;
  readonly step: Step | undefined;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly select: (place: string | undefined) => void;
  /** Takes another definition in; changes of one topic are undone together. */
  readonly set: (document: JsonObject, topic?: string) => void;
  readonly setStep: (place: string, step: Step, topic: string) => void;
  /** Adds a kind of step after a place, or the chosen one, or at the end. */
  readonly add: (kind: string, after?: string) => void;
  readonly remove: () => void;
  readonly shift: (by: -1 | 1) => void;
  readonly connect: (source: string, target: string) => void;
  readonly disconnect: (source: string, target: string) => void;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly copy: () => void;
  readonly cut: () => void;
  readonly paste: () => void;
  readonly duplicate: () => void;
}

/** Where copied steps are kept, so that they can be pasted into another workflow. */
const CLIPBOARD = "timeloom-copied-step";

/** The state of a designer: the definition with its history, and what is chosen. */
export function useDesign(begin: JsonObject): Design {
  const [history, setHistory] = useState(() => historyOf(begin));
  const [chosen, setChosen] = useState<string>();
  const document = history.present;
  const step = chosen === undefined ? undefined : stepAt(document, chosen);
  const selected =
    step !== undefined || (chosen !== undefined && isList(document, chosen)) ? chosen : undefined;

  const set = useCallback((next: JsonObject, topic?: string) => {
    setHistory((before) => record(before, next, topic));
  }, []);
  const edit = useCallback(
    (made: Edit) => {
      set(made.document);
      setChosen(made.place);
    },
    [set],
  );
  return useMemo(() => {
    const insert = (fresh: Step, after = selected) => {
      const { list, index } = seatAfter(document, after);
      edit(insertStep(document, list, index, fresh));
    };
    const copy = () => step && localStorage.setItem(CLIPBOARD, JSON.stringify(step));
    const remove = () => {
      if (step === undefined || selected === undefined) return;
      set(removeStep(document, selected));
      setChosen(undefined);
    };
    return {
      document,
      selected,
      step,
      canUndo: history.past.length > 0,
      canRedo: history.future.length > 0,
      select: setChosen,
      set,
      setStep: (place, next, topic) => set(replaceStep(document, place, next), `${place} ${topic}`),
      add: (kind, after) => {
        const found = STEP_KINDS.find((each) => each.key === kind);
        if (found !== undefined) insert(found.step, after);
      },
      remove,
      shift: (by) => {
        if (step !== undefined && selected !== undefined) edit(shiftStep(document, selected, by));
      },
      connect: (source, target) => set(connect(document, source, target)),
      disconnect: (source, target) => set(disconnect(document, source, target)),
      undo: () => setHistory(undo),
      redo: () => setHistory(redo),
      copy: () => void copy(),
      cut: () => {
        copy();
        remove();
      },
      paste: () => {
        const copied = copiedStep();
        if (copied !== undefined) insert(copied);
      },
      duplicate: () => {
        if (step !== undefined) insert(step);
      },
    };
  }, [document, selected, step, history, set, edit]);
}

function isList(document: JsonObject, place: string): boolean {
  return (
    place === TOP ||
    (/(then|else|default|steps|branches\[\d+\])$/.test(place) && listAt(document, place).length >= 0)
  );
}

/** Where a step goes that is added after a place: first in a list, after a step, or at the end of all. */
function seatAfter(document: JsonObject, place: string | undefined): { list: string; index: number } {
  if (place === undefined) return { list: TOP, index: listAt(document, TOP).length };
  if (stepAt(document, place) === undefined) return { list: place, index: 0 };
  const { list, index } = seatOf(place);
  return { list, index: index + 1 };
}

function copiedStep(): Step | undefined {
  try {
    const copied: unknown = JSON.parse(localStorage.getItem(CLIPBOARD) ?? "null");
    return isObject(copied) && typeof copied.id === "string" && typeof copied.type === "string"
      ? (copied as Step)
      : undefined;
  } catch {
    return undefined; // another page of this origin may have written it
  }
}
