/** An alert in the form of the webhook. */
export interface StormAlert {
  readonly status: "firing" | "resolved";
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
}

export const stormAlerts = 200;
const batchSize = 25;

/** Every tenth is critical, in mixed order, as in a real storm. */
const severities = ["warning", "error", "info", "warning", "error", "warning", "info", "error", "warning", "critical"];
const numbers = Array.from({ length: stormAlerts }, (_, index) => index);
const flapping = numbers.filter((index) => index % 3 === 0);
const flaps = 3;

/**
 * Simulates a rack that loses power: 200 alerts within seconds, of which a third end and fire again three times, and all are
 * repeated in batches, as Alertmanager does.
 */
export function* breakOut(startedAtMs: number): Generator<readonly StormAlert[]> {
  const round = (number: number) => startedAtMs + 2 * number;
  yield* batches(numbers.map((index) => alert(index, "firing", round(0))));
  for (let flap = 0; flap < flaps; flap++) {
    yield* batches(flapping.map((index) => alert(index, "resolved", round(flap))));
    yield* batches(flapping.map((index) => alert(index, "firing", round(flap + 1))));
  }
  for (const _ of ["repeat", "repeat"])
    yield* batches(numbers.map((index) => alert(index, "firing", lastRound(index, round))));
}

/** The power is back: all alerts are resolved. */
export function* calmDown(startedAtMs: number): Generator<readonly StormAlert[]> {
  const round = (number: number) => startedAtMs + 2 * number;
  yield* batches(numbers.map((index) => alert(index, "resolved", lastRound(index, round))));
}

const lastRound = (index: number, round: (number: number) => number): number => round(index % 3 === 0 ? flaps : 0);

function* batches(alerts: readonly StormAlert[]): Generator<readonly StormAlert[]> {
  for (let start = 0; start < alerts.length; start += batchSize) yield alerts.slice(start, start + batchSize);
}

function alert(index: number, status: StormAlert["status"], startsAtMs: number): StormAlert {
  const severity = severities[index % severities.length] ?? "error";
  const instance = `node-${index + 1}`;
  return {
    status,
    fingerprint: (0x7ac5_0000 + index).toString(16).padStart(16, "0"),
    labels: { alertname: "NodeDown", severity, instance, job: "node" },
    annotations: { summary: `${instance} does not answer` },
    startsAt: new Date(startsAtMs).toISOString(),
    endsAt: status === "firing" ? "0001-01-01T00:00:00Z" : new Date(startsAtMs + 1).toISOString(),
  };
}
