import type { Virtualizer } from "@tanstack/react-virtual";
import { useEffect } from "react";

/** Keeps a row of a list in view whose rows are all equally high. What is measured is what the list knows already. */
export function useRowInView(
  virtual: Virtualizer<HTMLDivElement, Element> | Virtualizer<HTMLUListElement, Element>,
  index: number,
  rowPixels: number,
): void {
  useEffect(() => {
    const scroller = virtual.scrollElement;
    if (scroller === null || index < 0) return;
    const top = index * rowPixels;
    const from = virtual.scrollOffset ?? 0;
    const height = virtual.scrollRect?.height ?? 0;
    if (top < from) scroller.scrollTop = top;
    else if (top + rowPixels > from + height) scroller.scrollTop = top + rowPixels - height;
  }, [virtual, index, rowPixels]);
}
