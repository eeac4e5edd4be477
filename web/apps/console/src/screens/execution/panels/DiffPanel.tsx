import { NumberInput, Select } from "@mantine/core";
import { useSnapshotComparison } from "@timeloom/client/react";
import { useDeferredValue } from "react";
import { JsonDiff } from "../../../ui/json";
import { ErrorState, LoadingState } from "../../../ui/states";
import { stepOf } from "../model/steps";
import { usePlayback, useRecording, useReelVersion, useSteps } from "../recording";
import { useSettledSequence } from "../useSettledSequence";
import classes from "./Panels.module.css";

const BASES = [
  { value: "previous", label: "Previous step" },
  { value: "other", label: "Step" },
];

interface DiffPanelProps {
  readonly from: number | undefined;
  readonly onFrom: (from: number | undefined) => void;
  readonly onPath: (path: string) => void;
}

/** What differs between the current step and the one before, or any other. */
export function DiffPanel({ from, onFrom, onPath }: DiffPanelProps) {
  const { executionId, changesOf } = useRecording();
  const steps = useSteps();
  const sequence = useDeferredValue(usePlayback((playback) => playback.sequence));
  useReelVersion();
  const settled = useSettledSequence();
  const step = stepOf(steps, sequence);
  // What both states are at hand for is told at once; the server tells the rest.
  const known = from === undefined ? changesOf(sequence) : undefined;
  const base = from ?? step?.parentSequence ?? 0;
  const asked = useSnapshotComparison(
    { executionId, sequence: base },
    { executionId, sequence: settled },
    { enabled: known === undefined && settled > 0 && settled === sequence },
  );
  const found = known ?? asked.data;
  return (
    <div className={classes.body}>
      {found === undefined && asked.error !== null && (
        <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />
      )}
      {found === undefined && asked.error === null && <LoadingState label="Comparing" />}
      {found && (
        <JsonDiff
          label={`What differs between step ${base} and step ${sequence}`}
          changes={found.changes}
          truncated={found.truncated}
          onSelect={onPath}
          tools={
            <>
              <Select
                size="xs"
                w={128}
                aria-label="Compare with"
                data={BASES}
                value={from === undefined ? "previous" : "other"}
                onChange={(value) => onFrom(value === "other" ? Math.max(1, base) : undefined)}
                allowDeselect={false}
              />
              {from !== undefined && (
                <NumberInput
                  size="xs"
                  w={80}
                  aria-label="Step to compare with"
                  min={1}
                  max={steps.at(-1)?.sequence ?? 1}
                  allowDecimal={false}
                  value={from}
                  onChange={(value) => {
                    if (typeof value === "number" && stepOf(steps, value)) onFrom(value);
                  }}
                />
              )}
            </>
          }
        />
      )}
    </div>
  );
}
