import { List, Map as MapIcon, Share2, Text, Wrench } from "lucide-react";
import { type AreaTab, AreaTabs } from "../../../ui/AreaTabs";

const TABS: readonly AreaTab[] = [
  { to: "/memory", label: "Browse", icon: List },
  { to: "/memory/map", label: "Map", icon: MapIcon },
  { to: "/memory/context", label: "Context", icon: Text },
  { to: "/memory/sharing", label: "Sharing", icon: Share2 },
  { to: "/memory/upkeep", label: "Upkeep", icon: Wrench },
];

/** The screens about memory. The namespace that is looked at goes along. */
export function MemoryTabs({ namespace }: { namespace: string }) {
  return <AreaTabs area="Memory" tabs={TABS} search={namespace === "" ? {} : { namespace }} />;
}
