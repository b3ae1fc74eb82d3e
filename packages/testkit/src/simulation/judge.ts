import { contentRetriggerMs, firstGroupUpdateMs, type IncidentView, type Lease, urgency } from "@tocsin/core/decisions";
import { hashKey, type IncidentRow } from "@tocsin/simulator";
import { alertIn } from "../claims.ts";
import type { Passage } from "./network.ts";
import { dedupKeyOf, reserveShare, wants, windowMs } from "./replica.ts";
import type { TargetPlan } from "./scenario.ts";
import type { Handed } from "./watch.ts";
import { labelled, type World } from "./world.ts";

/** What must be so when all is quiet: every told equals its wanted, nothing was lost, nothing was said without need. */
export async function judge(world: World): Promise<void> {
  const views = await world.views();
  world.watch.states(views);
  atRest(world, views);
  const shown = new Map<string, IncidentRow[]>();
  for (const row of world.receiver.incidents()) {
    const id = `${row.key} ${row.dedup_key}`;
    const rows = shown.get(id);
    if (rows) rows.push(row);
    else shown.set(id, [row]);
  }
  ends(world, views, shown);
  words(world, views);
  const { adopted } = world.watch;
  repeats(world, adopted);
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
  const last = new Map(
    triggers.toSorted((a, b) => (a.arrivedAtMs ?? 0) - (b.arrivedAtMs ?? 0)).map((one) => [one.lease.incident, one]),
  );
  for (const { incident, state } of views) {
    const [alert, ...others] = [...world.alerts].filter(({ name }) =>
      incident.members.some(({ fingerprint }) => fingerprint === name),
    );
    const target = world.targets.find(({ name }) => name === incident.target);
    if (!alert || others.length > 0 || alert.sources.length > 1 || !target || !wants(target, labelled(alert))) continue;
    if (state !== "told" || incident.wanted.acknowledged) continue;
    const told = last.get(incident.id)?.lease;
    const shown = told && readingOf(told);
    const said = world.words.readingOf(alert.name);
    if (shown !== said)
      world.watch.violate("words", `${alert.name} at ${target.name} shows reading ${shown}, ${said} was said last`);
  }
}

type Standing = "fires" | "over" | "unknown";

/** How an alert really stands, over all who know it. */
export function truthOf(world: World, alert: string): Standing {
  const knowing = world.sources.filter((source) => source.knows(alert));
  const truths = knowing.map((source) => (world.dayLater && source.expires ? "over" : source.truthOf(alert)));
  if (truths.includes("fires")) return "fires";
  return truths.includes("unknown") ? "unknown" : "over";
}

/** Open at the receiver exactly where it fires and is wanted; under one key, and under no other. */
function ends(world: World, views: readonly IncidentView[], shown: ReadonlyMap<string, readonly IncidentRow[]>): void {
  const truths = new Map([...world.alerts].map((alert) => [alert.name, truthOf(world, alert.name)]));
  const openAt = (key: string, dedupKey: string): boolean =>
    shown.get(`${hashKey(key)} ${dedupKey}`)?.some(({ status }) => status !== "resolved") ?? false;

  for (const target of world.targets) {
    for (const dedupKey of dedupKeysOf(world, target)) {
      const alerts = world.alertsOf(target.name, dedupKey);
      const mustBeOpen = alerts.some((alert) => truths.get(alert.name) === "fires" && wants(target, labelled(alert)));
      const open = world.keysOf(target.name).filter((key) => openAt(key, dedupKey));
      // A target that stands in for another may show it in the incident that it took over.
      const elsewhere = (): boolean =>
        alerts.some((alert) =>
          views.some(
            ({ incident }) =>
              incident.target === target.name &&
              incident.fallbackOf !== null &&
              incident.members.some(({ fingerprint, status }) => fingerprint === alert.name && status === "firing") &&
              world.keysOf(target.name).some((key) => openAt(key, incident.dedupKey)),
          ),
        );
      if (mustBeOpen && open.length === 0 && !elsewhere())
        world.watch.violate("I3", `${dedupKey} fires and is not open at ${target.name}: lost`);
      if (open.length > 1) world.watch.violate("I6", `${dedupKey} is open at ${target.name} under ${open.length} keys`);
    }
  }
  const mayBeOpen = (name: string, dedupKey: string): boolean =>
    world.alertsOf(name, dedupKey).some((alert) => truths.get(alert.name) !== "over");
  for (const { name } of world.scenario.targets)
    for (const key of world.keysOf(name))
      for (const [id, rows] of shown) {
        const [hash, ...rest] = id.split(" ");
        const dedupKey = rest.join(" ");
        if (hash !== hashKey(key) || mayBeOpen(name, dedupKey)) continue;
        if (rows.some(({ status }) => status !== "resolved"))
          world.watch.violate(
            "I3",
            `${dedupKey} is over and still open at ${name}: orphaned (${standingOf(views, name, dedupKey)})`,
          );
      }
}

const standingOf = (views: readonly IncidentView[], target: string, dedupKey: string): string =>
  views
    .filter(({ incident }) => incident.target === target && incident.dedupKey === dedupKey)
    .map(({ incident, state, reason }) => `${incident.id} ${state} ${reason}`)
    .join(", ");

const dedupKeysOf = (world: World, target: TargetPlan): Set<string> =>
  new Set([...world.alerts].map((alert) => dedupKeyOf(target, labelled(alert))));

/** What a receiver was told without need is at most what nobody could know the fate of. */
function repeats(world: World, adopted: ReadonlySet<number>): void {
  const { passages } = world.network;
  const arrived = passages
    .filter(({ effect, lease }) => effect !== null && lease.action !== "check")
    .toSorted((a, b) => (a.arrivedAtMs ?? 0) - (b.arrivedAtMs ?? 0));
  const told = Map.groupBy(arrived, ({ key, lease }) => `${hashKey(key)} ${lease.dedupKey}`);
  const allowed = new Map<string, number>();
  for (const passage of passages) {
    const id = `${hashKey(passage.key)} ${passage.lease.dedupKey}`;
    allowed.set(id, (allowed.get(id) ?? 0) + doubtOf(passage, adopted));
  }
  for (const { lease, end } of world.watch.handed.values()) {
    const id = `${hashKey(lease.sealed)} ${lease.dedupKey}`;
    // A lost lease is doubted once, and what followed may be repaired once, which for an acknowledgement takes two.
    if (end !== "settled") allowed.set(id, (allowed.get(id) ?? 0) + 3);
  }
  for (const [id, requests] of told) {
    const needless = needlessIn(world, requests);
    const alerts = new Set(requests.flatMap(({ lease }) => world.alertsOf(lease.target, lease.dedupKey)));
    const lostEnds = [...alerts].reduce((sum, { name }) => sum + world.words.lostEnds(name), 0);
    const most = (allowed.get(id) ?? 0) + lostEnds;
    if (needless.length > most)
      world.watch.violate(
        "repeats",
        `${id}: ${needless.length} without need, ${most} of unknown fate: ${needless.join("; ")}`,
      );
  }
}

function doubtOf({ lease, outcome }: Passage, adopted: ReadonlySet<number>): number {
  // Said again, and where nobody answered what followed may be said again too.
  if (outcome?.kind === "ambiguous") return outcome.status === undefined ? 2 : 1;
  if (outcome?.kind === "interrupted") return outcome.left ? 2 : 0;
  // A resolve of what was never told may meet nothing.
  return lease.action === "resolve" && adopted.has(lease.incident) ? 1 : 0;
}

/**
 * What a receiver was told that it knew: dropped, or a trigger or acknowledge again that neither says more nor reminds. How often
 * it may be reminded, and be told of changed members, counts from one lease to the next: how long requests take on their way
 * differs.
 */
function needlessIn({ settings, scenario, watch }: World, requests: readonly Passage[]): string[] {
  const needless: string[] = [];
  const handed = ({ lease }: Passage) => watch.handed.get(lease.token);
  let before: Passage | undefined;
  for (const request of requests) {
    const { effect, lease } = request;
    const sinceMs = (handed(request)?.atMs ?? 0) - (before ? (handed(before)?.atMs ?? 0) : 0);
    const again = before?.lease.action === lease.action && before.lease.severity === lease.severity;
    const reminds = lease.action === "trigger" && sinceMs >= settings.remind;
    const reads =
      scenario.retrigger === "content" &&
      lease.action === "trigger" &&
      sinceMs >= contentRetriggerMs &&
      before !== undefined &&
      wordsOf(before.lease) !== wordsOf(lease);
    const regroups =
      lease.action === "trigger" &&
      before !== undefined &&
      sinceMs >= (before.lease.firing === 1 ? firstGroupUpdateMs : contentRetriggerMs) &&
      mayDiffer(handed(before), handed(request));
    const knew = effect === "logged" || effect === "acknowledged";
    if (effect === "dropped" || (knew && again && !reminds && !reads && !regroups))
      needless.push(`token ${lease.token} (${lease.action}, ${effect})`);
    before = request;
  }
  return needless;
}

/** Whether other members fired. Where sources do not say clearly which of them fire, they may be others. */
function mayDiffer(before: Handed | undefined, now: Handed | undefined): boolean {
  if (!before || !now || before.lease.firing !== now.lease.firing) return true;
  return now.firing.length !== now.lease.firing || now.firing.join() !== before.firing.join();
}

const readingOf = (lease: Lease): string | undefined => alertIn(lease).annotations["reading"];
const wordsOf = (lease: Lease): string => `${lease.summary} ${readingOf(lease)}`;

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
    world.network.passages.some((passage) => leftUnanswered(passage) && ofThis(passage.lease))
  );
}

const leftUnanswered = ({ outcome }: Passage): boolean =>
  outcome?.kind === "ambiguous" || (outcome?.kind === "interrupted" && outcome.left);

/** I4: the receiver never counted more than its limit, save where it was not the limit that we were told. */
function limits(world: World): void {
  // A process that was away for longer than anybody reckons with writes when its slot is another's.
  if (world.network.writesAtAnyTime) return;
  for (const { key, from, to, allowed, refused } of world.receiver.overLimit())
    world.watch.violate("I4", `key ${key}: ${refused} calls beyond ${allowed} from ${from} to ${to}`);
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

/** I1: what was accepted is known. */
async function recorded(world: World): Promise<void> {
  for (const alert of world.words.alerts)
    if (!(await world.home.direct.alert(alert))) world.watch.violate("I1", `${alert} was accepted, and is forgotten`);
}
