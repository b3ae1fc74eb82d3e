import type { Receiver, Region, Served, SimulatorAnswer, SimulatorRequest } from "./exchange.ts";
import { json, pathOf } from "./exchange.ts";
import { control } from "./control.ts";
import { Ground } from "./ground.ts";
import { Journal } from "./journal.ts";
import { defaultLimits, limitRow, readLimitSetting } from "./limits.ts";
import type { LimitSetting } from "./limits.ts";
import { seededRandom } from "./random.ts";
import { pagerdutyEvents } from "./receivers/pagerduty/events.ts";
import { changeRow, incidentRow, refusalRow, requestRow } from "./rows.ts";
import type { ChangeRow, IncidentRow, RefusalRow, RequestRow } from "./rows.ts";
import { listen } from "./server.ts";
import type { Listening, ListenOptions } from "./server.ts";
import { Windows } from "./windows.ts";
import type { Limit } from "./windows.ts";

export interface SimulatorOptions {
  /** Wall clock in ms. @default the system's */
  readonly clock?: { now(): number };
  /** Changes a limit from the start, as `POST /_sim/limits` does. */
  readonly limit?: LimitSetting;
  /** For benchmarks: keep incidents and counts, but no payloads and no list of requests. @default false */
  readonly lean?: boolean;
  /** Same seed, same faults, same made-up keys. @default 1 */
  readonly seed?: number;
}

/**
 * A stand-in for PagerDuty and other receivers of alerts: strict about what it takes, right about deduplication,
 * lifecycle and limits. `handle` answers in process, on any clock; `listen` serves the same on sockets.
 */
export class Simulator implements AsyncDisposable {
  readonly #clock: { now(): number };
  readonly #ground: Ground;
  readonly #journal: Journal;
  readonly #windows = new Windows();
  readonly #receivers: readonly Receiver[];
  readonly #options: SimulatorOptions;
  readonly #listening: Listening[] = [];
  #limits: Map<string, Limit>;

  constructor(options: SimulatorOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? Date;
    const lean = options.lean ?? false;
    this.#ground = new Ground({ random: seededRandom(options.seed ?? 1), lean });
    this.#journal = new Journal({ lean });
    this.#receivers = [pagerdutyEvents(this.#ground)];
    this.#limits = this.#firstLimits();
  }

  /** Answers one request, control API included. Never throws for what a client may send. */
  handle(request: SimulatorRequest, region: Region = "us"): SimulatorAnswer {
    const path = pathOf(request);
    const receiver = this.#receivers.find((one) => one.takes(path));
    if (receiver !== undefined) return this.#meet(receiver, request, region);
    const answer = control(this, request, path);
    if (answer !== undefined) return answer;
    const row = this.#journal.record({
      atMs: this.#clock.now(),
      receiver: "none",
      region,
      action: "unknown_path",
      status: 404,
      applied: false,
      ambiguous: false,
    });
    this.#journal.refuse(row, [{ field: "path", reason: `no receiver has ${request.method} ${path.slice(0, 200)}` }]);
    return json(404, { message: "Not Found" });
  }

  #meet(receiver: Receiver, request: SimulatorRequest, region: Region): SimulatorAnswer {
    const atMs = this.#clock.now();
    const call = receiver.read(request, region);
    const limit = call.charge === undefined ? undefined : this.#limits.get(call.charge.limit);
    let served: Served | undefined;
    if (call.charge !== undefined && limit !== undefined) {
      const waitMs = this.#windows.refuse(limit, call.charge.limit, call.charge.window, atMs);
      if (waitMs !== undefined)
        served = { answer: comeBack(call.throttled(), limit, waitMs, atMs), violations: [full(limit)] };
    }
    served ??= call.serve(atMs);
    const applied = served.violations === undefined;
    if (served.effect === "opened" && call.charge !== undefined && limit?.dynamicFloor !== undefined) {
      this.#windows.opened(call.charge.limit, call.charge.window, atMs);
    }
    const row = this.#journal.record({
      atMs,
      receiver: receiver.name,
      region,
      action: call.action,
      key: call.key,
      dedupKey: served.dedupKey ?? call.dedupKey,
      status: served.answer.status,
      effect: served.effect,
      applied,
      ambiguous: false,
    });
    if (served.violations !== undefined) this.#journal.refuse(row, served.violations);
    return served.answer;
  }

  /** Serves on sockets. `euPort` opens a second listener that stands for the EU region. */
  async listen(options: ListenOptions = {}): Promise<Listening> {
    const listening = await listen((request, region) => this.handle(request, region), options);
    this.#listening.push(listening);
    return listening;
  }

  incidents(): IncidentRow[] {
    return Array.from(this.#ground.incidents.all(), incidentRow);
  }

  changes(): ChangeRow[] {
    return this.#ground.changes.list().map(changeRow);
  }

  refused(): RefusalRow[] {
    return this.#journal.refusals.list().map(refusalRow);
  }

  /** Oldest first, the latest `limit` of them. @default 1000 */
  requests(limit = 1000): RequestRow[] {
    return this.#journal.requests.list(limit).map(requestRow);
  }

  limits(): ReturnType<typeof limitRow>[] {
    return Array.from(this.#limits, ([name, limit]) => limitRow(name, limit));
  }

  /** @throws SettingError naming each key that cannot be read */
  setLimit(setting: LimitSetting): void {
    const { name, limit } = readLimitSetting(setting, this.#limits);
    this.#limits.set(name, limit);
  }

  /** Names the credentials that a receiver knows, by themselves; `undefined`: all that are well-formed. */
  setKeys(credentials: readonly string[] | undefined, receiver = "pagerduty"): void {
    this.#ground.keysOf(receiver).name(credentials?.map((credential) => this.#ground.hasher.hash(credential)));
  }

  keys(receiver = "pagerduty"): readonly string[] | undefined {
    return this.#ground.keysOf(receiver).list;
  }

  /** Acknowledges as a person would. False when there is no such incident, or it is resolved. */
  acknowledge(id: string): boolean {
    return this.#byPerson(id, "acknowledge");
  }

  /** Resolves as a person would. False when there is no such incident, or it is resolved already. */
  resolve(id: string): boolean {
    return this.#byPerson(id, "resolve");
  }

  /** Forgets everything and returns to the settings it was made with. */
  reset(): void {
    this.#ground.reset();
    this.#journal.reset();
    this.#windows.reset();
    this.#limits = this.#firstLimits();
  }

  async close(): Promise<void> {
    await Promise.all(this.#listening.splice(0).map((listening) => listening.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #byPerson(id: string, action: "acknowledge" | "resolve"): boolean {
    const incident = this.#ground.incidents.get(id);
    if (incident === undefined || incident.status === "resolved") return false;
    const status = action === "resolve" ? "resolved" : "acknowledged";
    this.#ground.incidents.append(incident, { atMs: this.#clock.now(), action, by: "person" }, status);
    return true;
  }

  #firstLimits(): Map<string, Limit> {
    const limits = defaultLimits();
    if (this.#options.limit !== undefined) {
      const { name, limit } = readLimitSetting(this.#options.limit, limits);
      limits.set(name, limit);
    }
    return limits;
  }
}

const full = (limit: Limit) => ({
  field: "rate_limit",
  reason: `more than ${limit.limit} calls in ${limit.perMs / 1000} s`,
});

function comeBack(answer: SimulatorAnswer, limit: Limit, waitMs: number, atMs: number): SimulatorAnswer {
  if (limit.retryAfter === "none") return answer;
  const value =
    limit.retryAfter === "seconds"
      ? String(Math.max(1, Math.ceil(waitMs / 1000)))
      : new Date(Math.ceil((atMs + waitMs) / 1000) * 1000).toUTCString();
  return { ...answer, headers: { ...answer.headers, "retry-after": value } };
}
