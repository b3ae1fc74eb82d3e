import type { Outcome } from "@tocsin/core";

type Blocked = Extract<Outcome, { kind: "blocked" }>;

/**
 * Outcomes of attempts that Tocsin does not make: no receiver refused anything. Explain and the log show their
 * details, so these say what to do.
 */
export const ownRefusals = {
  /** The stored credential was encrypted with a key that we do not have: only the operator can restore that key. */
  lostKey: {
    kind: "blocked",
    state: "unauthorized",
    reason: "auth",
    detail:
      "Tocsin cannot decrypt the credential with which this incident was opened, because the ledger's key was lost. Restore the key file (or the entry of ledger.encryptionKey) from a backup and restart Tocsin, or resolve the incident at the receiver manually",
  },
  /** The target's errors in `GET /api/v1/targets` name the setting that would allow it. */
  refusedTarget: {
    kind: "blocked",
    state: "misconfigured",
    reason: "invalid",
    detail:
      "Tocsin must not send to this target: it is this service itself, or discovery.policy does not allow it. See its errors in `tocsin targets list`",
  },
} as const satisfies Record<string, Blocked>;
