export { type Changes, changesBetween } from "./changes";
export { JsonDiff, type JsonDiffProps } from "./JsonDiff";
export { JsonTree, type JsonTreeProps } from "./JsonTree";
export type { JsonChange, Mark } from "./marks";
export { childPointer, parentPointer, tokensOf, valueAt } from "./pointer";
export { previewOf } from "./preview";
