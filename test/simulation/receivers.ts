import type { Lease, Outcome, ReceiverTraits } from "@tocsin/core/decisions";
import {
  hashKey,
  type IncidentRow,
  type Simulator,
  type SimulatorAnswer,
  type SimulatorRequest,
} from "@tocsin/simulator";
import { type ReceiverType, receiverTraits } from "../kit/target-terms.ts";
import type { TargetPlan } from "./scenario.ts";

/** Receivers that several targets may share, distinguished by a header: the credential is not part of an incident's identity. */
const authenticatesByHeader: ReadonlySet<ReceiverType> = new Set(["webhook", "alertmanager"]);

/** The place of a target's incidents: the identity of its endpoint. */
export const endpointOf = ({ name, type, url, key }: TargetPlan): string =>
  authenticatesByHeader.has(type) ? `${type} ${url}` : `${name} ${key}`;

type Action = Lease["action"];

/**
 * The receivers of a run. PagerDuty's requests are its own, limits and keys included. The others are the simulator's webhooks,
 * since only their behaviour matters here: Rootly and Alertmanager keep one incident per dedup key, Slack and webhooks keep none
 * and recognise a repeated event at most.
 */
export class Receivers {
  readonly simulator: Simulator;
  /** By key: which target has it, or had. Targets that share a URL may share a key. */
  readonly #targets = new Map<string, TargetPlan>();
  readonly #revoked = new Set<string>();
  /** At receivers without state: by target and dedup key, the action of each event that arrived, by its mark. */
  readonly #events = new Map<string, Map<string, Map<number, Action>>>();

  constructor(simulator: Simulator, targets: readonly TargetPlan[]) {
    this.simulator = simulator;
    for (const target of targets) this.register(target);
  }

  /** A target has a new key. */
  register(target: TargetPlan): void {
    this.#targets.set(target.key, target);
  }

  traitsAt(key: string): ReceiverTraits {
    return receiverTraits[this.#target(key).type];
  }

  isStateless(key: string): boolean {
    return this.traitsAt(key).stateless === true;
  }

  /** The place at the receiver for the events of this lease's dedup key. */
  placeOf(lease: Lease, key: string): string {
    const { type } = this.#target(key);
    return type === "pagerduty" ? `${hashKey(key)} ${lease.dedupKey}` : `${lease.target} ${lease.dedupKey}`;
  }

  /** A request arrives. `effect`: the receiver's effect; null: none. */
  handle(lease: Lease, key: string): { readonly answer: SimulatorAnswer; readonly effect: string | null } {
    const target = this.#target(key);
    if (this.#revoked.has(key)) return { answer: { status: 401, headers: {}, body: "" }, effect: null };
    const request = target.type === "pagerduty" ? pagerdutyRequest(lease, key) : webhookRequest(lease, target);
    const answer = this.simulator.handle(request);
    const effect = this.simulator.requests(1)[0]?.effect ?? null;
    if (effect !== null && this.isStateless(key)) this.#note(lease);
    return { answer, effect };
  }

  #note({ target, dedupKey, event, action }: Lease): void {
    let keys = this.#events.get(target);
    if (!keys) this.#events.set(target, (keys = new Map()));
    const events = keys.get(dedupKey);
    if (events) events.set(event.token, action);
    else keys.set(dedupKey, new Map([[event.token, action]]));
  }

  /** The outcome of an answer, as the publishers classify it. */
  outcomeOf(key: string, { status, headers }: SimulatorAnswer): Outcome {
    const pagerduty = this.#target(key).type === "pagerduty";
    const detail = `HTTP ${status}`;
    const seconds = Number(headers["retry-after"]);
    const later = { detail, status, ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1_000 } : {}) };
    if (pagerduty ? status === 202 : status >= 200 && status < 300)
      return { kind: "accepted", receipt: detail, status };
    if (status === 400) return { kind: "refused", reason: "invalid", detail, ...(pagerduty && { suspectKey: true }) };
    if (status === 401 || status === 403) return { kind: "blocked", state: "unauthorized", reason: "auth", detail };
    if (status === 404 || status === 405) return { kind: "blocked", state: "misconfigured", reason: "invalid", detail };
    if (status === 413 || status === 422) return { kind: "refused", reason: "invalid", detail };
    if (status === 429) return { kind: "retry", reason: "rate_limited", ...later };
    return { kind: status >= 500 ? "ambiguous" : "retry", reason: "server", ...later };
  }

  /** The receiver no longer knows a key. */
  revoke(key: string): void {
    if (this.#target(key).type === "pagerduty")
      this.simulator.setKeys([...this.#targets.keys()].filter((one) => one !== key));
    else this.#revoked.add(key);
  }

  /** It knows all keys again. */
  restoreKeys(): void {
    this.simulator.setKeys(undefined);
    this.#revoked.clear();
  }

  /** By dedup key, in how many places a target's incident is open. `keys`: all that it ever had. */
  openAt({ name, type }: TargetPlan, keys: readonly string[]): Map<string, number> {
    const open = new Map<string, number>();
    const count = (dedupKey: string): void => void open.set(dedupKey, (open.get(dedupKey) ?? 0) + 1);
    if (receiverTraits[type].stateless) {
      for (const [dedupKey, events] of this.#events.get(name) ?? [])
        if (events.get(Math.max(...events.keys())) !== "resolve") count(dedupKey);
      return open;
    }
    for (const dedupKey of this.#openRows(name, type, keys)) count(dedupKey);
    return open;
  }

  #openRows(name: string, type: ReceiverType, keys: readonly string[]): string[] {
    const open = this.simulator.incidents().filter(({ status }) => status !== "resolved");
    if (type === "pagerduty") {
      const hashes = new Set(keys.map((key) => hashKey(key)));
      return open.filter(({ key }) => hashes.has(key)).map(({ dedup_key }) => dedup_key);
    }
    const places = new Set(keys.map((key) => hashKey(`webhook/${nameAt(this.#target(key))}`)));
    const isMine = (row: IncidentRow): boolean => places.has(row.key) && row.dedup_key.startsWith(`${name}/`);
    return open.filter(isMine).map(({ dedup_key }) => dedup_key.slice(name.length + 1));
  }

  #target(key: string): TargetPlan {
    const target = this.#targets.get(key);
    if (!target) throw new Error(`no target ever had the key ${key}`);
    return target;
  }
}

/** A lease in PagerDuty's words. The question for a key is a resolve of an incident that does not exist. */
function pagerdutyRequest(lease: Lease, key: string): SimulatorRequest {
  const { action, dedupKey, severity, summary, token } = lease;
  const event =
    action === "trigger"
      ? { event_action: "trigger", dedup_key: dedupKey, payload: { summary, severity, source: "simulation" } }
      : {
          event_action: action === "check" ? "resolve" : action,
          dedup_key: action === "check" ? `check-${token}` : dedupKey,
        };
  const headers = { "content-type": "application/json" };
  return { method: "POST", path: "/v2/enqueue", headers, body: JSON.stringify({ routing_key: key, ...event }) };
}

/** The name of a receiver among the simulator's webhooks. */
const nameAt = ({ type, url, key }: TargetPlan): string => (authenticatesByHeader.has(type) ? url : key);

function webhookRequest(lease: Lease, at: TargetPlan): SimulatorRequest {
  const { action, target, dedupKey, severity, summary } = lease;
  const body = { action, dedup_key: `${target}/${dedupKey}`, severity, summary };
  return { method: "POST", path: `/webhook/${nameAt(at)}`, headers: {}, body: JSON.stringify(body) };
}
