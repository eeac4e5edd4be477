import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCaller } from "@timeloom/client/react";
import { Activity, Coins, KeyRound, Monitor, Trash2 } from "lucide-react";
import { wordsOf } from "../../ui/format";
import { Id } from "../../ui/Id";
import { Page } from "../../ui/Page";
import { ApiKeys } from "./ApiKeys";
import { Browser } from "./Browser";
import { Health } from "./Health";
import { Prices } from "./Prices";
import { Retention } from "./Retention";
import type { SettingsTab } from "./routes";
import classes from "./Settings.module.css";

const PARTS = [
  { tab: "keys", label: "API keys", icon: KeyRound, Part: ApiKeys },
  { tab: "retention", label: "Retention", icon: Trash2, Part: Retention },
  { tab: "prices", label: "Prices", icon: Coins, Part: Prices },
  { tab: "health", label: "Health", icon: Activity, Part: Health },
  { tab: "browser", label: "This browser", icon: Monitor, Part: Browser },
] as const;

/** Keys, how long things are kept, what models cost, and how well everything is. */
export function SettingsPage() {
  const { tab = "keys" } = useSearch({ from: "/settings" });
  const navigate = useNavigate({ from: "/settings" });
  const open = (next: string | null) => void navigate({ search: { tab: next as SettingsTab } });
  return (
    <Page title="Settings" beside={<Project />}>
      <Tabs value={tab} onChange={open} keepMounted={false}>
        <Tabs.List className={classes.tabs ?? ""}>
          {PARTS.map(({ tab: value, label, icon: Icon }) => (
            <Tabs.Tab key={value} value={value} leftSection={<Icon size={15} aria-hidden />}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {PARTS.map(({ tab: value, Part }) => (
          <Tabs.Panel key={value} value={value} pt="md">
            <Part />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}

/** Which project this is, and what one may do in it. */
function Project() {
  const { data } = useCaller();
  if (data === undefined) return null;
  return (
    <div className={classes.project}>
      <span>
        Project <strong>{data.projectName || "default"}</strong>, as {wordsOf(data.scope).toLowerCase()}
      </span>
      <Id value={data.projectId} what="project's id" />
    </div>
  );
}
