import type { EventRow } from "../server/rows.ts";
import { maxClockDifferenceMs, episodeAt, mayResolve } from "./episodes.ts";
import type { Episode } from "./episodes.ts";
import { iso } from "./findings.ts";
import type { Finding, FindingKind } from "./findings.ts";
import type { Timeline, Receipt } from "./timeline.ts";
import type { Truth } from "./truth.ts";

type Say = (kind: FindingKind, atMs: number | undefined, says: string) => void;

/** One problem at one target. */
export function judgeTimeline(timeline: Timeline, truth: Truth): Finding[] {
  const found: Finding[] = [];
  const say: Say = (kind, atMs, says) =>
    found.push({
      kind,
      receiver: timeline.target.receiver,
      key: timeline.incidents[0]?.row.key ?? timeline.target.key,
      dedup_key: timeline.dedupKey,
      at: atMs === undefined ? undefined : iso(atMs),
      says: `"${timeline.dedupKey}" ${says}`,
    });
  judgeOpenings(timeline, truth, say);
  judgeEnd(timeline, truth, say);
  judgeOrder(timeline, truth, say);
  for (const incident of timeline.incidents) {
    judgeRepeats(timeline, incident, truth, say);
    judgeSeverity(timeline, incident, say);
  }
  if (truth.withinMs !== undefined) judgePromptness(timeline, truth.withinMs, say);
  return found;
}

/** Each incident needs an episode, and each episode has one at most. */
function judgeOpenings(timeline: Timeline, truth: Truth, say: Say): void {
  const heard = new Map<Episode, Receipt>();
  for (const incident of timeline.incidents) {
    const { openedMs, resolvedMs } = incident;
    const begun = [openedMs, openedMs + maxClockDifferenceMs]
      .map((atMs) => episodeAt(timeline.episodes, atMs))
      .filter((episode) => episode !== undefined);
    const fitting = begun.filter((episode) => !isTooLate(episode, openedMs, truth));
    const episode = fitting.find((one) => !heard.has(one)) ?? fitting[0];
    if (episode === undefined) {
      const why = begun[0] === undefined ? "before its source fired" : `after it had ended at ${iso(begun[0].untilMs)}`;
      if (resolvedMs - openedMs > truth.repairedMs) say("stray", openedMs, `was opened ${why}`);
      continue;
    }
    const before = heard.get(episode);
    // An incident that a person closed may be opened again while the alert fires.
    if (before !== undefined && lastAct(before)?.by !== "person") {
      const which = `${before.row.id} and ${incident.row.id}`;
      say("repeated", openedMs, `was opened again: one episode has two incidents, ${which}`);
    }
    heard.set(episode, incident);
  }
}

function isTooLate(episode: Episode, openedMs: number, truth: Truth): boolean {
  if (openedMs <= episode.untilMs + truth.graceMs || truth.pageResolved === "always") return false;
  return truth.pageResolved === "never" || !episode.severities.includes("critical");
}

/** After all work is done, the incident is open exactly if the alert fires. */
function judgeEnd(timeline: Timeline, truth: Truth, say: Say): void {
  const last = timeline.episodes.at(-1);
  const fires = last?.untilMs === Infinity;
  const open = timeline.incidents.filter((incident) => incident.resolvedMs === Infinity);
  if (fires && open.length === 0) {
    const told = timeline.incidents.at(-1);
    if (told === undefined && timeline.swallowedMs.some((atMs) => atMs >= last.fromMs)) return;
    if (told === undefined) say("lost", last.fromMs, "fires, and was never opened");
    else if (lastAct(told)?.by !== "person") {
      say("lost", told.resolvedMs, `fires still, but was resolved at ${iso(told.resolvedMs)}`);
    }
  }
  if (fires) return;
  for (const { openedMs } of open) {
    const isStray = last === undefined || isTooLate(last, openedMs, truth);
    if (!isStray) say("orphaned", undefined, `ended at ${iso(last.untilMs)}, and is open still`);
  }
}

/** No resolve while the source fires; no resolve or acknowledge before the trigger. */
function judgeOrder(timeline: Timeline, truth: Truth, say: Say): void {
  for (const incident of timeline.incidents) {
    const { resolvedMs } = incident;
    if (resolvedMs === Infinity || lastAct(incident)?.by === "person") continue;
    if (!mayResolve(timeline.episodes, resolvedMs, truth.graceMs)) {
      say("out_of_order", resolvedMs, "was resolved while its source still fired");
    }
  }
  for (const { atMs, action } of timeline.dropped) {
    const next = timeline.incidents.find(({ openedMs, resolvedMs }) => openedMs >= atMs && resolvedMs !== atMs);
    const episode = next === undefined ? undefined : episodeAt(timeline.episodes, next.openedMs);
    if (episode === undefined || episode.fromMs > atMs) continue;
    const hadEnded = episode.untilMs <= atMs;
    if (action === "acknowledge" || hadEnded || !mayResolve(timeline.episodes, atMs, truth.graceMs)) {
      say("out_of_order", atMs, `got its ${action} before its trigger`);
    }
  }
}

/** A trigger on an open incident must carry something new, be a reminder, or follow an attempt with an unknown outcome. */
function judgeRepeats(timeline: Timeline, { row }: Receipt, truth: Truth, say: Say): void {
  let before: EventRow | undefined;
  for (const event of row.events) {
    if (event.action !== "trigger") continue;
    if (before !== undefined) {
      const [fromMs, toMs] = [Date.parse(before.at), Date.parse(event.at)];
      const excused =
        event.severity !== before.severity ||
        event.summary !== before.summary ||
        toMs - fromMs >= truth.remindersMs ||
        timeline.doubtsMs.some((atMs) => fromMs <= atMs && atMs <= toMs) ||
        timeline.episodes.some((episode) => fromMs < episode.fromMs && episode.fromMs <= toMs);
      if (!excused) say("repeated", toMs, `was triggered again at ${event.at}, with nothing new to say`);
    }
    before = event;
  }
}

const rank = ["info", "warning", "error", "critical"];

/** The incident shows a severity that the source gave. While it is open, it shows none below the highest of its episode. */
function judgeSeverity(timeline: Timeline, incident: Receipt, say: Say): void {
  const isOpen = incident.resolvedMs === Infinity;
  const episode = isOpen
    ? timeline.episodes.at(-1)
    : episodeAt(timeline.episodes, incident.openedMs + maxClockDifferenceMs);
  if (episode === undefined || episode.severities.length === 0) return;
  const { severity } = incident.row;
  const highest = episode.severities.toSorted((a, b) => rank.indexOf(a) - rank.indexOf(b)).at(-1) ?? "";
  const isKnown = timeline.episodes.some(({ severities }) => severities.includes(severity));
  const isTooLow = isOpen && rank.indexOf(severity) < rank.indexOf(highest);
  if (isKnown && !isTooLow) return;
  say("wrong_severity", undefined, `is shown as ${severity === "" ? "nothing" : severity}; its source says ${highest}`);
}

function judgePromptness(timeline: Timeline, withinMs: number, say: Say): void {
  const isOpen = timeline.incidents.some((one) => one.resolvedMs === Infinity);
  for (const { fromMs, untilMs } of timeline.episodes) {
    // An alert that fires without an open incident is already reported as lost.
    if (untilMs - fromMs < withinMs || (untilMs === Infinity && !isOpen)) continue;
    if (timeline.swallowedMs.some((atMs) => atMs >= fromMs && atMs <= fromMs + withinMs)) continue;
    const isHeard = timeline.incidents.some((one) => one.openedMs <= fromMs + withinMs && one.resolvedMs > fromMs);
    if (!isHeard) say("late", fromMs, `fired at ${iso(fromMs)} and was not open ${withinMs / 1000} s later`);
  }
}

const lastAct = (incident: Receipt): EventRow | undefined => incident.row.events.at(-1);
