import { Button, SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useAlertRules, useAlerts } from "@timeloom/client/react";
import { Plus } from "lucide-react";
import { useShortcut } from "../../../app/shortcuts";
import { Page } from "../../../ui/Page";
import { ErrorState, LoadingState } from "../../../ui/states";
import { SidePanel } from "../event/SidePanel";
import panel from "../event/SidePanel.module.css";
import type { AlertsSearch } from "../routes";
import { ObservabilityTabs } from "../shared/ObservabilityTabs";
import { AlertDetail } from "./AlertDetail";
import { AlertList } from "./AlertList";
import { RuleForm } from "./RuleForm";
import { RuleList } from "./RuleList";

/** Alerts are raised without a word to the page, so that it asks. */
const REFETCH_MS = 5_000;

/** What is wrong, and by which rules that is told. */
export function AlertsPage() {
  const search = useSearch({ from: "/observability/alerts" });
  const navigate = useNavigate({ from: "/observability/alerts" });
  const change = (next: AlertsSearch) => void navigate({ search: next, replace: true });
  const alerts = useAlerts({}, { refetchInterval: REFETCH_MS });
  const rules = useAlertRules({ refetchInterval: REFETCH_MS });
  const tab = search.tab ?? "alerts";
  const make = () => change({ tab: "rules", rule: "new" });
  useShortcut({ keys: "a", label: "New rule", group: "This screen" }, make);
  const shown = tab === "alerts" ? alerts : rules;
  const rule = rules.data?.find((each) => each.id === search.rule);
  const alert = alerts.data?.find((each) => each.id === search.alert);
  const close = () => change(tab === "alerts" ? {} : { tab });
  const open = alerts.data?.filter((each) => each.status === "FIRING").length ?? 0;
  return (
    <Page
      title="Alerts"
      isFilling
      actions={
        <Button size="xs" leftSection={<Plus size={14} aria-hidden />} onClick={make}>
          New rule
        </Button>
      }
      below={
        <>
          <ObservabilityTabs />
          <div>
            <SegmentedControl
              size="xs"
              aria-label="What is shown"
              data={[
                { value: "alerts", label: open > 0 ? `Alerts, ${open} firing` : "Alerts" },
                { value: "rules", label: "Rules" },
              ]}
              value={tab}
              onChange={(value) => change(value === "rules" ? { tab: "rules" } : {})}
            />
          </div>
        </>
      }
    >
      <div className={panel.split}>
        <div className={panel.main}>
          {shown.isPending ? (
            <LoadingState label="Loading alerts" />
          ) : shown.isError ? (
            <ErrorState error={shown.error} onRetry={() => void shown.refetch()} />
          ) : tab === "alerts" ? (
            <AlertList
              list={alerts}
              hasRules={(rules.data?.length ?? 0) > 0}
              onOpen={({ id }) => change({ alert: id })}
              onMake={make}
            />
          ) : (
            <RuleList list={rules} onOpen={({ id }) => change({ tab, rule: id })} onMake={make} />
          )}
        </div>
        {tab === "alerts" && alert !== undefined && (
          <SidePanel label="Details of the alert" onClose={close}>
            <AlertDetail
              key={alert.id}
              alert={alert}
              rule={rules.data?.find((each) => each.id === alert.ruleId)}
            />
          </SidePanel>
        )}
        {tab === "rules" && (search.rule === "new" || rule !== undefined) && (
          <SidePanel label={rule === undefined ? "New rule" : "Edit the rule"} onClose={close}>
            <RuleForm key={search.rule} rule={rule} onDone={close} />
          </SidePanel>
        )}
      </div>
    </Page>
  );
}
