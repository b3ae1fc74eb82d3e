import type { EventData, WebhookEvent } from "./format.ts";

/** Largest body, bytes. Common receivers accept at most 100 kB by default (`express.json()`: 102,400). */
export const maxBodyBytes = 100_000;

/** Bounds the list of dropped fields. */
const most = { named: 20, nameLength: 100 };

/** If dropping is not enough: longest text that is not cut, UTF-16 units. */
const longestText = 1_000;

/** Labels that name and locate the problem: they are handled last, and cut instead of dropped. */
const identifying: ReadonlySet<string> = new Set(
  "alertname severity instance job service namespace cluster team".split(" "),
);

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? "");

/**
 * Fits an event into `maxBodyBytes`. It drops the least valuable parts first and lists them: the largest annotations, labels except
 * the identifying ones, then the target's own additions. If that is not enough, it cuts the remaining texts.
 */
export function fit(event: WebhookEvent): WebhookEvent {
  const excess = bytesOf(event) - maxBodyBytes;
  if (excess <= 0) return event;
  const data = structuredClone(event.data) as Mutable;
  const dropped: string[] = [];
  // The list of dropped parts needs room, too.
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

/** The parts that may be dropped, in order; in each part the largest first. */
function partsOf(data: Mutable): { path: string; of: Entries; entries: readonly [name: string, size: number][] }[] {
  const part = (path: string, value: unknown, droppable: (name: string) => boolean = () => true) => {
    const of = (value ?? {}) as Entries;
    const entries = Object.entries(of).flatMap(([name, inner]): [string, number][] =>
      droppable(name) ? [[name, bytesOf(name) + bytesOf(inner) + 2]] : [],
    );
    return { path, of, entries: entries.toSorted(([, a], [, b]) => b - a) };
  };
  return [
    part("alert.annotations", data.alert?.["annotations"]),
    part("alert.labels", data.alert?.["labels"], (name) => !identifying.has(name)),
    part("change", data.change, (name) => name === "customDetails"),
    part("classification", data.classification, (name) => name === "reasoning" || name === "recommendations"),
    part("customDetails", data.customDetails),
    part("change.labels", data.change?.["labels"], (name) => !identifying.has(name)),
    part("metadata", data.metadata),
    part("alert", data.alert, (name) => name === "valueString" || name === "generatorURL"),
  ];
}

function named(dropped: readonly string[]): string[] {
  const names = dropped.slice(0, most.named).map((name) => cutText(name, most.nameLength));
  const more = dropped.length - names.length;
  return more > 0 ? [...names, `${more} more`] : names;
}

/** Cuts every text, when there is nothing left to drop. */
function cut(event: WebhookEvent): WebhookEvent {
  return JSON.parse(JSON.stringify(event, shorten)) as WebhookEvent;
}

const shorten = (_: string, value: unknown) => (typeof value === "string" ? cutText(value, longestText) : value);

const cutText = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1).toWellFormed()}…` : text;
