import { hasZone, type OldIncident, oldIncidentOf, type WrittenIncident } from "./old-incident.ts";
import { parseCsv } from "./parse-csv.ts";

export interface ReadExport {
  readonly incidents: readonly OldIncident[];
  /** Mistakes with their place. The incidents count only if there are none. */
  readonly issues: readonly string[];
  /** Remarks for the reader of the report. */
  readonly notes: readonly string[];
}

/** Names of columns and fields, normalized: as in PagerDuty's CSV exports and in its REST API. */
const namesOf: Readonly<Record<keyof WrittenIncident, readonly string[]>> = {
  id: ["id", "incident_id"],
  number: ["incident_number", "number"],
  title: ["description", "title", "incident_title", "summary"],
  key: ["incident_key", "dedup_key", "alert_key"],
  created: ["created_on", "created_at", "created", "triggered_at"],
  resolved: ["resolved_on", "resolved_at", "resolved"],
  service: ["service_name", "service"],
  urgency: ["urgency"],
};
const fieldNames = Object.keys(namesOf) as (keyof WrittenIncident)[];

/** Reads an export of PagerDuty's incidents: CSV, or JSON as the REST API answers it. */
export function readExport(text: string): ReadExport {
  const isJson = /^\uFEFF?\s*[{[]/.test(text);
  return isJson ? readJson(text.replace(/^\uFEFF/, "")) : readCsv(text);
}

const failed = (...issues: string[]): ReadExport => ({ incidents: [], issues, notes: [] });

function readCsv(text: string): ReadExport {
  const { rows, issues: broken } = parseCsv(text);
  const [header, ...body] = rows;
  const mistakes = broken.map(({ line, message }) => `line ${line}: ${message}`);
  if (header === undefined) return failed(...mistakes, ...(mistakes.length === 0 ? ["the file is empty"] : []));
  const columns = new Map(fieldNames.map((name) => [name, columnOf(header.fields, name)]));
  const has = (name: keyof WrittenIncident) => columns.get(name) !== undefined;
  const missing = [
    ...(has("created")
      ? []
      : [`a column for the time at which an incident was created (${namesOf.created.join(", ")})`]),
    ...(has("title") || has("key") ? [] : [`a column for its title (${namesOf.title.join(", ")})`]),
  ];
  if (missing.length > 0)
    return failed(...missing.map((one) => `line ${header.line}: expected ${one}; found ${shown(header.fields)}`));
  const entries = body.map(({ line, fields }) => {
    const place = `line ${line}`;
    const count = header.fields.length;
    if (fields.length !== count)
      return { place, issue: `expected ${count} fields as in the header, found ${fields.length}` };
    const written: WrittenIncident = Object.fromEntries(
      fieldNames.flatMap((name) => {
        const column = columns.get(name);
        return column === undefined ? [] : [[name, fields[column]]];
      }),
    );
    return { place, written };
  });
  return collect(entries, mistakes);
}

function columnOf(header: readonly string[], name: keyof WrittenIncident): number | undefined {
  const normalized = header.map(normalize);
  const columns = namesOf[name].map((one) => normalized.indexOf(one)).filter((column) => column >= 0);
  return columns[0];
}

const normalize = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_");

const shown = (names: readonly string[]): string => names.join(", ").slice(0, 200);

type Json = Readonly<Record<string, unknown>>;

function readJson(text: string): ReadExport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return failed(`not valid JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  const list = Array.isArray(value) ? value : (value as Json)["incidents"];
  if (!Array.isArray(list)) return failed('expected a list of incidents, or an object with the list "incidents"');
  return collect(
    list.map((entry: unknown, index) => {
      const place = `incidents[${index}]`;
      if (typeof entry !== "object" || entry === null) return { place, issue: "expected an object" };
      return { place, written: writtenIn(entry as Json) };
    }),
    [],
  );
}

function writtenIn(entry: Json): WrittenIncident {
  const written = Object.fromEntries(
    fieldNames.map((name) => [name, namesOf[name].map((one) => entry[one]).find((one) => one !== undefined)]),
  ) as WrittenIncident;
  const { service } = written;
  const isReference = typeof service === "object" && service !== null;
  // An incident that is resolved has no other event after that.
  const resolved = written.resolved ?? (entry["status"] === "resolved" ? entry["last_status_change_at"] : undefined);
  return { ...written, resolved, service: isReference ? (service as Json)["summary"] : service };
}

interface Entry {
  readonly place: string;
  readonly written?: WrittenIncident;
  readonly issue?: string;
}

function collect(entries: readonly Entry[], mistakes: readonly string[]): ReadExport {
  const incidents: OldIncident[] = [];
  const issues: string[] = [...mistakes];
  const ids = new Set<string>();
  let [repeated, unzoned] = [0, 0];
  for (const { place, written, issue } of entries) {
    const read = written === undefined ? [issue ?? ""] : oldIncidentOf(written, place);
    if (!("createdAtMs" in read)) {
      issues.push(...read.map((message) => `${place}: ${message}`));
      continue;
    }
    if (!hasZone(written?.created)) unzoned++;
    // Pages of a list that changes meanwhile repeat incidents.
    if (ids.has(read.name)) repeated++;
    else incidents.push(read);
    ids.add(read.name);
  }
  const notes = [
    ...(unzoned > 0 ? [`${unzoned} times without a time zone were read as UTC`] : []),
    ...(repeated > 0 ? [`${repeated} incidents were in the file more than once`] : []),
  ];
  return { incidents, issues, notes };
}
