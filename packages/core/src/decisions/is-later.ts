import type { EventOrder } from "../incidents/incident.ts";

/** How far the clocks of a receiver and of the ledger may differ. */
export const maxSkewMs = 60_000;

/** Of two events or actions, the later one counts, by the clocks of those that report them. */
export const isLater = (event: EventOrder, known: EventOrder | undefined): boolean =>
  known === undefined || event.atMs > known.atMs || (event.atMs === known.atMs && event.id > known.id);
