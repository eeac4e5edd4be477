import { useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";

/** How many colours there are for things that differ in kind alone. */
export const SERIES_COLOURS = 8;

/** What a line or a bar is coloured by: its place among others, or what it means. */
export type Tone = number | "good" | "bad" | "warn" | "info" | "muted" | "accent";

/** The CSS variable of a tone. */
export function variableOf(tone: Tone): string {
  return typeof tone === "number" ? `--tl-series-${(tone % SERIES_COLOURS) + 1}` : `--tl-${tone}`;
}

/** A tone, for a style. */
export function colourOf(tone: Tone): string {
  return `var(${variableOf(tone)})`;
}

/** Reads colours for a canvas, which knows no variables; another function when the scheme changes. */
export function useCanvasColours(): (variable: string) => string {
  const scheme = useComputedColorScheme("light");
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the variables say depends on the scheme
  return useMemo(() => {
    const style = getComputedStyle(document.documentElement);
    return (variable: string) => style.getPropertyValue(variable).trim();
  }, [scheme]);
}
