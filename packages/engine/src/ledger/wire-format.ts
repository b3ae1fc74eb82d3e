import {
  type Alert,
  type Change,
  changeFingerprint,
  changeOfAlert,
  type Claim,
  isChangeEvent,
  type ProposedClassification,
  type LeaseBatch,
  type Lease,
  type Report,
  type Route,
  type RoutedChange,
  type RoutedClaim,
} from "@tocsin/core/decisions";

/*
 * The port's objects in the form in which they cross threads. Rows store an alert as JSON, so an alert is serialized once, when it
 * is received, and parsed once, when it is sent. In between it is a text, whichever threads it crosses.
 */

/** A claim with its routes. Its alert stays JSON, except for the fields that the ledger's decisions need. */
export interface PackedClaim extends Omit<Claim, "alert"> {
  readonly alert: Pick<Alert, "fingerprint" | "startsAtMs">;
  /** The whole alert as JSON. */
  readonly content: string;
  readonly routes: readonly Route[];
  readonly classification?: ProposedClassification;
  /** The change that the alert reports, if it is one. */
  readonly reports?: Pick<PackedChange, "key" | "change">;
}

/** A change with its routes and its key (`changeFingerprint`). */
export interface PackedChange {
  readonly key: string;
  readonly change: Change;
  readonly routes: readonly Route[];
}

/** A batch of leases that holds the sealed secrets of each target once, because most leases go to few targets. */
export interface PackedLeaseBatch extends Omit<LeaseBatch, "leases"> {
  readonly leases: readonly Omit<Lease, "sealed">[];
  /** By `sealedKey`. */
  readonly sealed: Readonly<Record<string, string>>;
}

export const packClaim = ({ claim, routes, classification }: RoutedClaim): PackedClaim => {
  const { alert, ...rest } = claim;
  const { fingerprint, startsAtMs } = alert;
  const packed: PackedClaim = { ...rest, alert: { fingerprint, startsAtMs }, content: JSON.stringify(alert), routes };
  // A change event is not classified.
  if (isChangeEvent(alert)) return { ...packed, reports: changeIn(claim) };
  return classification === undefined ? packed : { ...packed, classification };
};

function changeIn({ alert, source }: Claim): Pick<PackedChange, "key" | "change"> {
  const change = changeOfAlert(alert, source);
  return { key: changeFingerprint(change), change };
}

export const packChange = ({ change, routes }: RoutedChange): PackedChange => ({
  key: changeFingerprint(change),
  change,
  routes,
});

/** Endpoint and target, because two targets may share an endpoint and have different templates or headers. */
export const sealedKey = ({ endpoint, target }: Pick<Lease, "endpoint" | "target">): string => `${endpoint} ${target}`;

export function unpackLeaseBatch({ leases, sealed, ...rest }: PackedLeaseBatch): LeaseBatch {
  return {
    ...rest,
    leases: leases.map((lease) => ({ ...lease, sealed: sealed[sealedKey(lease)] ?? "" })),
  };
}

/** Drops the parts of the lease that the ledger does not need: most of a lease is the alert that was sent. */
export const packReport = ({ lease, ...report }: Report): Report => {
  const { incident, token, action, timeoutMs, leaseUntilMs } = lease;
  return { ...report, lease: { incident, token, action, timeoutMs, leaseUntilMs } };
};
