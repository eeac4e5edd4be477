import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Schemas } from "@timeloom/client";
import { useTimeloom } from "@timeloom/client/react";
import { useMemo } from "react";
import type { JsonObject } from "../../../ui/schema/schema";
import { placedOf } from "../model/definition";

export type DefinitionProblem = Schemas["DefinitionProblem"];

/** Typing pauses so long before a definition is looked at. */
const DELAY_MS = 250;
const NONE: readonly DefinitionProblem[] = [];

export interface Problems {
  readonly all: readonly DefinitionProblem[];
  /** By the place of the innermost step that they are in; empty for the whole. */
  readonly byStep: ReadonlyMap<string, readonly DefinitionProblem[]>;
  readonly isChecking: boolean;
  readonly error: unknown;
}

/** What is wrong with a definition, as Timeloom itself says. */
export function useProblems(document: JsonObject): Problems {
  const { rest } = useTimeloom();
  const [settled] = useDebouncedValue(document, DELAY_MS);
  const checked = useQuery({
    queryKey: ["validate a definition", settled],
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const { data } = await rest.POST("/api/workflows:validate", { body: { definition: settled }, signal });
      return data?.problems ?? [];
    },
  });
  const all = checked.data ?? NONE;
  const byStep = useMemo(() => problemsByStep(document, all), [document, all]);
  return {
    all,
    byStep,
    isChecking: checked.isFetching || settled !== document,
    error: checked.error,
  };
}

function problemsByStep(
  document: JsonObject,
  problems: readonly DefinitionProblem[],
): ReadonlyMap<string, readonly DefinitionProblem[]> {
  const places = placedOf(document).map((each) => each.place);
  const found = new Map<string, DefinitionProblem[]>();
  for (const problem of problems) {
    const place =
      places.findLast((each) => problem.place === each || problem.place.startsWith(`${each}.`)) ?? "";
    found.set(place, [...(found.get(place) ?? []), problem]);
  }
  return found;
}

/** What is wrong at the fields of a step or of the whole, by their paths within it. */
export function fieldErrors(
  problems: readonly DefinitionProblem[] | undefined,
  place: string,
): Readonly<Record<string, string>> {
  const errors: Record<string, string> = {};
  for (const problem of problems ?? []) {
    const path = place === "" ? problem.place : problem.place.slice(place.length + 1);
    errors[path] = errors[path] === undefined ? problem.message : `${errors[path]}; ${problem.message}`;
  }
  return errors;
}
