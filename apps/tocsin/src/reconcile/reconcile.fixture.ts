import { expect } from "vitest";
import { routingKey, startService, type Patience, type TestService } from "../service.fixture.ts";

/** The clock of the service runs ahead, so that no test waits until the receiver has surely applied the last event. */
export class ShiftedClock {
  shiftMs = 0;
  now = () => Date.now() + this.shiftMs;
  monotonic = () => performance.now() + this.shiftMs;
  /** Timers of a minute, which the test runs. */
  readonly minutely = new Set<() => void>();

  after(ms: number, run: () => void): () => void {
    if (ms === 60_000) {
      this.minutely.add(run);
      return () => this.minutely.delete(run);
    }
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  }

  runMinutely(): void {
    const due = [...this.minutely];
    this.minutely.clear();
    for (const run of due) run();
  }
}

export const token = "rest-token-0123456789";
/** Longer than the time in which a receiver may not have applied the last event. */
export const lagMs = 130_000;

export async function startWithToken<Clock extends ShiftedClock = ShiftedClock>(
  more: object = {},
  clock: Clock = new ShiftedClock() as Clock,
) {
  const service = await startService(
    (url) => ({
      targets: [
        { name: "pager", type: "pagerduty", url, routing_key: routingKey, rest_token: token, rate_limit: { limit: 0 } },
      ],
      delivery: { remind: "0s" },
      ...more,
    }),
    { clock },
  );
  service.simulator.setLimit({ limit: 0 });
  service.simulator.setLimit({ receiver: "pagerduty_rest", limit: 0 });
  return { service, clock };
}

const at = (seconds: number, { now }: ShiftedClock) => new Date(now() + seconds * 1_000).toISOString();

/** An Alertmanager says this about alerts with these names, which are also their dedup keys. */
export const say = (
  service: TestService,
  clock: ShiftedClock,
  status: "firing" | "resolved",
  names: readonly string[],
) =>
  service.ask("POST", "/api/v1/webhook/alertmanager?source=am", {
    alerts: names.map((name) => ({
      status,
      fingerprint: name,
      labels: { alertname: name, severity: "critical" },
      startsAt: at(-60, { now: () => Date.now() } as ShiftedClock),
      ...(status === "resolved" && { endsAt: at(0, clock) }),
    })),
  });

/** The keys of the incidents that are open there, in the order in which they were opened. */
export const open = (service: TestService) =>
  service.simulator.incidents().flatMap(({ status, dedup_key }) => (status === "resolved" ? [] : [dedup_key]));

export const quiet = (service: TestService) =>
  service.until("all is delivered", async () => {
    const { body } = await service.ask("GET", "/api/v1/stats");
    const busy = body.incidents.filter((row: { state: string; count: number }) =>
      ["due", "in_flight"].includes(row.state) ? row.count > 0 : false,
    );
    return busy.length === 0 || undefined;
  });

export interface Found {
  readonly dedupKey: string;
  readonly difference: string;
  readonly by?: string;
  readonly repair: string;
}

export async function compare(service: TestService, path = "reconcile", patience?: Patience) {
  const begun = await service.ask("POST", `/api/v1/${path}`);
  expect(begun.status).toBe(202);
  const body = await service.until(
    "the comparison ends",
    async () => {
      const { body: last } = await service.ask("GET", "/api/v1/reconcile");
      return last.running ? undefined : last;
    },
    patience,
  );
  const [target] = body.targets as [
    { differences: readonly Found[]; incomplete?: string; openThere: number; open: number },
  ];
  return target;
}

export const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
export const idOf = (service: TestService, key: string) =>
  service.simulator.incidents().findLast(({ dedup_key }) => dedup_key === key)!.id;
