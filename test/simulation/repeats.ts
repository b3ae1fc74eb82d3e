import { contentRetriggerMs, firstGroupUpdateMs, type Lease } from "@tocsin/core/decisions";
import { alertIn } from "../kit/claims.ts";
import type { Passage } from "./network.ts";
import type { Scenario } from "./scenario.ts";
import type { Handed } from "./step-checks.ts";
import type { Cluster } from "./cluster.ts";

/** A request that left and has no known outcome. */
export const isUnanswered = ({ outcome }: Passage): boolean =>
  outcome?.kind === "ambiguous" || (outcome?.kind === "interrupted" && outcome.left);

/**
 * Requests in the order in which their receivers take them: as they arrive; without state, each event where it was attempted
 * first, since a repeat of it is nothing new.
 */
export function inOrder(cluster: Cluster, passages: readonly Passage[]): Passage[] {
  const arrived = passages.toSorted((a, b) => (a.arrivedAtMs ?? 0) - (b.arrivedAtMs ?? 0));
  const { true: stateless = [], false: others = [] } = Object.groupBy(arrived, ({ key }) =>
    cluster.receivers.isStateless(key) ? "true" : "false",
  );
  return [...others, ...stateless.toSorted((a, b) => a.lease.event.token - b.lease.event.token)];
}

/**
 * A receiver gets no more needless requests than there were attempts of unknown outcome: each may be repeated once. If a late
 * request can change an incident back, the event after it may be repeated too.
 */
export function repeats(cluster: Cluster): void {
  const { network, receivers, stepChecks, expectedAlerts } = cluster;
  const arrived = network.passages.filter(({ effect, lease }) => effect !== null && lease.action !== "check");
  const allowed = new Map<string, number>();
  const allow = (lease: Lease, count: number): void => {
    const place = receivers.placeOf(lease, lease.sealed);
    allowed.set(place, (allowed.get(place) ?? 0) + count);
  };
  const doubtful = new Map<number, Lease>();
  for (const passage of network.passages) if (isUnanswered(passage)) doubtful.set(passage.lease.token, passage.lease);
  for (const { lease, end } of stepChecks.handed.values()) if (end !== "settled") doubtful.set(lease.token, lease);
  needlessRepairs(cluster, doubtful.values());
  for (const lease of doubtful.values()) allow(lease, 1 + repairsAfter(cluster, lease));
  // A resolve of an alert that was never sent may meet nothing.
  for (const { lease } of arrived)
    if (lease.action === "resolve" && stepChecks.adopted.has(lease.incident)) allow(lease, 1);

  for (const [place, requests] of Map.groupBy(arrived, ({ lease, key }) => receivers.placeOf(lease, key))) {
    const needless = needlessIn(cluster, inOrder(cluster, requests));
    const alerts = new Set(requests.flatMap(({ lease }) => cluster.alertsOf(lease.target, lease.dedupKey)));
    const lostEnds = [...alerts].reduce((sum, { name }) => sum + expectedAlerts.lostEnds(name), 0);
    const most = (allowed.get(place) ?? 0) + lostEnds;
    if (needless.length > most)
      stepChecks.violate(
        "repeats",
        `${place}: ${needless.length} without need, ${most} allowed: ${needless.join("; ")}`,
      );
  }
}

/** How long the ledger may take to record an outcome, at most. */
const reportTakesMs = 20_000;

/**
 * An event that was accepted is sent again only where the receiver keeps incidents, and where an earlier attempt may have arrived
 * after it and undone it: a trigger what was resolved, a resolve what is open, a trigger with other words those that are shown.
 */
function needlessRepairs({ network, receivers, scenario, stepChecks }: Cluster, doubtful: Iterable<Lease>): void {
  // An owner that reports after its record was given up is repaired however late that is, and a clock that went back makes late
  // requests seem later.
  if (network.writesAtAnyTime || scenario.trouble.meanToJumpMs > 0) return;
  const doubts = Map.groupBy(doubtful, (lease) => receivers.placeOf(lease, lease.sealed));
  const leasedAtMs = (token: number): number => stepChecks.handed.get(token)?.atMs ?? 0;
  const endedAtMs = new Map(network.passages.map(({ lease, endedAtMs: atMs }) => [lease.token, atMs ?? 0]));
  // Counted from the end of its lease, or from its owner's report where that comes later.
  const lastArrivalAtMs = ({ token, leaseMs, timeoutMs }: Lease): number =>
    Math.max(leasedAtMs(token) + leaseMs, (endedAtMs.get(token) ?? 0) + reportTakesMs) + 2 * timeoutMs;
  const mayArriveAfter = (one: Lease, event: number): boolean =>
    one.token > event || lastArrivalAtMs(one) > leasedAtMs(event);
  const accepted = new Set<number>();
  for (const { lease, outcome } of network.passages) {
    const { token, event, action, sealed } = lease;
    const undoing =
      action === "resolve" ? ["trigger"] : ["resolve", ...(showsContent(scenario, lease) ? ["trigger"] : [])];
    const isDue = (): boolean =>
      (doubts.get(receivers.placeOf(lease, sealed)) ?? []).some(
        (one) => one.token < token && undoing.includes(one.action) && mayArriveAfter(one, event.token),
      );
    if (accepted.has(event.token) && (receivers.isStateless(sealed) || !isDue()))
      stepChecks.violate(
        "repairs",
        `${action} ${lease.dedupKey} at ${lease.target} (token ${token}) is sent without need`,
      );
    const settled = stepChecks.handed.get(token)?.end === "settled";
    if (outcome?.kind === "accepted" && settled && action !== "check") accepted.add(event.token);
  }
}

/**
 * A late resolve may have closed what was acknowledged, which takes two events to repair; a late acknowledge undoes nothing. The
 * owner of a lost lease may report when its request was already given up and repaired: then it is repaired once more.
 */
function repairsAfter({ receivers, scenario, stepChecks }: Cluster, lease: Lease): number {
  const { action, sealed, token } = lease;
  if (receivers.isStateless(sealed) || (action !== "trigger" && action !== "resolve")) return 0;
  const repairs = action === "resolve" || showsContent(scenario, lease) ? 2 : 1;
  return stepChecks.handed.get(token)?.end === "settled" ? repairs : 2 * repairs;
}

/** Whether its receiver gets new texts or other members of an open incident. */
const showsContent = ({ retrigger, targets }: Scenario, lease: Lease): boolean =>
  retrigger === "content" || targets.some(({ name, grouped }) => name === lease.target && grouped);

/** The state that a receiver had already. */
function needlessIn(cluster: Cluster, requests: readonly Passage[]): string[] {
  const needless: string[] = [];
  const marks = new Set<number>();
  let before: Passage | undefined;
  for (const request of requests) {
    const { effect, key, lease } = request;
    const { token } = lease.event;
    if (cluster.receivers.isStateless(key)) {
      if (marks.has(token)) {
        needless.push(`token ${lease.token} (${lease.action}, event ${token} again)`);
        continue;
      }
      marks.add(token);
      if (before && saysNothingNew(cluster, request, before)) needless.push(`token ${lease.token} (${lease.action})`);
    } else if (
      effect === "dropped" ||
      ((effect === "logged" || effect === "acknowledged") && before && saysNothingNew(cluster, request, before))
    )
      needless.push(`token ${lease.token} (${lease.action}, ${effect})`);
    before = request;
  }
  return needless;
}

/**
 * The same as the request before it, and neither a reminder nor an update with other words or members. How often these may come
 * counts from one lease to the next: how long requests take on their way differs.
 */
function saysNothingNew({ settings, scenario, stepChecks }: Cluster, request: Passage, before: Passage): boolean {
  const { lease } = request;
  if (before.lease.action !== lease.action || before.lease.severity !== lease.severity) return false;
  if (lease.action !== "trigger") return true;
  const [earlier, now] = [before, request].map((passage) => stepChecks.handed.get(passage.lease.token));
  const sinceMs = (now?.atMs ?? 0) - (earlier?.atMs ?? 0);
  const reminds = sinceMs >= settings.remind;
  const reads =
    scenario.retrigger === "content" && sinceMs >= contentRetriggerMs && wordsOf(before.lease) !== wordsOf(lease);
  const regroups =
    sinceMs >= (before.lease.firing === 1 ? firstGroupUpdateMs : contentRetriggerMs) && mayDiffer(earlier, now);
  return !reminds && !reads && !regroups;
}

/** Whether other members fired. They may be others if sources do not state clearly which of them fire. */
function mayDiffer(before: Handed | undefined, now: Handed | undefined): boolean {
  if (!before || !now || before.lease.firing !== now.lease.firing) return true;
  return now.firing.length !== now.lease.firing || now.firing.join() !== before.firing.join();
}

const wordsOf = (lease: Lease): string => `${lease.summary} ${alertIn(lease).annotations["reading"]}`;
