import { type Alert, type AlertStateThere, duration } from "@tocsin/core";
import { parseInstant } from "../instant.ts";
import { parseWebhookAlert } from "../alertmanager.ts";

/** One alert of `GET /api/v2/alerts`. Most are never needed as an `Alert`, so its fields are read when they are. */
export interface ListedAlert {
  readonly fingerprint: string;
  readonly state: AlertStateThere;
  readonly listed: object;
}

/** `GET /api/v2/status`, as much of it as is needed. */
export interface ApiStatus {
  /** Its name in the cluster; null: it runs without one. */
  readonly name: string | null;
  readonly peers: readonly string[];
  /** When it started, by its own clock, as it wrote it. */
  readonly uptime: string;
  readonly startedAtMs: number;
  readonly resolveTimeoutMs: number;
}

/** https://prometheus.io/docs/alerting/latest/configuration/: `resolve_timeout` has this default. */
const defaultResolveTimeoutMs = 300_000;

const states: ReadonlySet<unknown> = new Set<AlertStateThere>(["active", "suppressed", "unprocessed"]);

/** Fingerprints are 16 hex digits; whatever is longer is none. */
const maxFingerprint = 256;

/** @throws Error whose message says what is wrong, quoting nothing of the answer */
export function parseAlerts(body: string): ListedAlert[] {
  const list = parseJson(body);
  if (!Array.isArray(list)) throw new Error("the list of alerts is not a JSON list");
  return list.map((listed: unknown) => {
    if (!isObject(listed)) throw new Error("an alert is not an object");
    const { fingerprint, status } = listed;
    if (typeof fingerprint !== "string" || fingerprint === "" || fingerprint.length > maxFingerprint)
      throw new Error("an alert has no fingerprint");
    const state = isObject(status) ? status["state"] : undefined;
    if (!states.has(state)) throw new Error("an alert has no known state");
    return { fingerprint, state: state as AlertStateThere, listed };
  });
}

/** The alert as routing needs it; undefined: it is not one that the webhook could have sent. */
export function alertOf(
  { listed }: ListedAlert,
  from: { readonly source: string; readonly nowMs: number },
): Alert | undefined {
  const claim = parseWebhookAlert({ ...listed, status: "firing" }, from);
  return "alert" in claim ? claim.alert : undefined;
}

/** @throws Error whose message says what is wrong, quoting nothing of the answer */
export function parseStatus(body: string): ApiStatus {
  const status = parseJson(body);
  if (!isObject(status)) throw new Error("the status is not an object");
  const { uptime, cluster, config } = status;
  const startedAtMs = typeof uptime === "string" ? parseInstant(uptime) : undefined;
  if (typeof uptime !== "string" || typeof startedAtMs !== "number") throw new Error("the status shows no uptime");
  if (!isObject(cluster)) throw new Error("the status shows no cluster");
  const { name, peers } = cluster;
  const original = isObject(config) ? config["original"] : undefined;
  return {
    name: typeof name === "string" && name !== "" ? name : null,
    peers: Array.isArray(peers) ? peers.map(peerName) : [],
    uptime,
    startedAtMs,
    resolveTimeoutMs: typeof original === "string" ? resolveTimeoutIn(original) : defaultResolveTimeoutMs,
  };
}

function peerName(peer: unknown): string {
  const name = isObject(peer) ? peer["name"] : undefined;
  if (typeof name !== "string") throw new Error("a peer of the cluster has no name");
  return name;
}

/** The running configuration is YAML of Alertmanager's own making, with all defaults filled in. */
function resolveTimeoutIn(yaml: string): number {
  const written = /^\s+resolve_timeout:\s*["']?([\w]+)/m.exec(yaml)?.[1];
  const read = duration().safeParse(written);
  return read.success ? read.data : defaultResolveTimeoutMs;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error("the answer is no JSON, or too long");
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
