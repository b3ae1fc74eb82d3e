import {
  contentHash,
  desiredState,
  type Incident,
  type Member,
  type Route,
  withoutAcknowledgement,
} from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { alertIn, type AlertRecord } from "./store.ts";

export function groupMember(
  context: LedgerContext,
  alert: AlertRecord,
  { severity, summary, byVerdict }: Route,
): Member {
  return {
    fingerprint: alert.fingerprint,
    status: "firing",
    severity,
    startsAtMs: alert.startsAtMs,
    summary,
    ...(byVerdict !== undefined && { byVerdict }),
    // Only if the setting needs it, because it parses the alert. Most alerts are recorded without being parsed.
    ...(context.settings.retrigger === "content" && { content: contentHash(summary, alertIn(alert).annotations) }),
  };
}

export function withMember(members: readonly Member[], member: Member): readonly Member[] {
  const index = members.findIndex(({ fingerprint }) => fingerprint === member.fingerprint);
  return index === -1 ? [...members, member] : members.with(index, member);
}

/** The incident with these members and the desired state that follows from them. */
export const withMembers = (incident: Incident, members: readonly Member[], nowMs: number): Incident =>
  withoutAcknowledgement({
    ...incident,
    members,
    wanted: desiredState(members, incident.wanted, nowMs),
    updatedAtMs: nowMs,
  });

export const sameWanted = (a: Incident, b: Incident): boolean =>
  a.wanted.status === b.wanted.status &&
  a.wanted.severity === b.wanted.severity &&
  a.wanted.acknowledged === b.wanted.acknowledged;

export const sameMembers = (a: readonly Member[], b: readonly Member[]): boolean =>
  a.length === b.length &&
  a.every(
    (member, index) =>
      member.status === b[index]?.status &&
      member.severity === b[index]?.severity &&
      member.content === b[index]?.content &&
      member.byVerdict === b[index]?.byVerdict &&
      member.summary === b[index]?.summary,
  );
