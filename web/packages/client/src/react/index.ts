export { type Api, TimeloomProvider, useApi, useTimeloom } from "./provider.js";
