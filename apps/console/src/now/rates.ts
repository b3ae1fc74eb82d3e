import type { SummaryBody } from "../api/summary-body.ts";

export interface Sample {
  readonly atMs: number;
  readonly rates: SummaryBody["rates"];
}

/** Per second; undefined: two answers of one process are needed. */
export interface Rates {
  readonly received: number;
  readonly sent: number;
}

/** A rate is an average over this time. */
const windowMs = 60_000;

/** Adds a sample and forgets old ones. Each replica counts for itself. */
export const addSample = (samples: readonly Sample[], next: Sample): Sample[] => [
  ...samples.filter(({ atMs }) => atMs < next.atMs && next.atMs - atMs <= windowMs),
  next,
];

/** The sum over the replicas that have answered twice. Undefined: none has. */
export function ratesOf(samples: readonly Sample[]): Rates | undefined {
  const known = [...Map.groupBy(samples, ({ rates }) => rates.process).values()].flatMap((own) => {
    const [first, last] = [own[0], own.at(-1)];
    if (!first || !last || last.atMs <= first.atMs) return [];
    const seconds = (last.atMs - first.atMs) / 1_000;
    return [
      {
        received: (last.rates.received - first.rates.received) / seconds,
        sent: (last.rates.sent - first.rates.sent) / seconds,
      },
    ];
  });
  return known.length === 0
    ? undefined
    : known.reduce((sum, one) => ({ received: sum.received + one.received, sent: sum.sent + one.sent }));
}

/** Time until everything due is sent, in ms. Undefined: nothing is sent at present. */
export const drainMs = (due: number, rates: Rates | undefined): number | undefined =>
  due === 0 ? 0 : rates !== undefined && rates.sent > 0 ? (due / rates.sent) * 1_000 : undefined;
