import { moreSevere, severityRank } from "../alerts/severity.ts";
import type { Member, Wanted } from "../incidents/incident.ts";
import { incidentContentHash } from "./content-hash.ts";

/** The member whose text is shown: the oldest that fires, else the oldest. */
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

/** What the members together want: firing while any fires, as severe as the most severe that fires. */
export function desiredState(members: readonly Member[], before: Wanted | null, nowMs: number): Wanted {
  const firing = members.filter((member) => member.status === "firing");
  const lead = leadingMember(members);
  const severity =
    firing.length === 0 ? (before?.severity ?? lead.severity) : firing.map((m) => m.severity).reduce(moreSevere);
  const status = firing.length === 0 ? "resolved" : "firing";
  // A person's acknowledgement holds for what the person saw: a worse problem is a new one.
  const acknowledged =
    before !== null && before.acknowledged && severityRank(severity) >= severityRank(before.severity);
  const changed =
    before === null || before.status !== status || before.severity !== severity || before.acknowledged !== acknowledged;
  const content = incidentContentHash(lead, members);
  return {
    status,
    acknowledged,
    severity,
    summary: lead.summary,
    ...(content === undefined ? {} : { content }),
    atMs: changed ? nowMs : before.atMs,
  };
}
