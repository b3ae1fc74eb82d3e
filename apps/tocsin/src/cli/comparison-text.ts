import type { Compared } from "../shadow-report/compare-export.ts";
import type { OldIncident } from "../shadow-report/old-incident.ts";
import type { Page } from "../shadow-report/page.ts";
import { incidentsText } from "./pages-text.ts";
import { printable, table } from "./table.ts";

/** The comparison with the old path. */
export function comparisonText({ file, incidents, outside, notes, both, onlyOld, onlyTocsin }: Compared): string {
  const ambiguous = both.filter(({ ambiguousWith }) => ambiguousWith.length > 0).length;
  const head = [
    `Compared with ${incidentsText(incidents)} in ${file}${outside > 0 ? `, and without ${outside} from another time` : ""}:`,
    `  both: ${both.length}${ambiguous > 0 ? `, of which ${ambiguous} ambiguous` : ""}`,
    `  only the old path: ${onlyOld.length}`,
    `  only Tocsin: ${onlyTocsin.length}`,
    ...notes.map((note) => `Note: ${note}`),
  ];
  const bothRows = both.map(({ page, old, by, similarity, ambiguousWith }) => [
    page.incident,
    old.name,
    later(page, old),
    by === "key" ? "key" : `title ${Math.round(similarity * 100)} %`,
    ambiguousWith.length === 0 ? "" : `ambiguous, also like ${ambiguousWith.join(", ")}`,
    page.summary,
  ]);
  const oldRows = onlyOld.map(({ one, perhaps }) => [one.name, iso(one.createdAtMs), perhapsText(perhaps), one.title]);
  const tocsinRows = onlyTocsin.map(({ one, perhaps }) => [
    one.incident,
    one.triggeredAt,
    perhapsText(perhaps),
    one.summary,
  ]);
  const lists = [
    ["Both:", ["INCIDENT", "OLD", "TOCSIN", "MATCHED BY", "DOUBT", "SUMMARY"], bothRows],
    ["Only the old path:", ["OLD", "CREATED", "DOUBT", "TITLE"], oldRows],
    ["Only Tocsin:", ["INCIDENT", "TRIGGER", "DOUBT", "SUMMARY"], tocsinRows],
  ] as const;
  const shown = lists.flatMap(([title, headings, rows]) =>
    rows.length === 0 ? [] : [`\n${title}\n${table(headings, rows)}`],
  );
  return `\n${head.map((line) => `${printable(line)}\n`).join("")}${shown.join("")}`;
}

/** The comparison as JSON. */
export const comparisonBody = ({ both, onlyOld, onlyTocsin, ...rest }: Compared) => ({
  ...rest,
  both: both.map(({ page, old, ...match }) => ({ incident: page.incident, old: oldBody(old), ...match })),
  onlyOld: onlyOld.map(({ one, perhaps }) => ({ old: oldBody(one), perhaps })),
  onlyTocsin: onlyTocsin.map(({ one, perhaps }) => ({ incident: one.incident, perhaps })),
});

const oldBody = ({ createdAtMs, resolvedAtMs, ...old }: OldIncident) => ({
  ...old,
  createdAt: iso(createdAtMs),
  resolvedAt: resolvedAtMs === undefined ? null : iso(resolvedAtMs),
});

const perhapsText = (names: readonly string[]): string =>
  names.length === 0 ? "" : `like ${names.join(", ")}, which another match has`;

/** When Tocsin would have triggered, compared with the old path. */
function later(page: Page, old: OldIncident): string {
  const seconds = Math.round((Date.parse(page.triggeredAt) - old.createdAtMs) / 1_000);
  return seconds === 0 ? "same time" : `${Math.abs(seconds)} s ${seconds > 0 ? "later" : "earlier"}`;
}

const iso = (ms: number): string => new Date(ms).toISOString();
