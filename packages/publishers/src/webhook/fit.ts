import type { EventData, WebhookEvent } from "./format.ts";

/** Largest body, bytes. Widespread receivers take no more than 100 kB unless they are told to (`express.json()`: 102,400). */
export const maxBodyBytes = 100_000;

/** What is said of what was dropped stays small. */
const most = { named: 20, nameLength: 100 };

/** Longest text that stays whole once dropping was not enough, UTF-16 units. */
const longestText = 1_000;

/** Labels that say what and where the problem is: they go last, cut instead of dropped. */
const identifying: ReadonlySet<string> = new Set(
  "alertname severity instance job service namespace cluster team".split(" "),
);

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? "");

/**
 * Fits an event into `maxBodyBytes`, dropping the least valuable first and naming it: the largest annotations, labels beyond
 * the identifying ones, then the target's own additions. What is left is cut where that was not enough.
 */
export function fit(event: WebhookEvent): WebhookEvent {
  const excess = bytesOf(event) - maxBodyBytes;
  if (excess <= 0) return event;
  const data = structuredClone(event.data) as Mutable;
  const dropped: string[] = [];
  // The list of what was dropped takes room, too.
  let left = excess + most.named * (most.nameLength * 4 + 4) + 100;
  for (const part of partsOf(data)) {
    for (const [name, size] of part.entries) {
      if (left <= 0) break;
      delete part.of[name];
      left -= size;
      dropped.push(`${part.path}.${name}`);
    }
  }
  const fitted = { ...event, data: { ...data, droppedToFit: named(dropped) } as EventData };
  return bytesOf(fitted) <= maxBodyBytes ? fitted : cut(fitted);
}

type Mutable = { -readonly [K in keyof EventData]: EventData[K] };
type Entries = Record<string, unknown>;

/** What may be dropped, in order; in each part the largest first. */
function partsOf(data: Mutable): { path: string; of: Entries; entries: readonly [name: string, size: number][] }[] {
  const part = (path: string, value: unknown, droppable: (name: string) => boolean = () => true) => {
    const of = (value ?? {}) as Entries;
    const entries = Object.entries(of).flatMap(([name, inner]): [string, number][] =>
      droppable(name) ? [[name, bytesOf(name) + bytesOf(inner) + 2]] : [],
    );
    return { path, of, entries: entries.toSorted(([, a], [, b]) => b - a) };
  };
  return [
    part("alert.annotations", data.alert["annotations"]),
    part("alert.labels", data.alert["labels"], (name) => !identifying.has(name)),
    part("customDetails", data.customDetails),
    part("metadata", data.metadata),
    part("alert", data.alert, (name) => name === "valueString" || name === "generatorURL"),
  ];
}

function named(dropped: readonly string[]): string[] {
  const names = dropped.slice(0, most.named).map((name) => cutText(name, most.nameLength));
  const more = dropped.length - names.length;
  return more > 0 ? [...names, `${more} more`] : names;
}

/** Nothing else is left to drop: each text is cut, wherever it stands. */
function cut(event: WebhookEvent): WebhookEvent {
  return JSON.parse(JSON.stringify(event, shorten)) as WebhookEvent;
}

const shorten = (_: string, value: unknown) => (typeof value === "string" ? cutText(value, longestText) : value);

const cutText = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1).toWellFormed()}…` : text;
