import { type Check, is, isRecord, list, optional, record } from "./validate.ts";
import type { Severity } from "./event.ts";
import { fitTimestamp } from "./fit-timestamp.ts";

const severities: readonly unknown[] = ["critical", "error", "warning", "info"] satisfies Severity[];

const text = is((value) => typeof value === "string", "must be a string");
const filledText = is(
  (value) => typeof value === "string" && value.trim() !== "",
  "must be a string that is not blank",
);
const severity = is((value) => severities.includes(value), 'must be "critical", "error", "warning" or "info"');
const timestamp = is(isTimestamp, "must be a valid Date or a date and time as in ISO 8601");
// A Date, a URL or a Buffer is an object, but JSON converts it to a string or another value.
const details = is((value) => isRecord(value) && typeof value["toJSON"] !== "function", "must be a plain object");
const links = list(record({ href: text, text: optional(text) }));
const images = list(record({ src: text, href: optional(text), alt: optional(text) }));

export const checkTrigger: Check = record({
  dedupKey: optional(text),
  payload: record({
    summary: filledText,
    source: filledText,
    severity,
    timestamp: optional(timestamp),
    component: optional(text),
    group: optional(text),
    class: optional(text),
    customDetails: optional(details),
  }),
  links: optional(links),
  images: optional(images),
  client: optional(text),
  clientUrl: optional(text),
});

/** For acknowledge and resolve. */
export const checkDedupKey: Check = record({ dedupKey: filledText });

export const checkChange: Check = record({
  payload: record({
    summary: filledText,
    source: optional(text),
    timestamp: optional(timestamp),
    customDetails: optional(details),
  }),
  links: optional(links),
});

const action = is(
  (value) => ["trigger", "acknowledge", "resolve", "change"].includes(value as string),
  'must be "trigger", "acknowledge", "resolve" or "change"',
);

/** An object with an action. The check for that action examines the rest. */
export const checkEventInput: Check = (value, path, issues) => {
  if (isRecord(value)) action(value["action"], "action", issues);
  else issues.push({ path, message: "must be an object" });
};

function isTimestamp(value: unknown): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime()) && fitTimestamp(value.toISOString()) !== undefined;
  return typeof value === "string" && fitTimestamp(value) !== undefined;
}
