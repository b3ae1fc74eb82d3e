import { isLoopback } from "@tocsin/http/portable";
import type { z } from "zod";
import { compileFilters } from "../filters/compile-filters.ts";
import { minRedactedLength, type Secret } from "../schema/secret.ts";
import { parseSeverity, severities, type Severity } from "../alerts/severity.ts";
import type { RateLimit } from "../ports/ledger/target-terms.ts";
import { checkInput, type Issue } from "../schema/issue.ts";
import { nearest } from "../schema/nearest.ts";
import { isSecretInput, type ReadSecret, type SecretInput } from "../schema/secret-input.ts";
import { readAliases } from "./aliases.ts";
import { hideSecrets } from "./hide-secrets.ts";
import { isPlainObject, type PlainObject, shapeIssues } from "./plain-object.ts";
import { type Complain, presentSecret, readHeaders, readSecretField, readTls } from "./read-secrets.ts";
import { type CommonFields, targetSchema, untypedSchema } from "./target-schema.ts";
import type { TargetType } from "./target-type.ts";
import type { Target } from "./target.ts";

export interface ParseTargetOptions {
  /** The known types, from the registry of publishers. */
  readonly types: readonly TargetType[];
  readonly readSecret: ReadSecret;
  /** Prefix of every issue's path, such as `targets[2]`. */
  readonly path?: string;
  /** Name of a target that has no `name`. */
  readonly name?: string;
  /** Other entries of the same Kubernetes Secret, such as `routing_key`. A credential is searched there last. */
  readonly siblingEntries?: Readonly<Record<string, string>>;
}

export type ParsedTarget =
  /** `warnings`: the target works, but perhaps not as intended. */
  | { readonly target: Target; readonly warnings: readonly Issue[] }
  /** `disabled`: the input says `enabled: false`, so an earlier valid version of the target must not be used instead. */
  | { readonly issues: readonly Issue[]; readonly disabled: boolean };

/**
 * Converts a user's input to a compiled target, or to a list of all its mistakes. Never throws because of the input, and no
 * message shows a credential.
 *
 * @example
 * const parsed = parseTarget(JSON.parse(text), { types: targetTypes, readSecret, path: "targets[0]" });
 * if ("issues" in parsed) console.error(parsed.issues);
 */
export function parseTarget(input: unknown, options: ParseTargetOptions): ParsedTarget {
  const { path: start = "", types } = options;
  const prefix = (issue: Issue) => ({ ...issue, path: [start, issue.path].filter((part) => part !== "").join(".") });
  const disabled = isPlainObject(input) && input["enabled"] === false;
  const unfit = shapeIssues(input);
  if (unfit.length > 0) return { issues: unfit.map(hideSecrets({}, [])).map(prefix), disabled };

  const { fields: written, issues, asWritten } = readAliases(input as PlainObject);
  const hide = hideSecrets(written, secretKeysOf(types), options.siblingEntries);
  const show = (found: readonly Issue[]) => found.map(asWritten).map(hide).map(prefix);

  const type = types.find((one) => one.type === written["type"]);
  if (!type) {
    const shape = read(untypedSchema, written).issues;
    return { issues: show([unknownType(written, types), ...issues, ...shape]), disabled };
  }
  const shape = read(targetSchema(type), written);
  const { target, issues: cross, warnings } = assemble(shape.fields, type, options);
  // If a key already has an issue of its own, do not also report issues about its meaning.
  const found = [...issues, ...shape.issues, ...cross.filter(({ path }) => !shape.bad.has(path.split(/[.[]/)[0]!))];
  return found.length > 0 ? { issues: show(found), disabled } : { target, warnings: show(warnings) };
}

/** The keys that expect a credential in at least one type. */
export const secretKeysOf = (types: readonly TargetType[]): string[] =>
  types.flatMap(({ fields }) =>
    Object.entries(fields).flatMap(([key, schema]) => (isSecretInput(schema) ? [key] : [])),
  );

function unknownType(written: PlainObject, types: readonly TargetType[]): Issue {
  const { type } = written;
  const known = types.map((one) => one.type);
  const available = known.map((one) => `"${one}"`).join(", ");
  const required = `required; one of ${available}`;
  if (type === undefined) {
    const typo = nearest("type", Object.keys(written));
    return typo === undefined
      ? { path: "type", message: required }
      : { path: typo, message: `unknown key; did you mean "type"? It is ${required}` };
  }
  const meant = typeof type === "string" ? nearest(type, known) : undefined;
  const question = meant === undefined ? "" : `; did you mean "${meant}"?`;
  return { path: "type", message: `no publisher for this type${question}; available: ${available}` };
}

interface Read {
  /** The valid keys. Invalid keys count as absent. */
  readonly fields: Fields;
  readonly issues: readonly Issue[];
  /** The top-level keys with issues. */
  readonly bad: ReadonlySet<string>;
}

type Fields = CommonFields & PlainObject;

/** Reads all valid keys, so that all mistakes are reported at once and not one per attempt. */
function read(schema: z.ZodType<Fields>, written: PlainObject): Read {
  const whole = checkInput(schema, written);
  if ("data" in whole) return { fields: whole.data, issues: [], bad: new Set() };
  const { issues, keys: bad } = whole;
  const rest = Object.fromEntries(Object.entries(written).filter(([key]) => !bad.has(key)));
  return { fields: schema.parse(rest), issues, bad };
}

interface Assembled {
  readonly target: Target;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/** Checks rules that involve several keys, and builds the target. */
function assemble(fields: Fields, type: TargetType, options: ParseTargetOptions): Assembled {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const complain = (path: string, message: string) => void issues.push({ path, message });

  const name = fields.name ?? options.name;
  if (name === undefined) complain("name", "required");
  if (fields.fallback !== undefined && fields.fallback === name) complain("fallback", "must be another target");
  const format = fields.format ?? type.type;
  if (format !== type.type) complain("format", `a target of this type takes only "${type.type}"`);
  if (fields.group_by.length > 0 && fields.template.fields.dedup_key) {
    complain("group_by", "and template.dedup_key both decide which alerts belong together; use one of them");
  }
  if (fields.url?.protocol === "http:" && !isLoopback(fields.url.hostname)) {
    if (fields.allow_insecure)
      warnings.push({ path: "url", message: "plain http: alerts and credentials are sent unencrypted" });
    else complain("url", 'plain http is only allowed to this machine; use https, or set "allow_insecure": true');
  }
  if (fields.adopt_unknown_resolves && !type.adoptsUnknownResolves)
    complain(
      "adopt_unknown_resolves",
      "targets of this type receive no resolve of an alert that was not sent to them; remove this key",
    );
  const secretAt = (path: string, secret: Secret | undefined): Secret | undefined => {
    if (secret && secret.reveal().length < minRedactedLength) warnings.push({ path, message: tooShort });
    return secret;
  };
  const headers = readHeaders(fields.headers, options.readSecret, complain);
  for (const [header, secret] of Object.entries(headers))
    if (credentialHeader.test(header)) secretAt(`headers.${header}`, secret);
  const tls = fields.tls && readTls(fields.tls, options.readSecret, complain);
  if (tls !== undefined && fields.url?.protocol === "http:") complain("tls", "applies only to a url with https");
  const threshold = thresholdOf(fields.metadata["severity_threshold"], complain);
  const endpoint = type.locate({
    url: fields.url,
    headers,
    typeOptions: fields,
    secret: (given, path) =>
      secretAt(path, readSecretField(given as SecretInput | undefined, path, options.readSecret, complain)),
    siblingEntry: (key) => secretAt(key, presentSecret(options.siblingEntries?.[key])),
  });
  const rateLimit = rateLimitOf(fields.rate_limit, endpoint.rateLimit ?? type.rateLimit, complain);
  if ([endpoint.credential, endpoint.restToken].some((secret) => secret && name?.includes(secret.reveal())))
    complain("name", "must not contain the credential");

  const noChanges =
    type.changes === "never"
      ? `targets of type ${type.type} cannot show an event without an end`
      : endpoint.whyNoChanges;
  if (fields.changes && noChanges !== undefined) complain("changes", `must not be true: ${noChanges}`);

  const target: Target = {
    name: name ?? "",
    type: type.type,
    format,
    url: endpoint.url,
    credential: endpoint.credential,
    degraded: endpoint.degraded,
    headers: endpoint.headers,
    ...(endpoint.signingSecrets && { signingSecrets: endpoint.signingSecrets }),
    ...(tls && { tls }),
    typeOptions: endpoint.typeOptions ?? {},
    ...(endpoint.restToken && { restToken: endpoint.restToken }),
    enabled: fields.enabled,
    mode: fields.mode,
    filters: compileFilters(fields.filters, threshold),
    excludeNoise: fields.filters.exclude_noise === true,
    ...(fields.filters.min_confidence !== undefined && { minConfidence: fields.filters.min_confidence }),
    waitsForClassification: fields.wait_for_classification,
    rateLimit,
    timeoutMs: fields.timeout,
    metadata: fields.metadata,
    template: fields.template,
    groupBy: fields.group_by,
    groupUpdates: fields.group_updates,
    ...(fields.severity_map && { severityMap: fields.severity_map }),
    defaultSeverity: fields.default_severity,
    ...(fields.fallback !== undefined && { fallback: fields.fallback }),
    fallbackAfterMs: fields.fallback_after,
    ...(fields.confirm_within !== undefined && { confirmWithinMs: fields.confirm_within }),
    pageResolved: fields.page_resolved,
    takesChanges: noChanges === undefined && (fields.changes ?? type.changes === true),
    ...(noChanges !== undefined && { whyNoChanges: noChanges }),
    includeChangesMs: fields.include_changes,
    adoptUnknownResolves: fields.adopt_unknown_resolves ?? type.adoptsUnknownResolves,
  };
  return { target, issues: [...issues, ...endpoint.issues], warnings: [...warnings, ...endpoint.warnings] };
}

const tooShort = `is shorter than ${minRedactedLength} characters, so it is not removed from answers and logs that repeat it`;

/** Headers that may contain a credential. The values of other headers are often words such as `true`. */
const credentialHeader = /auth|cookie|credential|key|pass|secret|signature|token/i;

function thresholdOf(word: unknown, complain: Complain): Severity | undefined {
  if (word === undefined) return undefined;
  const severity = typeof word === "string" ? parseSeverity(word) : undefined;
  if (!severity) complain("metadata.severity_threshold", `expected one of ${severities.join(", ")}`);
  return severity;
}

const defaultBurst = 10;

function rateLimitOf(given: CommonFields["rate_limit"], usual: TargetType["rateLimit"], complain: Complain): RateLimit {
  const { algorithm, reserve, limit = usual.limit, per = usual.perMs } = given;
  if (algorithm === "sliding_window") {
    if (given.burst !== undefined) complain("rate_limit.burst", "only the token_bucket algorithm has a burst");
    return { limit, perMs: per, algorithm, burst: 0, reserve };
  }
  const burst = given.burst ?? Math.max(1, Math.min(defaultBurst, limit - 1));
  if (limit > 0 && burst >= limit) complain("rate_limit.burst", "must be less than the limit, or it never refills");
  return { limit, perMs: per, algorithm, burst, reserve };
}
