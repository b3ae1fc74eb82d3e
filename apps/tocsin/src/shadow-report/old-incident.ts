/** An incident of the present way of paging, from an export. */
export interface OldIncident {
  /** Place in the export, such as `line 7` or `incidents[3]`. */
  readonly place: string;
  /** As people name it: its id, else its number, else its place. */
  readonly name: string;
  readonly title: string;
  /** The dedup key, if the export has one. */
  readonly key?: string;
  readonly createdAtMs: number;
  readonly resolvedAtMs?: number;
  readonly service?: string;
  readonly urgency?: string;
}

/** The fields of an incident by the names that exports use, before they are checked. */
export interface WrittenIncident {
  readonly id?: unknown;
  readonly number?: unknown;
  readonly title?: unknown;
  readonly key?: unknown;
  readonly created?: unknown;
  readonly resolved?: unknown;
  readonly service?: unknown;
  readonly urgency?: unknown;
}

const isoLike = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)? ?(Z|UTC|[+-]\d\d:?\d\d)?$/i;

/** Returns the incident, or the messages of its mistakes. A time without a zone counts as UTC. */
export function oldIncidentOf(written: WrittenIncident, place: string): OldIncident | readonly string[] {
  const created = timeOf(written.created);
  const resolved = textOf(written.resolved) === "" ? undefined : timeOf(written.resolved);
  const [title, key] = [textOf(written.title), textOf(written.key)];
  const issues = [
    ...(created === undefined ? [`created: ${expected(written.created)}`] : []),
    ...(resolved === undefined && textOf(written.resolved) !== "" ? [`resolved: ${expected(written.resolved)}`] : []),
    ...(title === "" && key === "" ? ["expected a title or a dedup key"] : []),
  ];
  if (created === undefined || issues.length > 0) return issues;
  const [service, urgency] = [textOf(written.service), textOf(written.urgency)];
  return {
    place,
    name: textOf(written.id) || textOf(written.number) || place,
    title: title || key,
    ...(key !== "" && { key }),
    createdAtMs: created,
    ...(resolved !== undefined && { resolvedAtMs: resolved }),
    ...(service !== "" && { service }),
    ...(urgency !== "" && { urgency }),
  };
}

/** Whether a time names its zone. */
export const hasZone = (written: unknown): boolean => isoLike.exec(textOf(written))?.[4] !== undefined;

const maxShown = 60;

const expected = (written: unknown): string =>
  `expected a time such as 2026-01-31T12:00:00Z, found ${JSON.stringify(textOf(written).slice(0, maxShown))}`;

const textOf = (value: unknown): string =>
  typeof value === "string" ? value.trim() : typeof value === "number" ? String(value) : "";

function timeOf(value: unknown): number | undefined {
  const [, date, minutes, seconds = ":00", zone = "Z"] = isoLike.exec(textOf(value)) ?? [];
  if (date === undefined) return undefined;
  const ms = Date.parse(`${date}T${minutes}${seconds}${/^utc$/i.test(zone) ? "Z" : zone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : ms;
}
