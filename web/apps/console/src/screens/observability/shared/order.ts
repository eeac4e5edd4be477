import type { Sort } from "../../../ui/VirtualTable";
import { EVENT_ORDERS, type EventOrder } from "../routes";

/** Newest first. */
export const USUAL_ORDER: EventOrder = EVENT_ORDERS[0];

/** An order as a table shows it. */
export function sortOf(order: EventOrder = USUAL_ORDER): Sort {
  return { key: order.split(" ")[0] ?? "", isDescending: order.endsWith("desc") };
}

/** The order that a table asks for; undefined for the usual one. Only the beginning goes from the least up, too. */
export function orderOf({ key, isDescending }: Sort): EventOrder | undefined {
  const wanted = key === "start_time" && !isDescending ? "start_time" : `${key} desc`;
  const order = EVENT_ORDERS.find((each) => each === wanted);
  return order === USUAL_ORDER ? undefined : order;
}
