import { type RateLimit, type Urgency, urgencies, urgency } from "@tocsin/core/decisions";

/** The state of a credential's window. */
export interface Window {
  /** Attempts that the receiver still counts, by urgency. */
  readonly used: Readonly<Record<Urgency, number>>;
  /** Urgencies with work that is due. */
  readonly waiting: ReadonlySet<Urgency>;
}

export const emptyUse = (): Record<Urgency, number> => ({ 0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0 });

/** Attempts reserved for critical triggers in each window: floor(share × limit), at least 1 if the limit allows 2. */
export const reserveOf = (limit: number, share: number): number =>
  share <= 0 ? 0 : Math.max(Math.floor(share * limit), limit >= 2 ? 1 : 0);

/** Resolves and acknowledges together are guaranteed a tenth of the window; every other waiting urgency one attempt. */
function guaranteeOf(of: Urgency, limit: number): number {
  return of === urgency.criticalFollowUp || of === urgency.followUp ? Math.max(1, Math.floor(limit / 10)) : 1;
}

/**
 * How many attempts of an urgency the window has room for (I4, I5). Infinity if there is no limit.
 *
 * Only a critical trigger may use the reserve. Every urgency leaves the unused guarantees of the other waiting urgencies free,
 * unless it has not used up its own guarantee yet. So no urgency starves, whatever the mix.
 */
export function limiterRoom(limit: number, terms: Pick<RateLimit, "reserve">, window: Window, of: Urgency): number {
  if (limit === 0) return Number.POSITIVE_INFINITY;
  const total = urgencies.reduce<number>((sum, each) => sum + window.used[each], 0);
  const reserve = reserveOf(limit, terms.reserve);
  const critical = of === urgency.criticalTrigger;
  const free = limit - total - (critical ? 0 : Math.max(0, reserve - window.used[urgency.criticalTrigger]));
  if (free <= 0) return 0;
  const owed = guaranteesOwed(limit, window, of);
  // With a limit of 1 there is no reserve. Still, a critical trigger goes before the guarantees of others.
  const own = (critical ? Math.max(1, reserve) : guaranteeOf(of, limit)) - usedOf(window, of);
  return Math.max(0, Math.min(free, Math.max(free - owed, own)));
}

const usedOf = (window: Window, of: Urgency): number =>
  of === urgency.criticalFollowUp || of === urgency.followUp
    ? window.used[urgency.criticalFollowUp] + window.used[urgency.followUp]
    : window.used[of];

function guaranteesOwed(limit: number, window: Window, of: Urgency): number {
  let owed = 0;
  const followUps = of === urgency.criticalFollowUp || of === urgency.followUp;
  if (!followUps && (window.waiting.has(urgency.criticalFollowUp) || window.waiting.has(urgency.followUp)))
    owed += Math.max(0, guaranteeOf(urgency.followUp, limit) - usedOf(window, urgency.followUp));
  for (const other of [
    urgency.errorTrigger,
    urgency.warningTrigger,
    urgency.infoTrigger,
    urgency.change,
    urgency.reminder,
  ])
    if (other !== of && window.waiting.has(other)) owed += Math.max(0, 1 - window.used[other]);
  return owed;
}
