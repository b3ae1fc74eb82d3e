import { z } from "zod";
import { filterFields, severityWord } from "../filters/compile-filters.ts";
import { normalizeWord, type Severity, type SeverityMap } from "../alerts/severity.ts";
import { duration } from "../schema/duration.ts";
import { jsonSchemaOf } from "../schema/field.ts";
import { secretInput } from "../schema/secret-input.ts";
import type { TargetType } from "./target-type.ts";
import { targetUrl } from "./target-url.ts";
import { templateSchema } from "./template.ts";

/** In characters. */
const maxNameLength = 253;

const name = z
  .string()
  .min(1)
  .max(maxNameLength)
  .regex(/^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u, "must not have control characters, or blanks at its start or end");

/** https://www.rfc-editor.org/rfc/rfc9110#name-field-names */
const headerName = z
  .string()
  .regex(/^[\w!#$%&'*+.^`|~-]+$/, "is not a valid name of an HTTP header")
  .refine((header) => !ownHeaders.has(header.toLowerCase()), "Tocsin sets this header itself");

/** Headers that frame the request or describe its body. Tocsin sets these itself. */
const ownHeaders = new Set(
  "connection content-length content-type expect host keep-alive te trailer transfer-encoding upgrade user-agent".split(
    " ",
  ),
);

const positive = (schema: z.ZodType<number, string | 0>) => schema.refine((ms) => ms > 0, "must be longer than 0s");

const maxSeverityWords = 100;

const severityMap = z.record(z.string(), severityWord).transform((words, context): SeverityMap => {
  const complain = (message: string) => void context.issues.push({ code: "custom", message, input: words });
  const map = new Map<string, Severity>();
  for (const [written, severity] of Object.entries(words)) {
    const word = normalizeWord(written);
    if (word === "") complain("a word must not be blank");
    if (map.has(word)) complain(`"${word}" occurs twice; upper and lower case mean the same`);
    map.set(word, severity);
  }
  if (map.size > maxSeverityWords) complain(`has more than ${maxSeverityWords} words`);
  return map;
});

const rateLimit = z.strictObject({
  limit: z.int().min(0).max(1_000_000).optional().describe("Attempts per window, including retries; 0 = no limit."),
  per: positive(duration()).optional().describe("Length of the window."),
  algorithm: z
    .enum(["sliding_window", "token_bucket"])
    .prefault("sliding_window")
    .describe("Algorithm by which attempts are counted."),
  burst: z
    .int()
    .min(1)
    .optional()
    .describe("Token bucket only: attempts at once; it refills at (limit - burst) per window."),
  reserve: z.number().min(0).max(1).prefault(0.2).describe("Share of the limit that is reserved for criticals."),
});

const tls = z.strictObject({
  ca: secretInput.optional().describe("Authorities to trust instead of the well-known ones, as PEM."),
  cert: secretInput
    .optional()
    .describe("Certificate of this service for mutual TLS as PEM, followed by its intermediates."),
  key: secretInput.optional().describe("Private key of `cert` as PEM, without a passphrase."),
  server_name: z
    .string()
    .regex(/^[\w.:-]{1,253}$/, 'expected a host name or an address, such as "receiver.example.com"')
    .optional()
    .describe("Name that the receiver's certificate must have; by default the host of the URL."),
});

/** The keys that targets of every type have. */
const commonFields = {
  name: name.optional().describe("Identity of the target, in metrics too."),
  url: targetUrl.optional().describe("URL of the receiver, with or without its API path."),
  format: z.string().optional().describe("Format of the events; by default that of the type."),
  enabled: z.boolean().prefault(true).describe("If false, nothing is sent. Overrides everything else."),
  mode: z
    .enum(["live", "shadow"])
    .prefault("live")
    .describe("shadow: does everything except send, to compare with your present system."),
  headers: z.record(headerName, secretInput).prefault({}).describe("HTTP headers of every request; values are secret."),
  tls: tls
    .optional()
    .describe("TLS settings for connections to the receiver; all except `server_name` are secret inputs."),
  filters: filterFields.prefault({}).describe("Filters for alerts; all must pass."),
  metadata: z
    .record(z.string(), z.json())
    .prefault({})
    .describe(
      "Added to the event's details. `severity_threshold` counts as `min_severity`; `runbook_base_url` makes links.",
    ),
  rate_limit: rateLimit
    .prefault({})
    .describe(
      "Attempts that the receiver accepts from this credential. Enabled live targets with the same credential share the smallest of their limits; targets without any credential share it only within their source and namespace.",
    ),
  template: templateSchema.prefault({}).describe("Liquid templates for fields of the event."),
  group_by: z
    .array(z.string().min(1))
    .prefault([])
    .describe(
      "Alerts with equal values of these labels share one incident. Empty: each alert has its own incident. `...` means all labels.",
    ),
  group_updates: z
    .boolean()
    .prefault(true)
    .describe(
      "Whether the target gets an update when alerts join or leave an open incident: at the earliest 10 s after its trigger, then at most every 5 minutes.",
    ),
  severity_map: severityMap
    .optional()
    .describe(
      "Severities of additional words in the labels `severity`, `priority` and `urgency`, upper or lower case: `average: warning`.",
    ),
  default_severity: severityWord.prefault("error").describe("Severity of an alert without a known severity label."),
  timeout: positive(duration()).prefault("10s").describe("Longest wait for one attempt."),
  fallback: name.optional().describe("Target that also receives a critical which was not delivered here in time."),
  fallback_after: duration().prefault("2m").describe("Time for the delivery before the fallback receives it."),
  confirm_within: positive(duration())
    .optional()
    .describe(
      "Time within which the receiver must report that it has an incident of a critical which it accepted, such as `2m`; afterwards the fallback receives it too. Needs a callback. Default: off.",
    ),
  page_resolved: z
    .enum(["never", "critical", "always"])
    .prefault("never")
    .describe("Whether an alert that ended before it was delivered is still sent."),
  adopt_unknown_resolves: z
    .boolean()
    .optional()
    .describe("Whether the resolve of an alert that was never seen before is sent once; PagerDuty only."),
  changes: z
    .boolean()
    .optional()
    .describe(
      "Whether the target receives changes, such as deployments. Default: true for PagerDuty, false for others.",
    ),
  include_changes: duration()
    .prefault("0s")
    .describe("A page lists up to five related changes of this time before it, such as `1h`. 0s = none."),
  wait_for_classification: z
    .boolean()
    .prefault(false)
    .describe(
      "Whether a first page waits for its classification, within the budget, also if that cannot change its severity. See [Classification](classification.md).",
    ),
  allow_insecure: z.boolean().prefault(false).describe("Allows plain http to other machines."),
};

const common = z.object(commonFields);
export type CommonFields = z.output<typeof common>;

/** Schemas are expensive to make, so there is one per type, and it is never made again. */
const schemas = new WeakMap<TargetType, z.ZodType<CommonFields & Record<string, unknown>>>();

/** The schema of `target.json` for one type. */
export function targetSchema(type: TargetType): z.ZodType<CommonFields & Record<string, unknown>> {
  let schema = schemas.get(type);
  if (!schema) {
    const literal = z.literal(type.type).describe(type.description);
    const { name: nameField, ...rest } = commonFields;
    schema = z.strictObject({ name: nameField, type: literal, ...type.fields, ...rest });
    schemas.set(type, schema);
  }
  return schema;
}

/** For a target of an unknown type: finds mistakes in the keys that every type has. */
export const untypedSchema: z.ZodType<CommonFields> = z.looseObject(commonFields);

/**
 * JSON Schema (2020-12) of a target, for editors: one alternative per type.
 *
 * @example
 * const schema = targetJsonSchema(targetTypes); // types from @tocsin/publishers
 */
export function targetJsonSchema(types: readonly TargetType[]): object {
  const [first, ...others] = types.map(targetSchema);
  // One schema for all, so that shared definitions are at the root, where references begin.
  return jsonSchemaOf(others.length === 0 ? first! : z.union([first!, ...others]));
}
