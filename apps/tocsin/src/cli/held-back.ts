import type { HeldBack } from "@tocsin/core";

/** The field of the API. */
export interface HeldBackBody {
  readonly reason: HeldBack["reason"];
  readonly detail?: string;
  readonly until?: string | null;
}

const causes: Readonly<Record<HeldBack["reason"], string>> = {
  waiting_auth: "The target refuses the credential or the address now",
  orphaned_key: "Events of this incident cannot be sent with the earlier key or URL that opened it",
  waiting_breaker: "The target failed several times in a row",
  waiting_pause: "The target is paused after HTTP 429",
};

/** Warns that the target of a delivered incident accepts nothing now. */
export const heldBackText = ({ reason, detail, until }: HeldBackBody): string =>
  `${causes[reason]}${detail === undefined ? "" : ` (${detail})`}: the next event waits (${reason}${until ? `, next try at ${until}` : ""})`;

/** The same warning for a cell of a table. */
export const nextWaits = ({ heldBack }: { readonly heldBack?: HeldBackBody }): string =>
  heldBack === undefined ? "" : `, next event: ${heldBack.reason}`;

const orManually = "until the incident is closed, or resolve the incident there manually";

/** The ledger cannot tell an earlier key from one that it cannot decrypt any more, so both are named. */
const keptKeys = {
  earlier: `was opened with an earlier key or URL of the target, and its next events still use that one. Keep or enable that key at the receiver (if the ledger's key file was lost, restore it) ${orManually}`,
  present: `stays with the key and URL that opened it, also if you give the target a new key, which only other alerts use. Keep or enable that key at the receiver ${orManually}`,
} as const;

/** Says what a change of the key means for an incident that is open at the receiver. */
export const keptKeyText = (kept: keyof typeof keptKeys, incident: number | undefined): string =>
  `Incident ${incident} ${keptKeys[kept]}`;
