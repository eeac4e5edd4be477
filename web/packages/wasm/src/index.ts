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
