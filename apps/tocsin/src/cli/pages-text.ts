import type { Page, ShadowTarget } from "../shadow-report/page.ts";
import { printable, table } from "./table.ts";

/** The pages of the targets, the oldest first. */
export function pagesText(
  targets: readonly ShadowTarget[],
  pages: readonly Page[],
  { since, until }: { readonly since: string; readonly until: string },
): string {
  const counts = targets.map(({ target, pages: all, nothingSent }) => {
    const ended = nothingSent === 0 ? "" : `; ${nothingSent} more ended before anything would have been sent`;
    return `${printable(target)}: ${incidentsText(all.length)}${ended}\n`;
  });
  const rows = pages.map((page) => [
    page.target,
    page.incident,
    page.severity,
    page.triggeredAt,
    page.acknowledgedAt ?? "-",
    page.resolvedAt ?? "-",
    page.summary,
  ]);
  const headings = ["TARGET", "INCIDENT", "SEVERITY", "TRIGGER", "ACKNOWLEDGE", "RESOLVE", "SUMMARY"];
  const list = rows.length === 0 ? "" : `\n${table(headings, rows)}`;
  return `Targets in shadow mode would have opened, from ${since} to ${until}:\n${counts.join("")}${list}`;
}

export const incidentsText = (count: number): string => `${count} ${count === 1 ? "incident" : "incidents"}`;
