import type { Alert, Severity } from "@tocsin/core";
import type { CredentialVault } from "../../ledger/credential-vault.ts";

/** Fingerprints of fire drills at one target start with this. */
export const drillPrefix = "tocsin-drill-";

/** The only target of a fire drill, and its severity. */
export interface Drill {
  readonly target: string;
  readonly severity: Severity;
}

/**
 * Creates the alert of a fire drill at one target. Its fingerprint seals target and severity, so that no sender can forge it, and no
 * reroute, restart or other replica sends it to another target.
 */
export const drillAlert = (
  { target, severity }: Drill,
  o: {
    readonly nonce: string;
    readonly vault: Pick<CredentialVault, "identity">;
    readonly nowMs: number;
    readonly endsAtMs: number;
  },
): Alert => ({
  fingerprint: `${drillPrefix}${o.nonce}-${seal({ target, severity }, o.nonce, o.vault)}`,
  labels: { alertname: "TocsinDrill", severity, target, tocsin_drill: "true" },
  annotations: {
    summary: `DRILL: Tocsin tests whether pages arrive at ${target}. Acknowledge it; nothing is wrong`,
    description: "An operator started this fire drill. Acknowledge it as you would a real page. It resolves by itself.",
    ends_at: new Date(o.endsAtMs).toISOString(),
  },
  startsAtMs: o.nowMs,
});

/** Returns the target and the severity of a fire drill at one target; undefined for every other alert. */
export function drillOf(
  { fingerprint, labels }: Pick<Alert, "fingerprint" | "labels">,
  vault: Pick<CredentialVault, "identity">,
): Drill | undefined {
  if (!fingerprint.startsWith(drillPrefix)) return undefined;
  const drill = { target: labels["target"] ?? "", severity: labels["severity"] as Severity };
  const nonce = fingerprint.slice(drillPrefix.length).split("-")[0] ?? "";
  return fingerprint === `${drillPrefix}${nonce}-${seal(drill, nonce, vault)}` ? drill : undefined;
}

/** When a drill ends, ms. Without a valid time it is over. */
export const endOf = ({ annotations }: Pick<Alert, "annotations">): number =>
  Date.parse(annotations["ends_at"] ?? "") || 0;

const seal = ({ target, severity }: Drill, nonce: string, vault: Pick<CredentialVault, "identity">): string =>
  vault.identity("drill", `${nonce}\0${severity}\0${target}`);
