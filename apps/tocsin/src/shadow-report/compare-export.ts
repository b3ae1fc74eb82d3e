import { comparePages, type Comparison } from "./compare-pages.ts";
import type { OldIncident } from "./old-incident.ts";
import type { Page } from "./page.ts";
import type { ReadExport } from "./read-export.ts";

/** The old path beside the pages. */
export interface Compared extends Comparison {
  readonly file: string;
  /** Incidents of the export that were compared. */
  readonly incidents: number;
  /** Incidents of the export from outside of the report's time. */
  readonly outside: number;
  readonly notes: readonly string[];
}

/** Compares the incidents of an export, all or those of one service, with the pages of the same time. */
export function compareExport(
  { incidents, notes }: ReadExport,
  pages: readonly Page[],
  { since, until, service }: { readonly since: string; readonly until: string; readonly service?: string },
  windowMs: number,
): Omit<Compared, "file"> {
  const ofService = incidents.filter((one) => service === undefined || one.service === service);
  const isInside = ({ createdAtMs }: OldIncident) =>
    createdAtMs >= Date.parse(since) && createdAtMs <= Date.parse(until);
  // An incident from shortly before may be the partner of a page from shortly after.
  const near = ofService.filter(
    ({ createdAtMs, resolvedAtMs }) => (resolvedAtMs ?? createdAtMs) >= Date.parse(since) - windowMs,
  );
  const counted = pages.filter(({ triggeredAt }) => Date.parse(triggeredAt) >= Date.parse(since));
  const { both, onlyOld, onlyTocsin } = comparePages(counted, near, windowMs);
  const inside = ofService.filter(isInside).length;
  return {
    incidents: inside,
    outside: ofService.length - inside,
    notes,
    both,
    onlyOld: onlyOld.filter(({ one }) => isInside(one)),
    onlyTocsin,
  };
}
