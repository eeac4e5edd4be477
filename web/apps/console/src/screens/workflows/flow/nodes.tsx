import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { CircleAlert, CircleCheck, GitBranch, RotateCcw, ShieldAlert, Undo2 } from "lucide-react";
import { wordsOf } from "../../../ui/format";
import { StatusBadge } from "../../../ui/StatusBadge";
import type { FlowLane, FlowNode } from "../model/graph";
import { kindKeyOf, kindLabelOf, summaryOf } from "../model/kinds";
import type { NodeProgress } from "../model/progress";
import { took } from "../words";
import classes from "./flow.module.css";
import { KindIcon } from "./icons";

/** What a step shows besides itself. */
export interface NodeMark {
  /** What is wrong with it. */
  readonly problems?: readonly string[];
  readonly progress?: NodeProgress | undefined;
  /** It is where a dragged step would go. */
  readonly isTarget?: boolean;
}

export interface StepData extends Record<string, unknown> {
  readonly node: FlowNode;
  readonly isContainer: boolean;
  readonly isEditable: boolean;
  readonly mark: NodeMark | undefined;
}

export interface LaneData extends Record<string, unknown> {
  readonly lane: FlowLane;
  readonly isEditable: boolean;
  readonly isTarget: boolean;
}

export type StepNode = Node<StepData, "step">;
export type LaneNode = Node<LaneData, "lane">;

/** A step on the canvas: its sign and name, what it does, and how it gets on. */
export function StepNodeView({ data, selected }: NodeProps<StepNode>) {
  const { node, mark, isContainer, isEditable } = data;
  const problems = mark?.problems ?? [];
  const progress = mark?.progress;
  return (
    <div
      className={classes.step}
      data-container={isContainer || undefined}
      data-selected={selected || undefined}
      data-target={mark?.isTarget || undefined}
      data-status={progress?.status}
      data-wrong={problems.length > 0 || undefined}
    >
      <Handle type="target" position={Position.Top} isConnectable={isEditable} className={classes.handle} />
      <div className={classes.stepHead}>
        <span className={classes.stepIcon} data-kind={kindKeyOf(node.step)}>
          <KindIcon kind={kindKeyOf(node.step)} />
        </span>
        <span className={classes.stepWords}>
          <span className={classes.stepName}>
            <span className={classes.stepId}>{node.step.id || "no id"}</span>
            <StepSigns step={node.step} />
          </span>
          <span className={classes.stepSummary}>{summaryOf(node.step) || kindLabelOf(node.step)}</span>
        </span>
        {problems.length > 0 && (
          <span className={classes.stepProblem} title={problems.join("\n")}>
            <CircleAlert size={15} aria-label={`${problems.length} problems`} />
          </span>
        )}
      </div>
      {progress !== undefined && <Progress progress={progress} />}
      <Handle
        type="source"
        position={Position.Bottom}
        isConnectable={isEditable}
        className={classes.handle}
      />
    </div>
  );
}

function StepSigns({ step }: { step: FlowNode["step"] }) {
  return (
    <span className={classes.signs}>
      {"if" in step && <GitBranch size={11} aria-label="has a condition" />}
      {"retry" in step && <RotateCcw size={11} aria-label="is tried again" />}
      {"onError" in step && <ShieldAlert size={11} aria-label="handles errors" />}
      {"compensate" in step && <Undo2 size={11} aria-label="can be undone" />}
    </span>
  );
}

function Progress({ progress }: { progress: NodeProgress }) {
  const { status, runs, ended, attempt, durationMs, waitingFor } = progress;
  const words = [
    runs.length > 1 ? `${ended}/${runs.length}` : undefined,
    attempt > 1 ? `try ${attempt}` : undefined,
    status === "WAITING" && waitingFor !== "UNSPECIFIED"
      ? `for ${wordsOf(waitingFor).toLowerCase()}`
      : undefined,
    durationMs === undefined ? undefined : took(durationMs),
  ].filter((each) => each !== undefined);
  return (
    <div className={classes.progress}>
      <StatusBadge status={status} size="xs" />
      {words.length > 0 && <span>{words.join(" · ")}</span>}
    </div>
  );
}

/** The head of a list of steps: the beginning, or a branch. */
export function LaneNodeView({ data, selected }: NodeProps<LaneNode>) {
  const { lane, isEditable, isTarget } = data;
  return (
    <div
      className={classes.lane}
      data-selected={selected || undefined}
      data-target={isTarget || undefined}
      title={lane.label}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} className={classes.hidden} />
      {lane.parent === "" && <CircleCheck size={12} aria-hidden />}
      <span>{lane.label}</span>
      <Handle type="source" position={Position.Bottom} isConnectable={false} className={classes.hidden} />
      {lane.isEmpty && <span className={classes.empty}>{isEditable ? "Add a step here" : "No steps"}</span>}
    </div>
  );
}
