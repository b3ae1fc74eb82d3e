import { randomUUID } from "node:crypto";
import { type Change, checkInput, isBlank, type Issue } from "@tocsin/core";
import { z } from "zod";
import { parseInstant } from "../ingest/instant.ts";

/** Most changes of one request. */
export const maxChanges = 1_000;

/** Most issues that an answer lists. */
const maxIssues = 100;

const maxLinks = 100;

/** Most characters of a change in JSON without its details: a search for related changes reads a hundred changes. */
const maxCharacters = 65_536;

const filled = (max: number) =>
  z
    .string()
    .max(max, `must not be longer than ${max} characters`)
    .refine((text) => !isBlank(text), "must not be blank");

const webUrl = z
  .string()
  .max(4_096, "must not be longer than 4096 characters")
  .refine(
    (href) => /^https?:\/\//i.test(href) && URL.canParse(href),
    'expected a URL such as "https://ci.example.com/1"',
  );

const timestamp = z.string().transform((text, context) => {
  const ms = parseInstant(text);
  if (ms !== null) return ms;
  context.issues.push({ code: "custom", message: 'expected a time such as "2026-01-31T12:00:00Z"', input: text });
  return z.NEVER;
});

/** A change as `POST /api/v1/changes` takes it. */
export const postedChange = z.strictObject({
  id: filled(1_024).optional(),
  summary: filled(10_000),
  source: filled(1_024).optional(),
  timestamp: timestamp.optional(),
  environment: filled(1_024).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  customDetails: z.unknown().optional(),
  links: z
    .array(z.strictObject({ href: webUrl, text: z.string().max(1_024).optional() }))
    .max(maxLinks)
    .optional(),
  targets: z.array(z.string()).min(1, "expected at least one target").max(100).optional(),
});

export interface PostedChange {
  readonly change: Change;
  /** Full names of the targets that the change names. Undefined: filters decide. */
  readonly targets?: readonly string[];
}

export interface PostedChanges {
  /** The valid changes, in order. */
  readonly valid: readonly PostedChange[];
  readonly invalid: number;
  /** The mistakes in all others, at most 100. */
  readonly issues: readonly Issue[];
}

export interface Posting {
  /** The name of the sender's token. */
  readonly origin: string;
  readonly nowMs: number;
  /** The full name of a target. Undefined: there is no such target. */
  readonly targetNamed: (name: string) => string | undefined;
}

/** Reads one change, or `{ changes: [...] }`. An invalid change does not affect the others. */
export function parseChanges(body: unknown, posting: Posting): PostedChanges {
  if (!isObject(body)) return refusedBody("", "expected a change, or an object with a list `changes`");
  if (!("changes" in body)) return collect([{ input: body, path: "" }], posting);
  const { changes, ...others } = body;
  const [other] = Object.keys(others);
  if (other !== undefined) return refusedBody(other, "must not stand beside `changes`");
  if (!Array.isArray(changes)) return refusedBody("changes", "expected a list");
  if (changes.length > maxChanges) return refusedBody("changes", `must not have more than ${maxChanges} changes`);
  return collect(
    changes.map((input: unknown, index) => ({ input, path: `changes[${index}]` })),
    posting,
  );
}

function collect(
  inputs: readonly { readonly input: unknown; readonly path: string }[],
  posting: Posting,
): PostedChanges {
  const valid: PostedChange[] = [];
  const issues: Issue[] = [];
  for (const { input, path } of inputs) {
    const read = readChange(input, posting);
    if (!("issues" in read)) valid.push(read);
    else for (const issue of read.issues) issues.push({ ...issue, path: [path, issue.path].filter(Boolean).join(".") });
  }
  return { valid, invalid: inputs.length - valid.length, issues: issues.slice(0, maxIssues) };
}

function readChange(
  input: unknown,
  { origin, nowMs, targetNamed }: Posting,
): PostedChange | { readonly issues: readonly Issue[] } {
  const checked = checkInput(postedChange, input);
  if ("issues" in checked) return { issues: checked.issues };
  const { id, summary, source, timestamp: timestampMs, environment, customDetails, links = [], targets } = checked.data;
  const unknown = targets?.flatMap((name, index) =>
    targetNamed(name) === undefined
      ? [{ path: `targets[${index}]`, message: "there is no target with this name" }]
      : [],
  );
  if (unknown && unknown.length > 0) return { issues: unknown };
  // A label with an empty value is the same as no label: https://prometheus.io/docs/concepts/data_model/
  const labels = Object.fromEntries(Object.entries(checked.data.labels ?? {}).filter(([, value]) => value !== ""));
  const change: Change = {
    id: id ?? randomUUID(),
    origin,
    summary,
    source: source ?? labels["service"] ?? labels["app"] ?? origin,
    timestampMs: timestampMs ?? nowMs,
    ...(environment !== undefined && { environment }),
    labels,
    links: links.map(({ href, text }) => ({ href, ...(text && { text }) })),
  };
  if (JSON.stringify(change).length > maxCharacters)
    return {
      issues: [{ path: "", message: `must not have more than ${maxCharacters} characters beside customDetails` }],
    };
  const details = customDetails !== undefined && customDetails !== null && { customDetails };
  return {
    change: { ...change, ...details },
    ...(targets && { targets: targets.map((name) => targetNamed(name) ?? name) }),
  };
}

const refusedBody = (path: string, message: string): PostedChanges => ({
  valid: [],
  invalid: 1,
  issues: [{ path, message }],
});

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
