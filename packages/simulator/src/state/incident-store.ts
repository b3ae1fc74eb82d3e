import type { Region } from "./region.ts";

export type IncidentStatus = "triggered" | "acknowledged" | "resolved";

/** One line in an incident's log: an event or an action of a person. */
export interface LogEntry {
  readonly atMs: number;
  readonly action: string;
  readonly severity?: string | undefined;
  readonly summary?: string | undefined;
  /** The other fields of the event, as received, without its credential. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** Set for an action of a person. */
  readonly by?: "person";
}

/** One episode at a receiver, from its trigger to its resolve. */
export interface Incident {
  readonly id: string;
  /** 1, 2, 3 … as PagerDuty numbers them. */
  readonly number: number;
  readonly receiver: string;
  readonly region: Region;
  /** Hash of the credential that opened it. */
  readonly key: string;
  readonly dedupKey: string;
  /** Summary of the first trigger; later triggers do not change an incident's title (observed at PagerDuty). */
  readonly title: string;
  status: IncidentStatus;
  /** Severity of the latest trigger. */
  summary: string;
  severity: string;
  readonly openedAtMs: number;
  acknowledgedAtMs?: number | undefined;
  resolvedAtMs?: number | undefined;
  readonly log: LogEntry[];
  /** Entries beyond `maxLogEntries` are counted, not kept. */
  logDropped: number;
}

export interface Identity {
  readonly receiver: string;
  readonly region: Region;
  readonly key: string;
  readonly dedupKey: string;
}

/** One change, complete enough to repeat it. It is written to the file that survives a restart. */
export type IncidentChange =
  | { readonly kind: "opened"; readonly incident: Incident }
  | { readonly kind: "logged"; readonly id: string; readonly entry: LogEntry; readonly status: IncidentStatus }
  | { readonly kind: "lost"; readonly id: string };

const maxLogEntries = 1_000;

/**
 * All incidents, open and resolved. An identity has at most one open incident: this is deduplication.
 * The receivers decide about the lifecycle; the store keeps the result.
 */
export class IncidentStore {
  readonly #byId = new Map<string, Incident>();
  readonly #open = new Map<string, Incident>();
  readonly #resolved = new Set<string>();
  readonly #most: number;
  #number = 0;
  /** Called with each change and the status before it, before the request is answered. */
  readonly onChange: ((change: IncidentChange, incident: Incident, before: IncidentStatus | undefined) => void)[] = [];
  /** Resolved incidents that were dropped because of the size limit. */
  forgotten = 0;

  constructor(options: { most: number }) {
    this.#most = options.most;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): IterableIterator<Incident> {
    return this.#byId.values();
  }

  get(id: string): Incident | undefined {
    return this.#byId.get(id);
  }

  findOpen(identity: Identity): Incident | undefined {
    return this.#open.get(nameOf(identity));
  }

  open(identity: Identity, entry: LogEntry): Incident {
    const number = this.#number + 1;
    const incident: Incident = {
      // Fourteen characters that begin with Q, like PagerDuty's ids.
      id: `Q${number.toString(36).toUpperCase().padStart(13, "0")}`,
      number,
      ...identity,
      title: entry.summary ?? "",
      status: "triggered",
      summary: entry.summary ?? "",
      severity: entry.severity ?? "",
      openedAtMs: entry.atMs,
      log: [entry],
      logDropped: 0,
    };
    this.restore(incident);
    this.#tell({ kind: "opened", incident }, incident, undefined);
    return incident;
  }

  append(incident: Incident, entry: LogEntry, status: IncidentStatus = incident.status): void {
    const before = incident.status;
    this.#write(incident, entry, status);
    this.#tell({ kind: "logged", id: incident.id, entry, status }, incident, before);
  }

  /** Deletes it, as if the receiver had lost it. */
  lose(incident: Incident): void {
    this.#delete(incident);
    this.#tell({ kind: "lost", id: incident.id }, incident, incident.status);
  }

  #delete(incident: Incident): void {
    this.#byId.delete(incident.id);
    this.#resolved.delete(incident.id);
    if (this.#open.get(nameOf(incident)) === incident) this.#open.delete(nameOf(incident));
  }

  /** Restores the changes of a file. Does not call `onChange`. */
  restore(incident: Incident): void {
    this.#number = Math.max(this.#number, incident.number);
    this.#byId.set(incident.id, incident);
    if (incident.status === "resolved") this.#resolved.add(incident.id);
    else this.#open.set(nameOf(incident), incident);
    this.#forget();
  }

  replay(change: IncidentChange): void {
    if (change.kind === "opened") return this.restore(change.incident);
    const incident = this.#byId.get(change.id);
    if (incident === undefined) return;
    if (change.kind === "lost") this.#delete(incident);
    else this.#write(incident, change.entry, change.status);
  }

  reset(): void {
    this.#byId.clear();
    this.#open.clear();
    this.#resolved.clear();
    this.#number = 0;
    this.forgotten = 0;
  }

  #tell(change: IncidentChange, incident: Incident, before: IncidentStatus | undefined): void {
    for (const listener of this.onChange) listener(change, incident, before);
  }

  #write(incident: Incident, entry: LogEntry, status: IncidentStatus): void {
    incident.log.push(entry);
    if (incident.log.length > maxLogEntries) {
      // Keep the first entry, which opened the incident, and the latest ones.
      incident.log.splice(1, 1);
      incident.logDropped += 1;
    }
    if (entry.summary !== undefined) incident.summary = entry.summary;
    if (entry.severity !== undefined) incident.severity = entry.severity;
    if (status !== incident.status) this.#move(incident, entry.atMs, status);
  }

  #move(incident: Incident, atMs: number, status: IncidentStatus): void {
    if (incident.status === "resolved") {
      // Only a person can reopen an incident; an event opens a new one.
      incident.resolvedAtMs = undefined;
      this.#resolved.delete(incident.id);
      this.#open.set(nameOf(incident), incident);
    }
    incident.status = status;
    if (status === "acknowledged") incident.acknowledgedAtMs = atMs;
    if (status !== "resolved") return;
    incident.resolvedAtMs = atMs;
    this.#open.delete(nameOf(incident));
    this.#resolved.add(incident.id);
    this.#forget();
  }

  #forget(): void {
    while (this.#byId.size > this.#most) {
      const oldest = this.#resolved.values().next();
      if (oldest.done === true) return;
      this.#resolved.delete(oldest.value);
      this.#byId.delete(oldest.value);
      this.forgotten += 1;
    }
  }
}

const nameOf = (identity: Identity): string =>
  `${identity.receiver}\n${identity.region}\n${identity.key}\n${identity.dedupKey}`;
