import type { Alert, Claim, LeaseBatch, Lease, Report, Route, RoutedClaim } from "@tocsin/core/decisions";

/**
 * What the ledger's port speaks of, as the ledger itself does. Rows keep an alert as JSON: so it is made into JSON once,
 * where it is heard, and read once, where it is told. Between the two it is a text, whatever threads it crosses.
 */
export interface PackedRoutedClaim {
  readonly claim: PackedClaim;
  readonly routes: readonly Route[];
}

export interface PackedClaim extends Omit<Claim, "alert"> {
  readonly alert: Pick<Alert, "fingerprint" | "startsAtMs">;
  /** The whole alert as JSON. */
  readonly content: string;
}

export type PackedLease = Omit<Lease, "sealed">;

export interface PackedLeaseBatch extends Omit<LeaseBatch, "leases"> {
  readonly leases: readonly PackedLease[];
  /** By `placeOf`: most leases go to a few. */
  readonly sealed: Readonly<Record<string, string>>;
}

/** A report needs no more of its lease than to be recognised. */
export interface PackedReport extends Omit<Report, "lease"> {
  readonly lease: Pick<Lease, "incident" | "token" | "action" | "timeoutMs" | "leaseUntilMs">;
}

export const packRoutedClaim = ({ claim, routes }: RoutedClaim): PackedRoutedClaim => {
  const { alert, ...rest } = claim;
  const { fingerprint, startsAtMs } = alert;
  return { claim: { ...rest, alert: { fingerprint, startsAtMs }, content: JSON.stringify(alert) }, routes };
};

/** Two targets may share an endpoint, and still say things differently. */
export const placeOf = ({ endpoint, target }: Pick<Lease, "endpoint" | "target">): string => `${endpoint} ${target}`;

export function unpackLeaseBatch({ leases, sealed, ...rest }: PackedLeaseBatch): LeaseBatch {
  return {
    ...rest,
    leases: leases.map((lease) => ({ ...lease, sealed: sealed[placeOf(lease)] ?? "" })),
  };
}

export const packReport = ({ lease, ...report }: Report): PackedReport => {
  const { incident, token, action, timeoutMs, leaseUntilMs } = lease;
  return { ...report, lease: { incident, token, action, timeoutMs, leaseUntilMs } };
};
