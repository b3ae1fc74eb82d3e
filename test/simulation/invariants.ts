import { type IncidentView, type Lease, urgency } from "@tocsin/core/decisions";
import { alertIn } from "../kit/claims.ts";
import type { Passage } from "./network.ts";
import { dedupKeyOf, reserveShare, wants, windowMs } from "./replica.ts";
import { inOrder, isUnanswered, repeats } from "./repeats.ts";
import type { TargetPlan } from "./scenario.ts";
import { severitiesOfPages, suppressedAlerts, waits } from "./classification-checks.ts";
import { labelled, type Cluster } from "./cluster.ts";

/** Checks when all is quiet: every delivered state equals the desired one, nothing was lost, nothing was sent without need. */
export async function checkInvariants(cluster: Cluster): Promise<void> {
  const views = await cluster.views();
  cluster.stepChecks.states(views);
  atRest(cluster, views);
  ends(cluster, views, { read: await readAlerts(cluster), suppressed: await suppressedAlerts(cluster) });
  waits(cluster, views);
  severitiesOfPages(cluster);
  words(cluster, views);
  const { adopted } = cluster.stepChecks;
  repeats(cluster);
  order(cluster, adopted);
  limits(cluster);
  reserve(cluster);
  await recorded(cluster);
}

/** I3: nothing is due, and nothing under way. */
function atRest({ stepChecks }: Cluster, views: readonly IncidentView[]): void {
  for (const { incident, state, reason } of views)
    if (state === "due" || state === "candidate" || state === "in_flight" || state === "dead")
      stepChecks.violate(
        "I3",
        `incident ${incident.id} (${incident.dedupKey} at ${incident.target}) still is ${state} ${reason}`,
      );
}

/** A target that asked for new texts shows the latest text of a firing alert. */
function words(cluster: Cluster, views: readonly IncidentView[]): void {
  if (cluster.scenario.retrigger !== "content") return;
  const triggers = cluster.network.passages.filter(
    ({ lease, effect }) => lease.action === "trigger" && effect !== null,
  );
  const last = new Map(inOrder(cluster, triggers).map((one) => [one.lease.incident, one]));
  for (const { incident, state } of views) {
    const [alert, ...others] = [...cluster.alerts].filter(({ name }) =>
      incident.members.some(({ fingerprint }) => fingerprint === name),
    );
    const target = cluster.targets.find(({ name }) => name === incident.target);
    if (!alert || others.length > 0 || alert.sources.length > 1 || !target || !wants(target, labelled(alert))) continue;
    if (state !== "told" || incident.wanted.acknowledged) continue;
    const told = last.get(incident.id)?.lease;
    const shown = told && alertIn(told).annotations["reading"];
    const said = cluster.expectedAlerts.readingOf(alert.name);
    if (shown !== said)
      cluster.stepChecks.violate(
        "words",
        `${alert.name} at ${target.name} shows reading ${shown}, ${said} was said last`,
      );
  }
}

type Standing = "fires" | "over" | "unknown";

/** Alerts that a reader has seen in the API of a source, as `source alert`. */
async function readAlerts(cluster: Cluster): Promise<ReadonlySet<string>> {
  const read = new Set<string>();
  for (const { source } of cluster.readApis) {
    const names = [...cluster.alerts].map(({ name }) => name);
    const { alerts } = await cluster.ledgerHost.direct.readAlerts(source, names);
    for (const { fingerprint, shown } of alerts) if (shown) read.add(`${source} ${fingerprint}`);
  }
  return read;
}

/** How an alert really stands, over all who know it. */
function truthOf(cluster: Cluster, alert: string, read: ReadonlySet<string>): Standing {
  const knowing = cluster.sources.filter((source) => source.knows(alert));
  const truths = knowing.map((source) =>
    cluster.dayLater && source.expires ? "over" : source.truthOf(alert, read.has(`${source.name} ${alert}`)),
  );
  if (truths.includes("fires")) return "fires";
  return truths.includes("unknown") ? "unknown" : "over";
}

/** Open at the receiver exactly where it fires and is wanted; under one key, and under no other. */
function ends(
  cluster: Cluster,
  views: readonly IncidentView[],
  { read, suppressed }: { readonly read: ReadonlySet<string>; readonly suppressed: ReadonlySet<string> },
): void {
  const truths = new Map([...cluster.alerts].map((alert) => [alert.name, truthOf(cluster, alert.name, read)]));
  const openAt = new Map(
    cluster.scenario.targets.map((target) => [
      target.name,
      cluster.receivers.openAt(target, cluster.keysOf(target.name)),
    ]),
  );
  for (const target of cluster.targets) {
    const open = openAt.get(target.name) ?? new Map<string, number>();
    for (const dedupKey of dedupKeysOf(cluster, target)) {
      const alerts = cluster.alertsOf(target.name, dedupKey);
      const mustBeOpen = alerts.some(
        (alert) => truths.get(alert.name) === "fires" && wants(target, labelled(alert)) && !suppressed.has(alert.name),
      );
      const places = open.get(dedupKey) ?? 0;
      // A target that stands in for another may show it in the incident that it took over.
      const elsewhere = (): boolean =>
        alerts.some((alert) =>
          views.some(
            ({ incident }) =>
              incident.target === target.name &&
              incident.fallbackOf !== null &&
              incident.members.some(({ fingerprint, status }) => fingerprint === alert.name && status === "firing") &&
              open.has(incident.dedupKey),
          ),
        );
      if (mustBeOpen && places === 0 && !elsewhere())
        cluster.stepChecks.violate("I3", `${dedupKey} fires and is not open at ${target.name}: lost`);
      if (places > 1) cluster.stepChecks.violate("I6", `${dedupKey} is open at ${target.name} in ${places} places`);
    }
  }
  for (const [name, open] of openAt)
    for (const dedupKey of open.keys())
      if (cluster.alertsOf(name, dedupKey).every((alert) => truths.get(alert.name) === "over"))
        cluster.stepChecks.violate(
          "I3",
          `${dedupKey} is over and still open at ${name}: orphaned (${standingOf(views, name, dedupKey)})`,
        );
}

const standingOf = (views: readonly IncidentView[], target: string, dedupKey: string): string =>
  views
    .filter(({ incident }) => incident.target === target && incident.dedupKey === dedupKey)
    .map(({ incident, state, reason }) => `${incident.id} ${state} ${reason}`)
    .join(", ");

const dedupKeysOf = (cluster: Cluster, target: TargetPlan): Set<string> =>
  new Set([...cluster.alerts].map((alert) => dedupKeyOf(target, labelled(alert))));

/** I2: an incident's first word is its trigger, and no two attempts of one incident overlap while both are leased. */
function order(cluster: Cluster, adopted: ReadonlySet<number>): void {
  const perIncident = Map.groupBy(cluster.network.passages, ({ lease }) => lease.incident);
  for (const [incident, passages] of perIncident) {
    const first = passages.find(({ arrivedAtMs }) => arrivedAtMs !== null);
    if (first && first.lease.action !== "trigger" && first.lease.action !== "check" && !adopted.has(incident)) {
      // Unless the trigger never arrived although it left: then the resolve follows a doubt.
      const tried = passages.some(({ lease, begunAtMs }) => lease.action === "trigger" && begunAtMs <= first.begunAtMs);
      const handed = [...cluster.stepChecks.handed.values()].some(
        ({ lease }) => lease.incident === incident && lease.action === "trigger",
      );
      if (!tried && !handed && !makesGood(cluster, first))
        cluster.stepChecks.violate("I2", `incident ${incident} began with ${first.lease.action}`);
    }
  }
}

/** A trigger of an earlier episode, whose owner had lost its lease or had no answer, may open what this one has to end. */
function makesGood(cluster: Cluster, { lease }: Passage): boolean {
  const ofThis = (one: Lease): boolean =>
    one.action === "trigger" &&
    one.target === lease.target &&
    one.dedupKey === lease.dedupKey &&
    one.token < lease.token;
  return (
    [...cluster.stepChecks.handed.values()].some((handed) => handed.end !== "settled" && ofThis(handed.lease)) ||
    cluster.network.passages.some((passage) => isUnanswered(passage) && ofThis(passage.lease))
  );
}

/** I4: no receiver counted more attempts of a key than its limit in any window, except where a process wrote at any time. */
function limits({ network, receivers, scenario, stepChecks }: Cluster): void {
  // A process that was away for longer than the ledger expects writes when its slot is another's.
  if (network.writesAtAnyTime) return;
  for (const { key, from, to, allowed, refused } of receivers.simulator.overLimit())
    stepChecks.violate("I4", `key ${key}: ${refused} calls beyond ${allowed} from ${from} to ${to}`);
  const { limit } = scenario;
  if (limit === 0) return;
  for (const [key, passages] of Map.groupBy(network.passages, (passage) => passage.key)) {
    const arrivals = passages.flatMap(({ arrivedAtMs }) => arrivedAtMs ?? []).toSorted((a, b) => a - b);
    const beyond = arrivals.find((atMs, n) => atMs - (arrivals[n - limit] ?? Number.NEGATIVE_INFINITY) < windowMs);
    if (beyond !== undefined)
      stepChecks.violate("I4", `key ${key}: more than ${limit} attempts in a window at ${beyond}`);
  }
}

/** I5: events that are not critical do not use the reserve of any window. */
function reserve({ scenario, stepChecks }: Cluster): void {
  const { limit } = scenario;
  if (limit === 0) return;
  const most = limit - Math.max(1, Math.floor(limit * reserveShare));
  const others = [...stepChecks.handed.values()].filter(({ lease }) => lease.urgency !== urgency.criticalTrigger);
  for (const [key, handed] of Map.groupBy(others, ({ lease }) => lease.sealed)) {
    // Leases are in order of time: of any `most + 1` in a row the last comes at least a window after the first.
    const tooSoon = handed.find(
      ({ atMs }, n) => atMs - (handed[n - most]?.atMs ?? Number.NEGATIVE_INFINITY) < windowMs,
    );
    if (tooSoon) stepChecks.violate("I5", `key ${key}: token ${tooSoon.lease.token} is of the reserve for criticals`);
  }
}

/** I10: no target waits for its key where no key that it had was ever refused. */
export function isolated(cluster: Cluster, views: readonly IncidentView[]): void {
  const { passages } = cluster.network;
  const refused = new Set(
    passages.flatMap(({ key, lease, outcome }) =>
      outcome?.kind === "blocked" || (outcome?.kind === "refused" && lease.action === "check") ? [key] : [],
    ),
  );
  for (const { incident, reason } of views)
    if (reason === "waiting_auth" && !cluster.keysOf(incident.target).some((key) => refused.has(key)))
      cluster.stepChecks.violate(
        "I10",
        `incident ${incident.id} at ${incident.target} waits for the routing key of another target`,
      );
}

/** I1: every accepted alert is known. */
async function recorded(cluster: Cluster): Promise<void> {
  for (const alert of cluster.expectedAlerts.alerts)
    if (!(await cluster.ledgerHost.direct.alert(alert)))
      cluster.stepChecks.violate("I1", `${alert} was accepted, and is forgotten`);
}
