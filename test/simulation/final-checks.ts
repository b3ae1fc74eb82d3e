import { type IncidentView, type Lease, urgency } from "@tocsin/core/decisions";
import { alertIn } from "../kit/claims.ts";
import type { Passage } from "./network.ts";
import { dedupKeyOf, reserveShare, wants, windowMs } from "./replica.ts";
import { inOrder, isUnanswered, repeats } from "./repeats.ts";
import type { TargetPlan } from "./scenario.ts";
import { labelled, type World } from "./cluster.ts";

/** What must be so when all is quiet: every told equals its wanted, nothing was lost, nothing was said without need. */
export async function judge(world: World): Promise<void> {
  const views = await world.views();
  world.watch.states(views);
  atRest(world, views);
  ends(world, views, await readAlerts(world));
  words(world, views);
  const { adopted } = world.watch;
  repeats(world);
  order(world, adopted);
  limits(world);
  reserve(world);
  await recorded(world);
}

/** I3: nothing is due, and nothing under way. */
function atRest({ watch }: World, views: readonly IncidentView[]): void {
  for (const { incident, state, reason } of views)
    if (state === "due" || state === "in_flight" || state === "dead")
      watch.violate(
        "I3",
        `incident ${incident.id} (${incident.dedupKey} at ${incident.target}) still is ${state} ${reason}`,
      );
}

/** What a target shows of an alert that fires is what was said last, where it asked for new words. */
function words(world: World, views: readonly IncidentView[]): void {
  if (world.scenario.retrigger !== "content") return;
  const triggers = world.network.passages.filter(({ lease, effect }) => lease.action === "trigger" && effect !== null);
  const last = new Map(inOrder(world, triggers).map((one) => [one.lease.incident, one]));
  for (const { incident, state } of views) {
    const [alert, ...others] = [...world.alerts].filter(({ name }) =>
      incident.members.some(({ fingerprint }) => fingerprint === name),
    );
    const target = world.targets.find(({ name }) => name === incident.target);
    if (!alert || others.length > 0 || alert.sources.length > 1 || !target || !wants(target, labelled(alert))) continue;
    if (state !== "told" || incident.wanted.acknowledged) continue;
    const told = last.get(incident.id)?.lease;
    const shown = told && alertIn(told).annotations["reading"];
    const said = world.words.readingOf(alert.name);
    if (shown !== said)
      world.watch.violate("words", `${alert.name} at ${target.name} shows reading ${shown}, ${said} was said last`);
  }
}

type Standing = "fires" | "over" | "unknown";

/** Alerts that a reader has seen in the API of a source, as `source alert`. */
async function readAlerts(world: World): Promise<ReadonlySet<string>> {
  const read = new Set<string>();
  for (const { source } of world.readApis) {
    const names = [...world.alerts].map(({ name }) => name);
    const { alerts } = await world.home.direct.readAlerts(source, names);
    for (const { fingerprint, shown } of alerts) if (shown) read.add(`${source} ${fingerprint}`);
  }
  return read;
}

/** How an alert really stands, over all who know it. */
function truthOf(world: World, alert: string, read: ReadonlySet<string>): Standing {
  const knowing = world.sources.filter((source) => source.knows(alert));
  const truths = knowing.map((source) =>
    world.dayLater && source.expires ? "over" : source.truthOf(alert, read.has(`${source.name} ${alert}`)),
  );
  if (truths.includes("fires")) return "fires";
  return truths.includes("unknown") ? "unknown" : "over";
}

/** Open at the receiver exactly where it fires and is wanted; under one key, and under no other. */
function ends(world: World, views: readonly IncidentView[], read: ReadonlySet<string>): void {
  const truths = new Map([...world.alerts].map((alert) => [alert.name, truthOf(world, alert.name, read)]));
  const openAt = new Map(
    world.scenario.targets.map((target) => [target.name, world.receivers.openAt(target, world.keysOf(target.name))]),
  );
  for (const target of world.targets) {
    const open = openAt.get(target.name) ?? new Map<string, number>();
    for (const dedupKey of dedupKeysOf(world, target)) {
      const alerts = world.alertsOf(target.name, dedupKey);
      const mustBeOpen = alerts.some((alert) => truths.get(alert.name) === "fires" && wants(target, labelled(alert)));
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
        world.watch.violate("I3", `${dedupKey} fires and is not open at ${target.name}: lost`);
      if (places > 1) world.watch.violate("I6", `${dedupKey} is open at ${target.name} in ${places} places`);
    }
  }
  for (const [name, open] of openAt)
    for (const dedupKey of open.keys())
      if (world.alertsOf(name, dedupKey).every((alert) => truths.get(alert.name) === "over"))
        world.watch.violate(
          "I3",
          `${dedupKey} is over and still open at ${name}: orphaned (${standingOf(views, name, dedupKey)})`,
        );
}

const standingOf = (views: readonly IncidentView[], target: string, dedupKey: string): string =>
  views
    .filter(({ incident }) => incident.target === target && incident.dedupKey === dedupKey)
    .map(({ incident, state, reason }) => `${incident.id} ${state} ${reason}`)
    .join(", ");

const dedupKeysOf = (world: World, target: TargetPlan): Set<string> =>
  new Set([...world.alerts].map((alert) => dedupKeyOf(target, labelled(alert))));

/** I2: an incident's first word is its trigger, and no two attempts of one incident overlap while both are leased. */
function order(world: World, adopted: ReadonlySet<number>): void {
  const perIncident = Map.groupBy(world.network.passages, ({ lease }) => lease.incident);
  for (const [incident, passages] of perIncident) {
    const first = passages.find(({ arrivedAtMs }) => arrivedAtMs !== null);
    if (first && first.lease.action !== "trigger" && first.lease.action !== "check" && !adopted.has(incident)) {
      // Unless the trigger never arrived although it left: then the resolve follows a doubt.
      const tried = passages.some(({ lease, begunAtMs }) => lease.action === "trigger" && begunAtMs <= first.begunAtMs);
      const handed = [...world.watch.handed.values()].some(
        ({ lease }) => lease.incident === incident && lease.action === "trigger",
      );
      if (!tried && !handed && !makesGood(world, first))
        world.watch.violate("I2", `incident ${incident} began with ${first.lease.action}`);
    }
  }
}

/** A trigger of an earlier episode, whose owner had lost its lease or had no answer, may open what this one has to end. */
function makesGood(world: World, { lease }: Passage): boolean {
  const ofThis = (one: Lease): boolean =>
    one.action === "trigger" &&
    one.target === lease.target &&
    one.dedupKey === lease.dedupKey &&
    one.token < lease.token;
  return (
    [...world.watch.handed.values()].some((handed) => handed.end !== "settled" && ofThis(handed.lease)) ||
    world.network.passages.some((passage) => isUnanswered(passage) && ofThis(passage.lease))
  );
}

/** I4: no receiver counted more attempts of a key than its limit in any window, except where a process wrote at any time. */
function limits({ network, receivers, scenario, watch }: World): void {
  // A process that was away for longer than the ledger expects writes when its slot is another's.
  if (network.writesAtAnyTime) return;
  for (const { key, from, to, allowed, refused } of receivers.simulator.overLimit())
    watch.violate("I4", `key ${key}: ${refused} calls beyond ${allowed} from ${from} to ${to}`);
  const { limit } = scenario;
  if (limit === 0) return;
  for (const [key, passages] of Map.groupBy(network.passages, (passage) => passage.key)) {
    const arrivals = passages.flatMap(({ arrivedAtMs }) => arrivedAtMs ?? []).toSorted((a, b) => a - b);
    const beyond = arrivals.find((atMs, n) => atMs - (arrivals[n - limit] ?? Number.NEGATIVE_INFINITY) < windowMs);
    if (beyond !== undefined) watch.violate("I4", `key ${key}: more than ${limit} attempts in a window at ${beyond}`);
  }
}

/** I5: what is not critical leaves the reserve of each window alone. */
function reserve({ scenario, watch }: World): void {
  const { limit } = scenario;
  if (limit === 0) return;
  const most = limit - Math.max(1, Math.floor(limit * reserveShare));
  const others = [...watch.handed.values()].filter(({ lease }) => lease.urgency !== urgency.criticalTrigger);
  for (const [key, handed] of Map.groupBy(others, ({ lease }) => lease.sealed)) {
    // Handed out in order of time: of any `most + 1` in a row the last comes a window after the first, or later.
    const tooSoon = handed.find(
      ({ atMs }, n) => atMs - (handed[n - most]?.atMs ?? Number.NEGATIVE_INFINITY) < windowMs,
    );
    if (tooSoon) watch.violate("I5", `key ${key}: token ${tooSoon.lease.token} is of the reserve for criticals`);
  }
}

/** I10: no target waits for its key where no key that it had was ever refused. */
export function isolated(world: World, views: readonly IncidentView[]): void {
  const { passages } = world.network;
  const refused = new Set(
    passages.flatMap(({ key, lease, outcome }) =>
      outcome?.kind === "blocked" || (outcome?.kind === "refused" && lease.action === "check") ? [key] : [],
    ),
  );
  for (const { incident, reason } of views)
    if (reason === "waiting_auth" && !world.keysOf(incident.target).some((key) => refused.has(key)))
      world.watch.violate("I10", `incident ${incident.id} at ${incident.target} waits for the key of another target`);
}

/** I1: what was accepted is known. */
async function recorded(world: World): Promise<void> {
  for (const alert of world.words.alerts)
    if (!(await world.home.direct.alert(alert))) world.watch.violate("I1", `${alert} was accepted, and is forgotten`);
}
