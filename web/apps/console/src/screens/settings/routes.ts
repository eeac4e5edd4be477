import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";

export const TABS = ["keys", "retention", "prices", "health", "browser"] as const;
export type SettingsTab = (typeof TABS)[number];

const index = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings",
  validateSearch: ({ tab }: Record<string, unknown>): { readonly tab?: SettingsTab } => {
    const found = TABS.find((each) => each === tab);
    return found === undefined || found === "keys" ? {} : { tab: found };
  },
  component: lazyRouteComponent(() => import("./SettingsPage"), "SettingsPage"),
});

export const settingsRoutes = [index] as const;
