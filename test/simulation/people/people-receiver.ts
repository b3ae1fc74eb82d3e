import type { AttemptAction, Lease, ReceiverEvent, ReceiverEventKind } from "@tocsin/core/decisions";
import type { Random } from "../../kit/random.ts";

/** One incident of a receiver, or one message of a bot. */
export interface ReceiverIncident {
  readonly number: string;
  readonly dedupKey: string;
  readonly openedAtMs: number;
  status: "open" | "acknowledged" | "resolved";
  /** The id of the event that changed it last. */
  lastEvent: string;
  /** When that happened, by its clock. */
  changedAtMs: number;
  /** A person reopened it and no alert has opened it since. */
  reopened: boolean;
}

/** An event, and whether a person caused it. */
export interface Emitted {
  readonly event: ReceiverEvent;
  readonly alertFires: boolean;
}

interface Options {
  readonly name: string;
  /** `incidents` by dedup key, as PagerDuty; `messages`, each of which we change by its receipt, as a bot's in a chat. */
  readonly kind: "incidents" | "messages";
  /** How far its clock is ahead of ours, ms. */
  readonly skewMs: number;
  readonly now: () => number;
  readonly onResolve: ReceiverEvent["onResolve"];
  readonly emit: (event: ReceiverEvent) => void;
}

const ownKinds: { readonly [A in AttemptAction]?: ReceiverEventKind } = {
  acknowledge: "acknowledged",
  resolve: "resolved",
};

/** A receiver at which people act, and which reports everything that happens to its incidents. */
export class PeopleReceiver {
  readonly name: string;
  readonly isChat: boolean;
  /** In the order in which they were opened. */
  readonly incidents: ReceiverIncident[] = [];
  /** Events of ours that told it what a person had done there, and had been reported to us. */
  readonly echoes: string[] = [];
  readonly #o: Options;
  readonly #known = new Set<string>();
  /** Dedup keys of resolves without an answer. */
  readonly #doubtful = new Set<string>();
  #events = 0;

  constructor(options: Options) {
    this.#o = options;
    this.name = options.name;
    this.isChat = options.kind === "messages";
  }

  latest(dedupKey: string): ReceiverIncident | undefined {
    return this.incidents.findLast((one) => one.dedupKey === dedupKey);
  }

  open(dedupKey: string): ReceiverIncident | undefined {
    return this.incidents.findLast((one) => one.dedupKey === dedupKey && one.status !== "resolved");
  }

  /** An event of ours takes effect. Returns the receipt. */
  take({ action, dedupKey, receipt }: Lease): string {
    const incident = this.isChat
      ? this.incidents.find(({ number }) => number === receipt)
      : (this.open(dedupKey) ?? (action === "trigger" ? undefined : null));
    if (incident === null) return "";
    if (incident === undefined) return this.#opened(dedupKey).number;
    if (incident.reopened && action === "trigger") {
      // What happened to it before belongs to an earlier episode of ours.
      incident.reopened = false;
      this.#known.delete(incident.lastEvent);
    }
    // The resolve may have closed it, so the acknowledge that follows the trigger is no echo.
    if (action === "trigger" && this.#doubtful.delete(dedupKey)) this.#known.delete(incident.lastEvent);
    const kind = ownKinds[action];
    if (this.isChat)
      incident.status = kind === "acknowledged" ? "acknowledged" : kind === "resolved" ? "resolved" : "open";
    if (this.isChat || kind === undefined) return incident.number;
    if (kind === "acknowledged" && incident.status === "acknowledged") {
      if (this.#known.has(incident.lastEvent)) this.echoes.push(`${incident.number} was acknowledged there already`);
      return incident.number;
    }
    this.#change(incident, kind, { own: true });
    return incident.number;
  }

  /** The answer to an event of ours got lost. */
  loseAnswer({ action, dedupKey }: Lease): void {
    if (action === "resolve") this.#doubtful.add(dedupKey);
  }

  #opened(dedupKey: string): ReceiverIncident {
    const number = `${this.name}-${this.incidents.length + 1}`;
    const openedAtMs = this.#o.now() + this.#o.skewMs;
    const incident: ReceiverIncident = {
      number,
      dedupKey,
      openedAtMs,
      status: "open",
      lastEvent: "",
      changedAtMs: openedAtMs,
      reopened: false,
    };
    this.incidents.push(incident);
    if (!this.isChat) this.#report(incident, "opened", { own: true });
    return incident;
  }

  /** A person does something, or an automation does. Returns false if nothing can be done. */
  act(random: Random, dedupKey: string): boolean {
    // A person may press the button of an old message, too.
    const mine = this.incidents.filter((one) => one.dedupKey === dedupKey);
    const incident = this.isChat && random.chance(0.2) ? mine.at(-2) : mine.at(-1);
    if (!incident) return false;
    const kinds = kindsAt(incident, this.isChat);
    if (kinds.length === 0) return false;
    this.#change(incident, random.pick(kinds), {
      own: false,
      ...(random.chance(0.8) && { by: random.pick(["Ann", "Bob"]) }),
    });
    return true;
  }

  #change(incident: ReceiverIncident, kind: ReceiverEventKind, who: Pick<ReceiverEvent, "own" | "by">): void {
    // A message shows what we write, so a button changes nothing in it.
    if (kind !== "noted" && (!this.isChat || who.own))
      incident.status = kind === "acknowledged" || kind === "resolved" ? kind : "open";
    if (kind === "reopened") incident.reopened = true;
    this.#report(incident, kind, who);
  }

  #report(incident: ReceiverIncident, kind: ReceiverEventKind, who: Pick<ReceiverEvent, "own" | "by">): void {
    const { name, onResolve, skewMs, now } = this.#o;
    const id = `${name}-event-${String(++this.#events).padStart(6, "0")}`;
    // A note leaves its status as it was.
    if (kind !== "noted") Object.assign(incident, { lastEvent: id, changedAtMs: now() + skewMs });
    this.#o.emit({
      id,
      callback: name,
      targets: [name],
      kind,
      dedupKeys: [incident.dedupKey],
      receiverIncident: incident.number,
      openedAtMs: incident.openedAtMs,
      atMs: now() + skewMs,
      onResolve,
      lookUp: false,
      ...who,
    });
  }

  /** The ledger took this event. */
  reported({ id, kind, own }: ReceiverEvent, effect: string): void {
    if (kind === "acknowledged" && !own && effect === "applied") this.#known.add(id);
  }
}

function kindsAt({ status }: ReceiverIncident, isChat: boolean): readonly ReceiverEventKind[] {
  if (isChat) return status === "resolved" ? [] : ["acknowledged", "acknowledged", "resolved"];
  if (status === "resolved") return ["reopened"];
  return status === "open" ? ["acknowledged", "acknowledged", "resolved"] : ["unacknowledged", "resolved", "noted"];
}
