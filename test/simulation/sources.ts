import type { Claim } from "@tocsin/core/decisions";
import type { Random } from "../kit/random.ts";
import type { VirtualClock } from "../kit/virtual-clock.ts";
import { alertOf, type Problem, Problems } from "./problems.ts";
import type { ReadableApi } from "./reading.ts";
import type { AlertPlan, SourcePlan } from "./scenario.ts";

/** True once the request was answered with 2xx. */
export type Deliver = (claims: readonly Claim[]) => Promise<boolean>;

/** A source of alerts, with the problems that it monitors and its way of sending claims. */
export interface Source {
  readonly name: string;
  /** From now on nothing changes any more. */
  quiet(): void;
  /** From now on nothing is said any more. */
  fallSilent(): void;
  /** All that was said has arrived. */
  readonly delivered: boolean;
  /** Its claims end some time after it fell silent. */
  readonly expires: boolean;
  knows(alert: string): boolean;
  /**
   * How an alert that it knows really stands; unknown: all who could say have died. `isRead`: a reader has seen the alert in the
   * API of the source, and ends it there if the source does not.
   */
  truthOf(alert: string, isRead: boolean): "fires" | "over" | "unknown";
  /** Undefined: it has no API. */
  readonly api?: ReadableApi;
}

export const sleep = (clock: VirtualClock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));

/** An Alertmanager, of several replicas perhaps: says each change until it is heard, in order, and repeats what fires. */
export function webhookSource(
  plan: Extract<SourcePlan, { kind: "webhook" }>,
  alerts: readonly AlertPlan[],
  o: { readonly clock: VirtualClock; readonly random: Random; readonly deliver: Deliver },
): Source {
  const { clock, random, deliver } = o;
  const queues: Claim[][] = Array.from({ length: plan.replicas }, () => []);
  const busy = new Set<Claim[]>();
  let silent = false;

  const pump = async (queue: Claim[]): Promise<void> => {
    if (busy.has(queue)) return;
    busy.add(queue);
    while (queue.length > 0) {
      const batch = queue.slice(0, 20);
      await sleep(clock, random.between(0, plan.slownessMs));
      if (await deliver(batch)) queue.splice(0, batch.length);
      else await sleep(clock, random.between(1_000, 5_000));
    }
    busy.delete(queue);
  };
  const say = (problem: Problem): void => {
    const claim: Claim = {
      alert: alertOf(problem, problem.startsAtMs),
      status: problem.fires ? "firing" : "resolved",
      source: plan.name,
      ...(problem.fires ? {} : { endsAtMs: clock.monotonic() }),
    };
    for (const queue of queues) {
      queue.push(claim);
      void pump(queue);
    }
  };
  const problems = new Problems(clock, random, alerts, plan.sameStart, say);
  const repeat = (): void => {
    if (silent || plan.repeatMs === 0) return;
    for (const problem of problems.all.values()) if (problem.fires) say(problem);
    clock.after(plan.repeatMs, repeat);
  };
  clock.after(plan.repeatMs, repeat);
  return {
    name: plan.name,
    quiet: () => problems.quiet(),
    fallSilent: () => (silent = true),
    get delivered() {
      return queues.every((queue) => queue.length === 0);
    },
    expires: false,
    knows: (alert) => problems.all.has(alert),
    truthOf: (alert) => (problems.all.get(alert)?.fires ? "fires" : "over"),
  };
}

const evaluationMs = 15_000;
const resendMs = 60_000;
/** Prometheus says an end four resends ahead, and repeats what is over for 15 minutes. */
const aheadMs = 4 * resendMs;
const repeatOverMs = 15 * 60_000;

interface Active {
  firing: boolean;
  startsAtMs: number;
  endedAtMs: number;
  sentAtMs: number;
}

/** Prometheis that watch the same: each looks every 15 s on its own clock, says changes at once and all of it each minute. */
export function directSource(
  plan: Extract<SourcePlan, { kind: "direct" }>,
  alerts: readonly AlertPlan[],
  o: { readonly clock: VirtualClock; readonly random: Random; readonly deliver: Deliver },
): Source {
  const { clock, random, deliver } = o;
  const problems = new Problems(clock, random, alerts, 0, () => {});
  let silent = false;
  const startedAtMs = clock.monotonic();
  const dead = (n: number): boolean => {
    const atMs = plan.silentAtMs[n];
    return silent || (atMs !== null && atMs !== undefined && clock.monotonic() - startedAtMs >= atMs);
  };

  for (const [n, skewMs] of plan.skewsMs.entries()) {
    const known = new Map<string, Active>();
    const look = (): void => {
      if (dead(n)) return;
      clock.after(evaluationMs, look);
      const nowMs = clock.monotonic();
      const claims: Claim[] = [];
      for (const problem of problems.all.values()) {
        const active = lookAt(known, problem, nowMs);
        if (!active) continue;
        active.sentAtMs = nowMs;
        const endsAtMs = (active.firing ? nowMs + aheadMs : active.endedAtMs) + skewMs;
        claims.push({
          alert: alertOf(problem, active.startsAtMs + skewMs),
          status: endsAtMs <= clock.now() ? "resolved" : "firing",
          source: plan.name,
          sender: `${plan.name}-${n}`,
          endsAtMs,
        });
      }
      // A request that does not arrive is not repeated: the next look sends the state again.
      if (claims.length > 0) void sleep(clock, random.between(0, plan.slownessMs)).then(() => deliver(claims));
    };
    clock.after(random.between(0, evaluationMs), look);
  }

  return {
    name: plan.name,
    quiet: () => problems.quiet(),
    fallSilent: () => (silent = true),
    delivered: true,
    expires: true,
    knows: (alert) => problems.all.has(alert),
    truthOf: (alert) => {
      if (!plan.silentAtMs.includes(null)) return "unknown";
      return problems.all.get(alert)?.fires ? "fires" : "over";
    },
  };
}

/** A sender's claim about a problem now; undefined: none. */
function lookAt(known: Map<string, Active>, { plan, fires }: Problem, nowMs: number): Active | undefined {
  const active = known.get(plan.name);
  if (fires && !active?.firing) {
    const begun = { firing: true, startsAtMs: nowMs, endedAtMs: 0, sentAtMs: nowMs };
    known.set(plan.name, begun);
    return begun;
  }
  if (!active) return undefined;
  if (!fires && active.firing) {
    active.firing = false;
    active.endedAtMs = nowMs;
    return active;
  }
  if (!active.firing && nowMs - active.endedAtMs > repeatOverMs) {
    known.delete(plan.name);
    return undefined;
  }
  return nowMs - active.sentAtMs >= resendMs ? active : undefined;
}
