import { Text, Title } from "@mantine/core";
import type { WorkflowExecution } from "@timeloom/client";
import { JsonTree } from "../../../ui/json";
import { Problem } from "../../../ui/Problem";
import classes from "./monitor.module.css";

/** What an execution was given, and what it came to. */
export function Documents({ execution }: { execution: WorkflowExecution }) {
  const { input, output, error, attributes } = execution;
  return (
    <div className={classes.data}>
      <Datum title="Input" value={input} none="It was given nothing." />
      {error === undefined ? (
        <Datum title="Output" value={output} none="It has not come to anything yet." />
      ) : (
        <section className={classes.datum}>
          <Title order={2}>Error</Title>
          <Problem error={`${error.type}: ${error.message}`} />
          {error.stack !== "" && (
            <Text component="pre" className="mono" style={{ overflow: "auto", whiteSpace: "pre-wrap" }}>
              {error.stack}
            </Text>
          )}
        </section>
      )}
      {attributes !== undefined && <Datum title="Attributes" value={attributes} none="" />}
    </div>
  );
}

function Datum({ title, value, none }: { title: string; value: unknown; none: string }) {
  return (
    <section className={classes.datum}>
      <Title order={2}>{title}</Title>
      {value === undefined ? (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      ) : (
        <div>
          <JsonTree value={value} label={title} />
        </div>
      )}
    </section>
  );
}
