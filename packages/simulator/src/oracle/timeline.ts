import type { IncidentRow, RequestRow } from "../server/rows.ts";
import { episodesOf } from "./episodes.ts";
import type { Episode } from "./episodes.ts";
import type { SourceEvent, Truth, TruthTarget } from "./truth.ts";

/** All facts about one problem at one target: its source's events and the receiver's incidents. */
export interface Timeline {
  readonly target: TruthTarget;
  readonly dedupKey: string;
  readonly episodes: readonly Episode[];
  /** Oldest first. */
  readonly incidents: readonly Receipt[];
  /** Acknowledges and resolves that found no open incident. */
  readonly dropped: readonly { readonly atMs: number; readonly action: string }[];
  /** Times of triggers that the receiver accepted without opening an incident: their sender did its part. */
  readonly swallowedMs: readonly number[];
  /** Times of applied requests whose sender cannot rely on the answer. */
  readonly doubtsMs: readonly number[];
}

export interface Receipt {
  readonly row: IncidentRow;
  readonly openedMs: number;
  /** Infinity while open. */
  readonly resolvedMs: number;
}

export interface Timelines {
  readonly timelines: readonly Timeline[];
  /** Incidents that belong to no timeline. `isKnown`: a timeline of that receiver has their dedup key. */
  readonly others: readonly { readonly row: IncidentRow; readonly isKnown: boolean }[];
}

/** Groups the source events and the incidents by problem and target. */
export function buildTimelines(
  truth: Truth,
  incidents: readonly IncidentRow[],
  requests: readonly RequestRow[],
): Timelines {
  const said = new Map<string, { target: TruthTarget; dedupKey: string; events: SourceEvent[] }>();
  for (const event of truth.events) {
    if (event.kind === "change") continue;
    for (const target of event.targets) {
      const id = [target.receiver, target.region ?? "", target.key ?? "", event.name].join("\n");
      const group = said.get(id);
      if (group === undefined) said.set(id, { target, dedupKey: event.name, events: [event] });
      else group.events.push(event);
    }
  }

  const shown = groupBy(incidents, (row) => `${row.receiver}\n${row.dedup_key}`);
  const telling = requests.filter((row) => row.effect === "dropped" || isSwallowed(row) || row.ambiguous || row.unread);
  const asked = groupBy(telling, (row) => `${row.receiver}\n${row.dedup_key}`);
  const claimed = new Set<IncidentRow>();
  const timelines = Array.from(said.values(), ({ target, dedupKey, events }): Timeline => {
    const place = `${target.receiver}\n${dedupKey}`;
    const rows = (shown.get(place) ?? []).filter((row) => isAt(target, row));
    for (const row of rows) claimed.add(row);
    const own = (asked.get(place) ?? []).filter((row) => isAt(target, row));
    return {
      target,
      dedupKey,
      episodes: episodesOf(events),
      incidents: rows.map(told).toSorted((a, b) => a.openedMs - b.openedMs),
      dropped: own
        .filter((row) => row.effect === "dropped")
        .map((row) => ({ atMs: Date.parse(row.at), action: row.action })),
      swallowedMs: own.filter(isSwallowed).map((row) => Date.parse(row.at)),
      doubtsMs: own.filter((row) => row.ambiguous || row.unread).map((row) => Date.parse(row.at)),
    };
  });
  const places = new Set(timelines.map((timeline) => `${timeline.target.receiver}\n${timeline.dedupKey}`));
  const others = incidents
    .filter((row) => !claimed.has(row))
    .map((row) => ({ row, isKnown: places.has(`${row.receiver}\n${row.dedup_key}`) }));
  return { timelines, others };
}

const isSwallowed = ({ effect, action }: RequestRow): boolean =>
  action === "trigger" && (effect === "suppressed" || effect === "discarded");

const told = (row: IncidentRow): Receipt => ({
  row,
  openedMs: Date.parse(row.opened_at),
  resolvedMs: row.resolved_at === undefined ? Infinity : Date.parse(row.resolved_at),
});

const isAt = (target: TruthTarget, row: { readonly key: string | null; readonly region: string }): boolean =>
  (target.key === undefined || target.key === row.key) && (target.region === undefined || target.region === row.region);

function groupBy<Item>(items: readonly Item[], nameOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}
