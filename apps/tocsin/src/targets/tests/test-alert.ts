import type { Alert } from "@tocsin/core";
import type { CredentialVault } from "../../ledger/credential-vault.ts";

/** Fingerprints of test alerts start with this. */
export const testAlertPrefix = "tocsin-test-";

/**
 * Creates an alert that tests one target. Its fingerprint marks it as a test of that target in a way that no sender can forge,
 * so it is never sent to another target: not by a reroute, a restart or another replica.
 */
export function testAlert(
  target: string,
  o: { nonce: string; vault: Pick<CredentialVault, "identity">; nowMs: number },
): Alert {
  return {
    fingerprint: `${testAlertPrefix}${o.nonce}-${seal(target, o.nonce, o.vault)}`,
    labels: { alertname: "TocsinTest", severity: "info", target },
    annotations: {
      summary: `TEST of the target ${target} by Tocsin: nothing is wrong, and this resolves by itself`,
      description: "An operator asked Tocsin to test this target. No action is needed.",
    },
    startsAtMs: o.nowMs,
  };
}

/** Returns the target that a test alert tests; undefined for every other alert. */
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
