import type { Facet } from "../../../ui/FacetList";
import { wordsOf } from "../../../ui/format";
import type { Bin } from "../../../ui/histogram";
import { KindIcon } from "../shared/KindIcon";
import { lookOf } from "../shared/kinds";

/** How many events there are, by fields and by duration. */
export interface EventFacets {
  readonly count: number;
  readonly facets: readonly {
    readonly field: string;
    readonly values: readonly { readonly value: string; readonly count: number }[];
  }[];
  readonly durations: readonly {
    readonly durationMsMin: number | string;
    readonly durationMsMax: number | string;
    readonly count: number;
  }[];
  readonly isCut: boolean;
}

/** The values of a field; those events that have none are left out. */
export function facetValues(counts: EventFacets | undefined, field: string): Facet[] {
  const values = counts?.facets.find((each) => each.field === field)?.values ?? [];
  return values
    .filter(({ value }) => value !== "")
    .map(({ value, count }) => {
      if (field === "kind") {
        const event = { type: "SPAN", kind: value as "LLM" } as const;
        return { value, count, label: lookOf(event).label, icon: <KindIcon event={event} size={13} /> };
      }
      return { value, count, label: field === "status" || field === "type" ? wordsOf(value) : value };
    });
}

/** How many events took how long, as a histogram has it. */
export function durationBins(counts: EventFacets | undefined): Bin[] {
  return (counts?.durations ?? []).map((each) => ({
    from: Number(each.durationMsMin),
    to: Number(each.durationMsMax),
    count: each.count,
  }));
}
