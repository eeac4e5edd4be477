import { type RefObject, useEffect, useRef } from "react";

/** Where a table was when it was left. */
interface Place {
  readonly offset: number;
  readonly activeKey: string | undefined;
}

const PLACES_MAX = 50;
const START: Place = { offset: 0, activeKey: undefined };
const places = new Map<string, Place>();

/** Where a table of this name was left. */
export function placeOf(name: string | undefined): Place {
  return places.get(name ?? "") ?? START;
}

/** Keeps the place of a table when it goes, as long as the page is open. */
export function usePlaceKept(
  name: string | undefined,
  scroller: RefObject<HTMLElement | null>,
  activeKey: string | undefined,
): void {
  const offset = useRef(0);
  const active = useRef(activeKey);
  useEffect(() => {
    active.current = activeKey;
  });
  useEffect(() => {
    const element = scroller.current;
    if (name === undefined || element === null) return;
    const note = () => {
      offset.current = element.scrollTop;
    };
    element.addEventListener("scroll", note, { passive: true });
    return () => {
      element.removeEventListener("scroll", note);
      keep(name, { offset: offset.current, activeKey: active.current });
    };
  }, [name, scroller]);
}

function keep(name: string, place: Place): void {
  places.delete(name);
  places.set(name, place);
  if (places.size <= PLACES_MAX) return;
  for (const oldest of places.keys()) {
    places.delete(oldest);
    return;
  }
}
