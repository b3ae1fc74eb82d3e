import { moreSevere, severityRank } from "../alerts/severity.ts";
import type { Member, Wanted } from "../incidents/incident.ts";
import { incidentContentHash } from "./content-hash.ts";

/** The member whose text is shown: the oldest one that fires, else the oldest one. */
export function leadingMember(members: readonly Member[]): Member {
  let lead: Member | undefined;
  for (const member of members) {
    const firing = member.status === "firing";
    if (!lead || (firing && lead.status !== "firing") || (firing === (lead.status === "firing") && older(member, lead)))
      lead = member;
  }
  if (!lead) throw new Error("an incident has at least one member");
  return lead;
}

const older = (a: Member, b: Member): boolean =>
  a.startsAtMs < b.startsAtMs || (a.startsAtMs === b.startsAtMs && a.fingerprint < b.fingerprint);

/** Desired state of an incident: it fires while any member fires, and is as severe as the most severe member that fires. */
export function desiredState(members: readonly Member[], before: Wanted | null, nowMs: number): Wanted {
  const firing = members.filter((member) => member.status === "firing");
  const lead = leadingMember(members);
  const severity =
    firing.length === 0 ? (before?.severity ?? lead.severity) : firing.map((m) => m.severity).reduce(moreSevere);
  const status = firing.length === 0 ? "resolved" : "firing";
  // An acknowledgement applies to the severity that the person saw. A higher severity counts as a new problem.
  const acknowledged =
    before !== null && before.acknowledged && severityRank(severity) >= severityRank(before.severity);
  const changed =
    before === null || before.status !== status || before.severity !== severity || before.acknowledged !== acknowledged;
  const content = incidentContentHash(lead, members);
  const rose = before !== null && severityRank(severity) < severityRank(before.severity);
  const renewedAtMs = rose ? nowMs : before?.renewedAtMs;
  return {
    status,
    acknowledged,
    severity,
    summary: lead.summary,
    ...(content === undefined ? {} : { content }),
    atMs: changed ? nowMs : before.atMs,
    ...(renewedAtMs === undefined ? {} : { renewedAtMs }),
  };
}
