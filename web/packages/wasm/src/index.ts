export { apply } from "./compute/apply.js";
export { type Change, type Changes, changes, pointerOf } from "./compute/changes.js";
export type { ClusterOptions, Clusters } from "./compute/clusters.js";
export { type Compute, createCompute } from "./compute/compute.js";
export { diff, type Operation, type Path } from "./compute/delta.js";
export type { State } from "./compute/handlers.js";
export type { Json, JsonObject } from "./compute/json.js";
export {
  CHANGES_MAX,
  CLUSTERED_MAX,
  CLUSTERS_MAX,
  EPOCHS_MAX,
  NEIGHBORS_MAX,
  OPERATIONS_MAX,
  PROJECTED_MAX,
} from "./compute/limits.js";
export type { Projection, ProjectOptions } from "./compute/project.js";
export {
  percentilesOf,
  SKETCH_ACCURACY,
  SKETCH_VALUE_MIN,
  Sketch,
  type SketchJson,
} from "./compute/sketch.js";
export { LocalError, type LocalErrorCode } from "./errors.js";
export {
  type Feature,
  type Features,
  features,
  SWITCHES,
  WITHOUT_PARAMETER,
  type WithoutOptions,
  withoutFromUrl,
} from "./features.js";
export { type HealthReport, healthCheck, type PartHealth } from "./health.js";
export type { Metric } from "./search/engine.js";
export { DIMENSIONS_MAX, ID_LENGTH_MAX, INDEX_BYTES_MAX, NEAREST_MAX, VECTORS_MAX } from "./search/limits.js";
export {
  createVectorIndex,
  type Hit,
  type IndexStats,
  type SearchOptions,
  type VectorIndex,
  type VectorIndexOptions,
} from "./search/vectorIndex.js";
export type { CollectionUsage, EngineName } from "./store/backend.js";
export { blobOf, type LocalDocument, type NewDocument, vectorOf } from "./store/documents.js";
export {
  BATCH_MAX,
  DOCUMENT_BYTES_MAX,
  KEY_LENGTH_MAX,
  NAME_LENGTH_MAX,
  PAGE_MAX,
  STORE_BYTES_MAX,
  STORE_DOCUMENTS_MAX,
} from "./store/limits.js";
export {
  type ListOptions,
  type LocalStore,
  type LocalStoreOptions,
  openLocalStore,
  type Page,
  type StoreHealth,
  type StoreStats,
} from "./store/localStore.js";
export type { Schema } from "./store/migrate.js";
export type { Fallback } from "./store/open.js";
