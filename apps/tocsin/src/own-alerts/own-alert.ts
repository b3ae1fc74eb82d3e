import type { Alert } from "@tocsin/core";
import type { CredentialVault } from "../ledger/credential-vault.ts";

/** The source of alerts about Tocsin itself and about silent sources. */
export const ownSource = "tocsin";

/** The label that names the condition of an own alert. */
export const conditionLabel = "tocsin_condition";

const prefixes = { self: "tocsin-self-", heartbeat: "tocsin-heartbeat-", canary: "tocsin-canary-" } as const;
type Kind = keyof typeof prefixes;

/** Returns the start of the fingerprints of all own alerts of a kind. */
export const prefixOf = (kind: Kind): string => prefixes[kind];

/** Whether a fingerprint, or a dedup key, belongs to an own alert. It goes only to the targets that its condition names. */
export const isOwnAlert = (fingerprint: string): boolean =>
  Object.values(prefixes).some((prefix) => fingerprint.startsWith(prefix));

/** Whether it belongs to an alert of `selfAlerts`. */
export const isSelfAlert = (fingerprint: string): boolean => fingerprint.startsWith(prefixes.self);

/** Whether it belongs to the alert of a round of the canary. */
export const isCanary = (fingerprint: string): boolean => fingerprint.startsWith(prefixes.canary);

/**
 * Whether its delivery raises no self-alert. That of an alert of `selfAlerts` would never end, and the canary has a condition of its
 * own.
 */
export const isSelfChecking = (fingerprint: string): boolean => isSelfAlert(fingerprint) || isCanary(fingerprint);

/**
 * Returns the fingerprint of an own alert, which is also its dedup key. It is the same in all replicas and after a restart, and
 * differs between ledgers, so that two installations may share a receiver.
 */
export const ownFingerprint = (kind: Kind, name: string, vault: Pick<CredentialVault, "identity">): string =>
  `${prefixes[kind]}${vault.identity("own alert", `${kind}\0${name}`)}`;

export interface OwnAlertText {
  readonly alertname: string;
  readonly condition: string;
  readonly summary: string;
  readonly description: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Builds a critical alert about Tocsin itself or about a silent source. */
export const ownAlert = (fingerprint: string, text: OwnAlertText, startsAtMs: number): Alert => ({
  fingerprint,
  labels: { alertname: text.alertname, severity: "critical", [conditionLabel]: text.condition, ...text.labels },
  annotations: { summary: text.summary, description: text.description, ...text.annotations },
  startsAtMs,
});
