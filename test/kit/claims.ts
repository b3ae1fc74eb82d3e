import {
  type Alert,
  type Claim,
  type Lease,
  type Route,
  type Severity,
  summaryOf,
  type RoutedClaim,
} from "@tocsin/core";

/** The alert that a lease speaks of. */
export const alertIn = ({ alertJson }: Pick<Lease, "alertJson">): Alert => JSON.parse(alertJson) as Alert;

/** The fields of an alert that a test sets; the others get defaults. */
export interface Saying {
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
  readonly source?: string;
  /** Makes it a direct claim. */
  readonly sender?: string;
  readonly origin?: string;
  readonly trace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The virtual clock's start, ms since epoch. */
export const epochMs = Date.UTC(2026, 0, 1);

/** Since when alerts fire unless a test says otherwise: any later start is a newer one. */
export const longAgoMs = epochMs - 3_600_000;

export const alertOf = (fingerprint: string, saying: Saying = {}): Alert => ({
  fingerprint,
  labels: { alertname: fingerprint, ...saying.labels },
  annotations: { summary: `${fingerprint} is wrong`, ...saying.annotations },
  startsAtMs: saying.startsAtMs ?? longAgoMs,
});

const claim = (status: Claim["status"], fingerprint: string, saying: Saying): Claim => ({
  alert: alertOf(fingerprint, saying),
  status,
  source: saying.source ?? "default",
  ...(saying.sender === undefined ? {} : { sender: saying.sender }),
  ...(saying.origin === undefined ? {} : { origin: saying.origin }),
  ...(saying.endsAtMs === undefined ? {} : { endsAtMs: saying.endsAtMs }),
  ...(saying.trace === undefined ? {} : { trace: saying.trace }),
});

export const firing = (fingerprint: string, saying: Saying = {}): Claim => claim("firing", fingerprint, saying);
export const resolved = (fingerprint: string, saying: Saying = {}): Claim => claim("resolved", fingerprint, saying);

/** The route of an alert to a target: its own incident unless a dedup key says otherwise. */
export const routeTo = (
  target: string,
  alert: Alert,
  how: { readonly severity?: Severity; readonly dedupKey?: string; readonly summary?: string } = {},
): Route => ({
  target,
  dedupKey: how.dedupKey ?? alert.fingerprint,
  severity: how.severity ?? "error",
  summary: how.summary ?? summaryOf(alert),
});

/** A claim with the routes to one or several targets. */
export const wanted = (
  said: Claim,
  how: Parameters<typeof routeTo>[2] & { readonly at?: readonly string[] } = {},
): RoutedClaim => ({
  claim: said,
  routes: (how.at ?? ["pagerduty"]).map((target) => routeTo(target, said.alert, how)),
});
