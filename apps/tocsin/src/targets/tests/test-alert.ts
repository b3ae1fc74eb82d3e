import type { Alert } from "@tocsin/core";
import type { CredentialVault } from "../../ledger/credential-vault.ts";

/** Fingerprints of ours begin so. */
export const testAlertPrefix = "tocsin-test-";

/**
 * An alert that tries one target. Its fingerprint says that it is ours, and of which target, in a way that no sender can
 * forge: it is told to nobody else, whatever is routed anew, also after a restart or by another replica.
 */
export function testAlert(
  target: string,
  o: { nonce: string; vault: Pick<CredentialVault, "identity">; nowMs: number },
): Alert {
  return {
    fingerprint: `${testAlertPrefix}${o.nonce}-${seal(target, o.nonce, o.vault)}`,
    labels: { alertname: "TocsinTest", severity: "info", target },
    annotations: {
      summary: `TEST of the target ${target} by Tocsin: nothing is wrong, and this ends by itself`,
      description: "Somebody asked Tocsin to try this target. Nobody needs to act.",
    },
    startsAtMs: o.nowMs,
  };
}

/** The target that an alert of ours tries; undefined for every other alert. */
export function testedTarget(
  { fingerprint, labels }: Alert,
  vault: Pick<CredentialVault, "identity">,
): string | undefined {
  if (!fingerprint.startsWith(testAlertPrefix)) return undefined;
  const { target = "" } = labels;
  const nonce = fingerprint.slice(testAlertPrefix.length).split("-")[0] ?? "";
  return fingerprint === `${testAlertPrefix}${nonce}-${seal(target, nonce, vault)}` ? target : undefined;
}

const seal = (target: string, nonce: string, vault: Pick<CredentialVault, "identity">): string =>
  vault.identity("trial", `${nonce}\0${target}`);
