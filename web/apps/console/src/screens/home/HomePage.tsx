import { useExecutions, useTelemetryStats } from "@timeloom/client/react";
import { useState } from "react";
import { Page } from "../../ui/Page";
import { Alerts } from "./Alerts";
import { Approvals } from "./Approvals";
import { Executions } from "./Executions";
import { FirstSteps } from "./FirstSteps";
import classes from "./Home.module.css";
import { Today } from "./Today";

/** What runs, what failed, what it cost, and what waits for a person; for a new project, how to begin. */
export function HomePage() {
  const executions = useExecutions({ pageSize: 1 });
  const telemetry = useTelemetryStats();
  const isEmpty = executions.data?.length === 0 && telemetry.data?.eventCount === 0;
  // The first steps stay where they are when the first of them has been taken.
  const [isNew, setNew] = useState(false);
  if (isEmpty && !isNew) setNew(true);
  return (
    <Page title="Home">
      <div className={classes.stack}>
        {isNew && <FirstSteps isNew />}
        <Today />
        <div className={classes.columns}>
          <Executions title="Running" status="RUNNING" none="Nothing runs right now." />
          <Executions title="Failed lately" status="FAILED" none="Nothing has failed." />
          <Approvals />
          <Alerts />
        </div>
        {executions.data !== undefined && telemetry.data !== undefined && !isNew && (
          <FirstSteps isNew={false} />
        )}
      </div>
    </Page>
  );
}
