/** What a dragged kind of step is called in a drag's data. */
export const DRAGGED_KIND = "application/x-timeloom-step";
