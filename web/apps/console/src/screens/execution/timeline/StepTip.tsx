import { formatBytes, formatClock, formatDuration } from "../../../ui/format";
import { KIND_WORDS, nameOf, type Step, timeOf } from "../model/steps";
import classes from "./Timeline.module.css";

const TIP_PIXELS = 220;

interface StepTipProps {
  readonly step: Step;
  readonly before: Step | undefined;
  readonly x: number;
  readonly width: number;
}

/** What a step of the strip is, beside the pointer. */
export function StepTip({ step, before, x, width }: StepTipProps) {
  const left = Math.max(0, Math.min(x - TIP_PIXELS / 2, width - TIP_PIXELS));
  const since = timeOf(step) - timeOf(before);
  return (
    <div className={classes.tip} style={{ width: TIP_PIXELS, transform: `translateX(${left}px)` }}>
      <strong>
        {step.sequence} · {nameOf(step)}
      </strong>
      <span>
        {KIND_WORDS[step.kind]}
        {step.createTime && ` · ${formatClock(step.createTime)}`}
        {since > 0 && ` · +${formatDuration(since)}`}
      </span>
      <span>
        {formatBytes(step.stateBytes)}
        {step.effectCount > 0 && ` · ${step.effectCount} ${step.effectCount === 1 ? "effect" : "effects"}`}
      </span>
    </div>
  );
}
