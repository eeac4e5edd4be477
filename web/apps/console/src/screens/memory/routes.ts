import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../../app/root";
import { readBrowse, readContext, readMap, readSharing, readUpkeep } from "./search";

const browse = createRoute({
  getParentRoute: () => rootRoute,
  path: "/memory",
  validateSearch: readBrowse,
  component: lazyRouteComponent(() => import("./browse/MemoryPage"), "MemoryPage"),
});

const map = createRoute({
  getParentRoute: () => rootRoute,
  path: "/memory/map",
  validateSearch: readMap,
  component: lazyRouteComponent(() => import("./map/MapPage"), "MapPage"),
});

const context = createRoute({
  getParentRoute: () => rootRoute,
  path: "/memory/context",
  validateSearch: readContext,
  component: lazyRouteComponent(() => import("./context/ContextPage"), "ContextPage"),
});

const sharing = createRoute({
  getParentRoute: () => rootRoute,
  path: "/memory/sharing",
  validateSearch: readSharing,
  component: lazyRouteComponent(() => import("./sharing/SharingPage"), "SharingPage"),
});

const upkeep = createRoute({
  getParentRoute: () => rootRoute,
  path: "/memory/upkeep",
  validateSearch: readUpkeep,
  component: lazyRouteComponent(() => import("./upkeep/UpkeepPage"), "UpkeepPage"),
});

export const memoryRoutes = [browse, map, context, sharing, upkeep] as const;
