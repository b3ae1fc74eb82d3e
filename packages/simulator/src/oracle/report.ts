import type { Counts } from "../state/journal.ts";
import type { IncidentRow } from "../server/rows.ts";
import { findingKinds } from "./findings.ts";
import type { Verdict } from "./judge.ts";

/** The verdict, with how much was seen. */
export interface Report extends Verdict {
  /** Whether a truth was given; without one only limits and refused requests are judged. */
  readonly judged: boolean;
  readonly incidents: { readonly triggered: number; readonly acknowledged: number; readonly resolved: number };
  /** By receiver. */
  readonly requests: Readonly<Record<string, Counts>>;
  /** Applied requests whose senders cannot know the outcome. Up to this number, repeats are unavoidable. */
  readonly ambiguous: number;
  /** Successful requests whose sender disconnected right after the answer, so that it may not have read it. */
  readonly unread: number;
  /** The checks that were not possible, with the reason. */
  readonly notes: readonly string[];
}

/** Everything that a report says besides the verdict. */
export function makeReport(
  verdict: Verdict,
  seen: {
    readonly judged: boolean;
    readonly incidents: readonly IncidentRow[];
    readonly counts: ReadonlyMap<string, Counts>;
    readonly lean: boolean;
    readonly forgottenRequests: number;
    readonly forgottenIncidents: number;
  },
): Report {
  const inState = (status: IncidentRow["status"]): number =>
    seen.incidents.filter((row) => row.status === status).length;
  const notes: string[] = [];
  if (seen.lean) notes.push("recorded leanly: order, and why a trigger was repeated, were not judged");
  else if (seen.forgottenRequests > 0) notes.push(`the ${seen.forgottenRequests} oldest requests were forgotten`);
  if (seen.forgottenIncidents > 0)
    notes.push(`the ${seen.forgottenIncidents} oldest resolved incidents were forgotten`);
  return {
    ...verdict,
    judged: seen.judged,
    incidents: {
      triggered: inState("triggered"),
      acknowledged: inState("acknowledged"),
      resolved: inState("resolved"),
    },
    requests: Object.fromEntries(seen.counts),
    ambiguous: [...seen.counts.values()].reduce((sum, one) => sum + one.ambiguous, 0),
    unread: [...seen.counts.values()].reduce((sum, one) => sum + one.unread, 0),
    notes,
  };
}

/** 0 when nothing was found, else 1. */
export const exitCode = (report: Pick<Verdict, "clean">): 0 | 1 => (report.clean ? 0 : 1);

const maxShown = 50;

/** Writes the report for a person: verdict, findings, counts. */
export function reportInWords(report: Report): string {
  const total = findingKinds.reduce((sum, kind) => sum + report.counts[kind], 0);
  const lines: string[] = [];
  if (report.clean) lines.push(report.judged ? "Clean: the receivers agree with the truth." : "Nothing was found.");
  else {
    const kinds = findingKinds.filter((kind) => report.counts[kind] > 0);
    lines.push(
      `${total} found: ${kinds.map((kind) => `${report.counts[kind]} ${kind.replaceAll("_", " ")}`).join(", ")}.`,
    );
    for (const { kind, receiver, says } of report.findings.slice(0, maxShown)) {
      lines.push(`  ${kind.replaceAll("_", " ")} (${receiver}): ${says}`);
    }
    if (total > maxShown) lines.push(`  … and ${total - maxShown} more`);
  }
  if (!report.judged) lines.push("No truth was given, so only refused requests and limits were judged.");
  const { triggered, acknowledged, resolved } = report.incidents;
  lines.push(`Incidents: ${triggered} triggered, ${acknowledged} acknowledged, ${resolved} resolved.`);
  for (const [receiver, counts] of Object.entries(report.requests)) {
    const parts = Object.entries(counts).filter(([, count]) => count > 0);
    lines.push(
      `Requests to ${receiver}: ${parts.map(([name, count]) => `${count} ${name}`).join(", ")}.`.replace(
        " requests",
        "",
      ),
    );
  }
  for (const note of report.notes) lines.push(`Note: ${note}.`);
  return `${lines.join("\n")}\n`;
}
