import {
  CircleDot,
  CirclePlay,
  Diamond,
  Dot,
  Flag,
  type LucideIcon,
  Save,
  TriangleAlert,
  Undo2,
} from "lucide-react";
import { KIND_WORDS, type Step } from "../model/steps";
import classes from "./Panels.module.css";

const SIGNS: Readonly<Record<Step["kind"], { icon: LucideIcon; tone: string }>> = {
  UNSPECIFIED: { icon: Dot, tone: "quiet" },
  EXECUTION_START: { icon: CirclePlay, tone: "good" },
  STEP_START: { icon: CircleDot, tone: "quiet" },
  STEP_END: { icon: Dot, tone: "quiet" },
  DECISION_POINT: { icon: Diamond, tone: "warn" },
  ERROR_STATE: { icon: TriangleAlert, tone: "bad" },
  EXECUTION_END: { icon: Flag, tone: "good" },
  CHECKPOINT: { icon: Save, tone: "info" },
  ROLLBACK_POINT: { icon: Undo2, tone: "info" },
};

/** What a step marks, as a sign with its word for those who do not see it. */
export function StepSign({ kind }: { kind: Step["kind"] }) {
  const { icon: Icon, tone } = SIGNS[kind];
  return (
    <span className={classes.sign} data-tone={tone}>
      <Icon size={14} aria-hidden />
      <span className="visually-hidden">{KIND_WORDS[kind]}</span>
    </span>
  );
}
