import { Text } from "@mantine/core";
import { useAlerts } from "@timeloom/client/react";
import { StatusBadge } from "../../ui/StatusBadge";
import { TimeAgo } from "../../ui/Time";
import { Card } from "./Card";
import classes from "./Home.module.css";

const ROWS_MAX = 6;

/** The newest alerts. */
export function Alerts() {
  const alerts = useAlerts({ pageSize: ROWS_MAX, statuses: ["FIRING", "RESOLVED"] });
  const rows = alerts.data?.slice(0, ROWS_MAX) ?? [];
  return (
    <Card
      title="Alerts"
      to={{ to: "/observability/alerts" }}
      all="All alerts"
      reading={alerts}
      none="No alert has fired."
      rows={rows.map(({ id, ruleName, status, group, fireTime }) => (
        <li key={id} className={classes.row}>
          <div className={classes.what}>
            <Text size="sm" truncate>
              {ruleName}
            </Text>
            {group.length > 0 && (
              <Text size="xs" c="dimmed" truncate>
                {group.join(", ")}
              </Text>
            )}
          </div>
          <StatusBadge status={status} />
          {fireTime !== undefined && <TimeAgo time={fireTime} size="xs" />}
        </li>
      ))}
    />
  );
}
