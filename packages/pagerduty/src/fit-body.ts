import { cutText } from "./fit-summary.ts";

/**
 * "512 KB" in the documentation; Alertmanager and Grafana send at most 512,000 bytes of encoded JSON and are never refused.
 * Whether 524,288 pass is unknown.
 */
export const maxBodyBytes = 512_000;

/** True when a JSON text is small enough to send. It counts bytes only when the number of characters does not decide. */
export function fitsBody(json: string): boolean {
  // One UTF-16 unit is at most 3 bytes of UTF-8, and at least one.
  if (json.length * 3 <= maxBodyBytes) return true;
  return json.length <= maxBodyBytes && utf8Length(json) <= maxBodyBytes;
}

/** Labels that distinguish one alert from another. */
const identifyingLabels = new Set([
  "alertname",
  "severity",
  "instance",
  "namespace",
  "job",
  "service",
  "cluster",
  "pod",
  "node",
]);

/** Code points that stay of the source when the event must become smaller. */
const maxSourceCodePoints = 1024;

/** Limits of the list `dropped_to_fit` in the event. The caller gets all names at full length. */
const listed = { names: 20, codePoints: 60 };
/** Room for that list if every character is an escape of 6 bytes, and for the commas that are counted twice. */
const listBytes = 8_000;

type Plain = Record<string, unknown>;

/** A part that can be removed from the event. */
interface Part {
  path: string;
  /** Parts of value 0 are removed first. */
  value: number;
  /** The bytes that its removal frees. */
  bytes: number;
  drop: () => void;
}

/** Removes the least valuable parts of an event's JSON until it fits. */
export function fitBody(json: string): { body: string; dropped: string[] } {
  const event = JSON.parse(json) as Plain;
  const payload = (event["payload"] ??= {}) as Plain;
  const details = (payload["custom_details"] ??= {}) as Plain;
  const parts = leastNeeded(partsOf(event, payload, details), utf8Length(json) + listBytes - maxBodyBytes);
  for (const part of parts) part.drop();
  const dropped = parts.map((part) => part.path);
  details["dropped_to_fit"] = listOf(dropped);
  return { body: JSON.stringify(event), dropped };
}

/** The parts of least value that together free at least `bytes`. Among parts of equal value the largest come first. */
function leastNeeded(parts: Part[], bytes: number): Part[] {
  parts.sort((a, b) => a.value - b.value || b.bytes - a.bytes);
  let spare = -bytes;
  const enough = parts.filter((part) => {
    if (spare >= 0) return false;
    spare += part.bytes;
    return true;
  });
  // A later part may free enough bytes for an earlier, more valuable or smaller part, which then stays after all.
  const kept = new Set<Part>();
  for (const part of enough.toReversed()) {
    if (part.bytes > spare) continue;
    spare -= part.bytes;
    kept.add(part);
  }
  return enough.filter((part) => !kept.has(part));
}

function partsOf(event: Plain, payload: Plain, details: Plain): Part[] {
  const parts = Object.keys(details).flatMap((name) => {
    const value = details[name];
    const path = `custom_details.${name}`;
    if (!isPlain(value)) return partOf(details, name, path, 2);
    if (name === "annotations") return Object.keys(value).map((key) => partOf(value, key, `${path}.${key}`, 0));
    if (name !== "labels") return partOf(details, name, path, 2);
    return Object.keys(value).map((key) => partOf(value, key, `${path}.${key}`, identifyingLabels.has(key) ? 4 : 1));
  });
  for (const name of ["images", "links", "client", "client_url"]) parts.push(partOf(event, name, name, 3));
  for (const name of ["component", "group", "class"]) parts.push(partOf(payload, name, name, 3));
  parts.push(sourceEnd(payload));
  return parts.filter(({ bytes }) => bytes > 0);
}

function partOf(of: Plain, key: string, path: string, value: number): Part {
  // "key":value and a comma
  const bytes = key in of ? jsonBytes(key) + jsonBytes(of[key]) + 2 : 0;
  return { path, value, bytes, drop: () => delete of[key] };
}

/** The source beyond its first 1,024 code points. It is removed last. */
function sourceEnd(payload: Plain): Part {
  const source = typeof payload["source"] === "string" ? payload["source"] : "";
  const short = cutText(source, maxSourceCodePoints);
  return {
    path: "source",
    value: 5,
    bytes: jsonBytes(source) - jsonBytes(short),
    drop: () => (payload["source"] = short),
  };
}

function listOf(paths: string[]): string[] {
  const names = paths.slice(0, listed.names).map((path) => cutText(path, listed.codePoints));
  return paths.length > listed.names ? [...names, `and ${paths.length - listed.names} more`] : names;
}

function jsonBytes(value: unknown): number {
  return utf8Length(JSON.stringify(value));
}

const encoder = new TextEncoder();
const utf8Length = (text: string): number => encoder.encode(text).length;

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
