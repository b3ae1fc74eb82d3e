import { control } from "./control.ts";
import { pathOf } from "./exchange.ts";
import type { Region, SimulatorAnswer, SimulatorRequest } from "./exchange.ts";
import { readFaultScript } from "./faults/fault-script.ts";
import type { FaultSetting } from "./faults/fault.ts";
import { Faults } from "./faults/faults.ts";
import { readFaults } from "./faults/read-faults.ts";
import { Intake } from "./intake.ts";
import { Ground } from "./ground.ts";
import { IncidentFile } from "./incident-file.ts";
import { Journal } from "./journal.ts";
import type { Leaving } from "./journal.ts";
import { defaultLimits, limitRow, readLimitSetting } from "./limits.ts";
import type { LimitSetting } from "./limits.ts";
import { judge } from "./oracle/judge.ts";
import type { Report } from "./oracle/report.ts";
import { readTruth } from "./oracle/truth.ts";
import type { Truth, TruthSetting } from "./oracle/truth.ts";
import { seededRandom } from "./random.ts";
import { pagerdutyEvents } from "./receivers/pagerduty/events.ts";
import { changeRow, faultRow, incidentRow, overLimitRow, refusalRow, requestRow } from "./rows.ts";
import type { ChangeRow, FaultRow, IncidentRow, OverLimitRow, RefusalRow, RequestRow } from "./rows.ts";
import { listen } from "./server.ts";
import type { Listening, ListenOptions } from "./server.ts";
import { Windows } from "./windows.ts";
import type { Limit } from "./windows.ts";

export interface SimulatorOptions {
  /** Wall clock in ms. @default the system's */
  readonly clock?: { now(): number };
  /** Changes a limit from the start, as `POST /_sim/limits` does. */
  readonly limit?: LimitSetting;
  /** Keeps incidents and change events in this file, over restarts. @default none: they end with the process */
  readonly file?: string;
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
  readonly #file: IncidentFile | undefined;
  readonly #windows = new Windows();
  readonly #faults: Faults;
  readonly #intake: Intake;
  #truth: Truth | undefined;
  readonly #limits = new Map<string, Limit>();
  readonly #options: SimulatorOptions;
  readonly #listening: Listening[] = [];

  constructor(options: SimulatorOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? Date;
    const lean = options.lean ?? false;
    this.#ground = new Ground({ random: seededRandom(options.seed ?? 1), lean });
    this.#journal = new Journal({ lean });
    this.#file = options.file === undefined ? undefined : new IncidentFile(options.file, this.#ground);
    this.#faults = new Faults(options.seed ?? 1);
    this.#intake = new Intake({
      clock: this.#clock,
      receivers: [pagerdutyEvents(this.#ground)],
      limits: this.#limits,
      windows: this.#windows,
      faults: this.#faults,
      journal: this.#journal,
    });
    this.#firstLimits();
  }

  /**
   * Answers one request, control API included. Never throws for what a client may send. An answer that a fault
   * delays or loses says so in `mishap`: who runs the clock decides what that means.
   */
  handle(request: SimulatorRequest, region: Region = "us"): SimulatorAnswer {
    return this.#early(request.path, region) ?? this.#whole(request, region);
  }

  /** The client went away before the answer can have reached it: from then on that request counts as ambiguous. */
  abandon(request: number): void {
    this.#journal.leave(request, "before_answer");
  }

  #early(path: string, region: Region): SimulatorAnswer | undefined {
    // Nothing is looked up for the many requests that meet no faults.
    if (this.#faults.list.length === 0) return undefined;
    const receiver = this.#intake.receiverOf(pathOf(path));
    return receiver === undefined ? undefined : this.#intake.early(receiver, region);
  }

  #whole(request: SimulatorRequest, region: Region): SimulatorAnswer {
    const path = pathOf(request.path);
    const receiver = this.#intake.receiverOf(path);
    if (receiver !== undefined) return this.#intake.meet(receiver, request, region);
    return control(this, request, path) ?? this.#intake.unknown(request, region);
  }

  /** Serves on sockets. `euPort` opens a second listener that stands for the EU region. */
  async listen(options: ListenOptions = {}): Promise<Listening> {
    const front = {
      early: (path: string, region: Region) => this.#early(path, region),
      whole: (request: SimulatorRequest, region: Region) => this.#whole(request, region),
      refuses: (region: Region) => this.#faults.refusesAll(region, this.#clock.now()),
      leave: (request: number, when: Leaving) => this.#journal.leave(request, when),
    };
    const listening = await listen(front, options);
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

  /** Those in force, with how many requests met each. */
  faults(): FaultRow[] {
    return this.#faults.list.map(faultRow);
  }

  /**
   * Replaces all faults, by settings or a script; times count from now. A seed begins the dice anew.
   * @throws SettingError with every issue
   * @example simulator.setFaults("at 10s for 30s answer 429 retry-after 5s")
   */
  setFaults(faults: string | readonly FaultSetting[], options: { readonly seed?: number } = {}): void {
    const settings = typeof faults === "string" ? readFaultScript(faults) : faults;
    this.#faults.set(
      readFaults(settings, this.#clock.now(), (key) => this.#ground.hasher.hash(key)),
      options.seed,
    );
  }

  /**
   * Says what really happened: what each source said, and where it should be heard.
   * @throws SettingError with every issue
   */
  setTruth(truth: TruthSetting | undefined): void {
    this.#truth = truth === undefined ? undefined : readTruth(truth, (key) => this.#ground.hasher.hash(key));
  }

  /** Compares the receivers with the truth. Ask when all is quiet: what is still under way counts as lost. */
  report(): Report {
    const incidents = this.incidents();
    const verdict = judge(this.#truth, {
      incidents,
      changes: this.changes(),
      requests: this.requests(Infinity),
      refused: this.refused(),
      overLimit: this.overLimit(),
    });
    const count = (status: IncidentRow["status"]): number => incidents.filter((row) => row.status === status).length;
    const counts = [...this.#journal.counts.values()];
    return {
      ...verdict,
      judged: this.#truth !== undefined,
      incidents: { triggered: count("triggered"), acknowledged: count("acknowledged"), resolved: count("resolved") },
      requests: Object.fromEntries(this.#journal.counts),
      ambiguous: counts.reduce((sum, one) => sum + one.ambiguous + one.unread, 0),
      notes: this.#notes(),
    };
  }

  #notes(): string[] {
    const notes: string[] = [];
    if (this.#ground.lean) notes.push("recorded leanly: order and repeats were not judged");
    const rows = this.#journal.requests.forgotten;
    if (rows > 0 && !this.#ground.lean) notes.push(`the ${rows} oldest requests were forgotten, and not judged`);
    if (this.#ground.incidents.forgotten > 0)
      notes.push(`${this.#ground.incidents.forgotten} resolved incidents were forgotten`);
    return notes;
  }

  /** Windows in which more calls came than the receiver takes. */
  overLimit(): OverLimitRow[] {
    return this.#windows.excesses.map(overLimitRow);
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
    this.#file?.rewrite();
    this.#journal.reset();
    this.#windows.reset();
    this.#truth = undefined;
    this.#faults.set([], this.#options.seed ?? 1);
    this.#firstLimits();
  }

  async close(): Promise<void> {
    await Promise.all(this.#listening.splice(0).map((listening) => listening.close()));
    this.#file?.close();
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

  #firstLimits(): void {
    for (const [name, limit] of defaultLimits()) this.#limits.set(name, limit);
    if (this.#options.limit !== undefined) this.setLimit(this.#options.limit);
  }
}
