import type { Claim } from "@tocsin/core/decisions";
import type { Random } from "../kit/random.ts";
import { senderKinds } from "./senders/kinds.ts";
import { Monitoring } from "./senders/monitoring.ts";
import type { VirtualClock } from "../kit/virtual-clock.ts";
import { alertOf, Problems } from "./problems.ts";
import type { AlertPlan, SourcePlan } from "./scenario.ts";
import type { Deliver, Source } from "./sources.ts";

/** Prometheis and Alertmanagers that behave as the real ones do. */
export function monitoringSource(
  plan: Extract<SourcePlan, { kind: "senders" }>,
  alerts: readonly AlertPlan[],
  o: { readonly clock: VirtualClock; readonly random: Random; readonly deliver: Deliver },
): Source {
  const { clock, random } = o;
  const setup = senderKinds[plan.senders](random.fork("setup"));
  const problems = new Problems(clock, random.fork("problems"), alerts, 0, () => {});
  const problemOf = (name: string) => {
    const problem = problems.all.get(name);
    if (problem === undefined) throw new Error(`${plan.name} does not watch ${name}`);
    return problem;
  };
  /** By alert: whether the last webhook said that it fires, and whether the Alertmanager knows that it arrived. */
  const notified = new Map<string, { readonly fires: boolean; readonly ok: boolean }>();
  const deliver = async (claims: readonly Claim[], done: (ok: boolean) => void): Promise<void> => {
    const ok = await o.deliver(claims);
    for (const { alert, status, sender } of claims)
      if (sender === undefined) notified.set(alert.fingerprint, { fires: status === "firing", ok });
    done(ok);
  };
  const monitoring = new Monitoring({
    setup,
    clock,
    wallMs: () => clock.now(),
    random: random.fork("monitoring"),
    source: plan.name,
    names: alerts.map(({ name }) => name),
    alertOf: (name, startsAtMs) => alertOf(problemOf(name), startsAtMs),
    problem: (name) => {
      const { fires, changedAtMs } = problemOf(name);
      return { fires, sinceMs: changedAtMs };
    },
    deliver: (claims, done) => void deliver(claims, done),
  });
  let isSilent = false;
  return {
    name: plan.name,
    quiet: () => {
      problems.quiet();
      monitoring.calm();
    },
    fallSilent: () => {
      isSilent = true;
      monitoring.stop();
    },
    delivered: true,
    expires: false,
    knows: (alert) => problems.all.has(alert),
    ...(setup.to !== "direct" && {
      api: {
        source: plan.name,
        instances: setup.alertmanager.peers,
        ask: (instance, path, done) => monitoring.ask(instance, path, done),
        firesForMs: (alert) => monitoring.firesForMs(alert),
      },
    }),
    truthOf: (alert, isRead) => {
      const fires = problemOf(alert).fires && !isSilent;
      if (isRead && !fires) return "over";
      const last = notified.get(alert);
      if (last !== undefined && (!last.ok || (last.fires !== fires && monitoring.mayForgetEnds))) return "unknown";
      // It sends nothing until its clock is where it was.
      if (setup.incidents.includes("clock back")) return "unknown";
      return fires ? "fires" : "over";
    },
  };
}
