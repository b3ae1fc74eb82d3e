import { type Alert, alertFingerprint, type Claim } from "@tocsin/core";
import type { LocatedIssue } from "./located-issue.ts";
import { BatchReader, type Received } from "./batch-reader.ts";
import { LargeJson } from "./large-json.ts";
import { type AlertFields, isEmpty, isProblems, noLabels, readAlert } from "./read-alert.ts";

/**
 * Reads the body of `POST /api/v2/alerts` (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml), as
 * Prometheus and compatible senders (vmalert, the Thanos and Loki rulers) send it: without status and fingerprint. Every firing
 * alert has an end in the future that each repeat moves forward; an end in the past means resolved. Alertmanager reads null as
 * an empty list, and so does this.
 */
export function parsePrometheusAlerts(body: unknown, from: Received): BatchReader {
  const alerts = listOf(body);
  return alerts === undefined
    ? BatchReader.unreadable("", "expected a list of alerts")
    : new BatchReader(alerts, (alert) => parsePostedAlert(alert, from));
}

function listOf(body: unknown): Iterable<unknown> | undefined {
  if (body instanceof LargeJson) return body.top.isList ? body.top.items() : undefined;
  return Array.isArray(body) || body === null ? (body ?? []) : undefined;
}

function parsePostedAlert(input: unknown, from: Received): Claim | readonly LocatedIssue[] {
  const said = readAlert(withGoNames(input));
  return isProblems(said) ? said : claimOf(said, from);
}

const fields = ["labels", "annotations", "startsAt", "endsAt", "generatorURL"];
const fieldOf = new Map(fields.map((name) => [name.toLowerCase(), name]));

/** Go, and therefore Alertmanager, reads `EndsAt` and `ENDSAT` as `endsAt`; of two spellings the later one is used. */
function withGoNames(input: unknown): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  for (const name in input) {
    if (fields.includes(name) || !fieldOf.has(name.toLowerCase())) continue;
    return Object.fromEntries(
      Object.entries(input).map(([key, value]) => [fieldOf.get(key.toLowerCase()) ?? key, value]),
    );
  }
  return input;
}

function claimOf(said: AlertFields, { source, sender, nowMs }: Received): Claim | readonly LocatedIssue[] {
  const { labels, annotations, startsAt, endsAt, generatorURL } = said;
  if (isEmpty(labels)) return noLabels;
  if (startsAt !== undefined && endsAt !== undefined && endsAt < startsAt) return endsFirst;
  const alert: Alert = {
    fingerprint: alertFingerprint(labels),
    labels,
    annotations,
    startsAtMs: startsAt ?? Math.min(endsAt ?? nowMs, nowMs),
    ...(generatorURL !== undefined && { generatorURL }),
  };
  const origin = generatorURL === undefined ? undefined : originOf(generatorURL);
  return {
    alert,
    status: endsAt !== undefined && endsAt <= nowMs ? "resolved" : "firing",
    source,
    sender,
    ...(origin !== undefined && { origin }),
    ...(endsAt !== undefined && { endsAtMs: endsAt }),
    ...(startsAt === undefined && { startUnknown: true }),
  };
}

/** Maximum length of an origin: long enough for any host name; the rest of a longer one would only make rows larger. */
const maxOriginLength = 300;

/** Returns scheme, host and port, without user name and password. Undefined if the URL is not absolute. */
function originOf(url: string): string | undefined {
  const [, scheme, authority] = /^([A-Za-z][A-Za-z\d+.-]*:\/\/)([^/?#]+)/.exec(url.slice(0, maxOriginLength)) ?? [];
  if (scheme === undefined || authority === undefined) return undefined;
  return `${scheme}${authority.slice(authority.lastIndexOf("@") + 1)}`.toLowerCase();
}

const endsFirst: readonly LocatedIssue[] = [{ path: ["endsAt"], message: "must not be before startsAt" }];
