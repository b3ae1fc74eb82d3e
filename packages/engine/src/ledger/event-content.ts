import { type ClaimState, type EventContent, type Incident, leadingMember } from "@tocsin/core/decisions";
import type { AlertRecord, Store } from "./store.ts";

/** The content of the next event of an incident. The worker sends it, and explain shows it. */
export function eventContent(store: Pick<Store, "alert">, incident: Incident): EventContent {
  const { id, target, dedupKey, members, wanted, acknowledgedBy, receipt } = incident;
  const lead = leadingMember(members);
  const record = store.alert(lead.fingerprint);
  if (!record) throw new Error(`incident ${id} has an alert that is not recorded`);
  const verdict = record.classification?.verdict;
  const content: EventContent = {
    incident: id,
    target,
    dedupKey,
    severity: wanted.severity,
    summary: wanted.summary,
    firing: members.filter(({ status }) => status === "firing").length,
    alertJson: record.content,
    sender: senderOf(record),
    ...(wanted.status === "resolved" && { endedAtMs: wanted.atMs }),
  };
  if (acknowledgedBy === undefined && receipt === undefined && verdict === undefined) return content;
  return {
    ...content,
    ...(acknowledgedBy && { acknowledgedBy }),
    ...(receipt !== undefined && { receipt }),
    ...(verdict && { verdict }),
    // In a group, another member may be more severe: then the severity of the event does not come from this verdict.
    ...(verdict && lead.byVerdict && lead.severity === wanted.severity && { byVerdict: lead.byVerdict }),
  };
}

/** A sender that claims that the alert fires, or else any of its senders. */
export function senderOf({ claims }: Pick<AlertRecord, "claims">): string {
  let known: ClaimState | undefined;
  for (const key in claims) {
    const claim = claims[key];
    if (known === undefined || claim?.status === "firing") known = claim;
  }
  return known?.sender ?? known?.source ?? "";
}
