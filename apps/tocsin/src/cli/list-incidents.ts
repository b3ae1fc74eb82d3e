import type { incidentBody } from "../http/endpoints/incidents.ts";
import { callApi } from "./api.ts";
import { heldBackText, nextWaits } from "./held-back.ts";
import { print, sayMore } from "./operate.ts";
import type { IncidentListOptions, OperatorOptions } from "./operator-options.ts";
import { sinceTime } from "./since-time.ts";
import { printable, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

type IncidentBody = ReturnType<typeof incidentBody>;

/** A page of the API, or several of them. */
interface IncidentList {
  readonly incidents: readonly IncidentBody[];
  readonly nextCursor?: string;
  readonly searched?: { readonly looked: number; readonly stopped: boolean };
}

/** The largest page that the API returns. */
const maxPerPage = 1_000;

/** Filters of a list of incidents, as the API names them. */
const filters = ["state", "target", "fingerprint", "severity", "reason", "source", "kind", "q"] as const;

/** `tocsin incidents list` */
export async function listIncidents(terminal: Terminal, options: IncidentListOptions): Promise<void> {
  const answer = await readIncidents(options);
  const { incidents } = answer;
  const rows = incidents.map((incident) => [
    incident.id,
    incident.target,
    incident.wanted.acknowledged ? `${incident.state}, acknowledged` : incident.state,
    `${incident.reason}${nextWaits(incident)}`,
    incident.severity,
    incident.updatedAt,
    incident.wanted.summary,
  ]);
  const headings = ["ID", "TARGET", "STATE", "REASON", "SEVERITY", "UPDATED", "SUMMARY"];
  print(terminal, options, answer, table(headings, rows));
  sayHeldBack(terminal, options, incidents);
  sayMore(terminal, options, answer);
}

/** The service reads a bounded number of incidents per request to apply filters, so one list may need many requests. */
export async function readIncidents(options: IncidentListOptions): Promise<IncidentList> {
  const limit = Number(options.limit);
  const since = options.since === undefined ? undefined : sinceTime(options.since);
  const incidents: IncidentBody[] = [];
  let looked: number | undefined;
  let last: IncidentList | undefined;
  do {
    const cursor = last?.nextCursor ?? options.cursor;
    const query = new URLSearchParams([
      ...filters.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
      ...(options.matcher ?? []).map((one) => ["matcher", one]),
      ...(since === undefined ? [] : [["since", since]]),
      // The service reports what is wrong with it.
      ["limit", Number.isInteger(limit) ? String(Math.min(limit - incidents.length, maxPerPage)) : options.limit],
      ...(cursor === undefined ? [] : [["cursor", cursor]]),
    ]);
    last = (await callApi(options, "GET", `incidents?${query.toString()}`)) as IncidentList;
    incidents.push(...last.incidents);
    if (last.searched) looked = (looked ?? 0) + last.searched.looked;
  } while (last.nextCursor !== undefined && incidents.length < limit);
  const { nextCursor, searched } = last;
  return {
    incidents,
    ...(nextCursor !== undefined && { nextCursor }),
    ...(searched && { searched: { ...searched, looked: looked ?? searched.looked } }),
  };
}

/** Printed once per target: a delivered incident alone would look healthy. */
function sayHeldBack(terminal: Terminal, { json: asJson }: OperatorOptions, incidents: readonly IncidentBody[]): void {
  if (asJson) return;
  const lines = incidents.flatMap(({ target, heldBack }) =>
    heldBack ? [printable(`${target}: ${heldBackText(heldBack)}`)] : [],
  );
  for (const line of new Set(lines)) terminal.err(`${line}\n`);
}
