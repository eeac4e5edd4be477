import { type JsonObject, withMember } from "../../../ui/schema/schema";
import { lanesOf, placedOf, TOP, withLane } from "./definition";

/** A definition by its parts: steps stand under their paths, so that one that moved is not taken for another. */
export function partsOf(document: JsonObject): JsonObject {
  const steps = placedOf(document).map(({ path, step }) => [
    path,
    lanesOf(step).reduce((found, lane) => withLane(found, lane.key, []), step),
  ]);
  return { ...withMember(document, TOP, undefined), [TOP]: Object.fromEntries(steps) };
}
