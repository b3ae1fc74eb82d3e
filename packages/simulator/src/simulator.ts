import { control } from "./server/control/control.ts";
import type { ManualIncident, SimulatorControls } from "./server/control/simulator-controls.ts";
import { pathOf } from "./server/exchange.ts";
import type { Region, SimulatorAnswer, SimulatorRequest } from "./server/exchange.ts";
import { readFaultScript } from "./faults/fault-script.ts";
import type { FaultSetting } from "./faults/fault.ts";
import { readFaults } from "./faults/read-faults.ts";
import type { Leaving } from "./state/journal.ts";
import { limitRow, readLimitSetting } from "./state/limits.ts";
import type { LimitSetting } from "./state/limits.ts";
import { judge } from "./oracle/judge.ts";
import { makeReport } from "./oracle/report.ts";
import type { Report } from "./oracle/report.ts";
import { readTruth } from "./oracle/truth.ts";
import type { Truth, TruthSetting } from "./oracle/truth.ts";
import type { NoPress, Press, SlackAppSettings } from "./receivers/slack/slack-app.ts";
import type { Models } from "./models/models.ts";
import { Components } from "./components.ts";
import type { SimulatorOptions } from "./components.ts";
import * as rows from "./server/rows.ts";
import { startServer } from "./server/server.ts";
import type { Listening, ListenOptions } from "./server/server.ts";
import { startDeliveryLoop } from "./webhooks/delivery-loop.ts";

/**
 * A stand-in for PagerDuty and other receivers of alerts: strict about requests, right about deduplication,
 * lifecycle and limits. `handle` answers in process, on any clock; `listen` serves the same on sockets.
 */
export class Simulator implements AsyncDisposable, SimulatorControls {
  readonly #components: Components;
  readonly #listening: Listening[] = [];
  #stopPump: (() => void) | undefined;
  #truth: Truth | undefined;

  constructor(options: SimulatorOptions = {}) {
    this.#components = new Components(options);
  }

  /**
   * Answers one request, control API included. Never throws because of a request. An answer that a fault
   * delays or loses has a `mishap`: the owner of the clock decides how to apply it.
   */
  handle(request: SimulatorRequest, region: Region = "us"): SimulatorAnswer {
    return this.#early(request.path, region) ?? this.#whole(request, region);
  }

  /** Records that the client disconnected before it can have read the answer. The request then counts as ambiguous. */
  abandon(request: number): void {
    this.#components.journal.leave(request, "before_answer");
  }

  /** Serves on sockets. `euPort` opens a second listener that stands for the EU region. */
  async listen(options: ListenOptions = {}): Promise<Listening> {
    const { faults, clock, journal, sender, models } = this.#components;
    const front = {
      early: (path: string, region: Region) => this.#early(path, region),
      whole: (request: SimulatorRequest, region: Region) => this.#whole(request, region),
      model: models.serve.bind(models),
      refuses: (region: Region) => faults.refusesAll(region, clock.now()),
      leave: (request: number, when: Leaving) => journal.leave(request, when),
    };
    const listening = await startServer(front, options);
    this.#listening.push(listening);
    this.#stopPump ??= startDeliveryLoop(sender, clock);
    return listening;
  }

  async close(): Promise<void> {
    this.#stopPump?.();
    this.#stopPump = undefined;
    await Promise.all(this.#listening.splice(0).map((listening) => listening.close()));
    this.#components.file?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // The receivers' state.

  incidents(): rows.IncidentRow[] {
    this.#components.tick();
    return Array.from(this.#components.state.incidents.all(), rows.incidentRow);
  }

  changes(): rows.ChangeRow[] {
    return this.#components.state.changes.list().map(rows.changeRow);
  }

  /** The stand-ins of model servers: their base URL is `/v1`. */
  get models(): Models {
    return this.#components.models;
  }

  /** The alerts that PagerDuty accepted and suppressed. */
  suppressed(): rows.SuppressedRow[] {
    return this.#components.state.suppressed.list().map(rows.suppressedRow);
  }

  /** The messages in Slack's channels, each with the replies in its thread. */
  messages(): rows.MessageRow[] {
    return rows.messageRows(this.#components.state.messages.list());
  }

  /** The deliveries to `/webhook/{name}`. */
  deliveries(): rows.DeliveryRow[] {
    return this.#components.state.deliveries.list().map(rows.deliveryRow);
  }

  /** One row for each rule that a request broke. */
  refused(): rows.RefusalRow[] {
    return this.#components.journal.refusals.list().map(rows.refusalRow);
  }

  /** Oldest first, the latest `limit` of them. @default 1000 */
  requests(limit = 1000): rows.RequestRow[] {
    return this.#components.journal.requests.list(limit).map(rows.requestRow);
  }

  /** Windows with more calls than the receiver accepts. */
  overLimit(): rows.OverLimitRow[] {
    return this.#components.windows.excesses.map(rows.overLimitRow);
  }

  /** Webhooks sent to subscribers, waiting and dropped. */
  webhooks(): rows.WebhookRow[] {
    return this.#components.sender.records.map(rows.webhookRow);
  }

  /** Compares the receivers with the truth. Call it when all work is done: unfinished deliveries count as lost. */
  report(): Report {
    const { state, journal } = this.#components;
    const incidents = this.incidents();
    const verdict = judge(this.#truth, {
      incidents,
      changes: this.changes(),
      requests: this.requests(Infinity),
      refused: this.refused(),
      overLimit: this.overLimit(),
    });
    return makeReport(verdict, {
      judged: this.#truth !== undefined,
      incidents,
      counts: journal.counts,
      lean: state.lean,
      forgottenRequests: journal.requests.forgotten,
      forgottenIncidents: state.incidents.forgotten,
    });
  }

  /** A value that changes with every request and setting. An equal value means that nothing has changed. */
  get version(): string {
    this.#components.tick();
    return `${this.#components.journal.requests.total}-${this.#components.changeCount}`;
  }

  // Actions of a person.

  /** Acknowledges as a person would. False when there is no such incident, or it is resolved. */
  acknowledge(id: string): boolean {
    return this.#byPerson(id, "acknowledge");
  }

  /** Resolves as a person would. False when there is no such incident, or it is resolved already. */
  resolve(id: string): boolean {
    return this.#byPerson(id, "resolve");
  }

  /** Deletes a message of Slack as a person would. False when there is none. */
  deleteMessage(ts: string): boolean {
    return this.#components.state.messages.deleteByTs(ts);
  }

  /**
   * Presses a button of a Slack message as a person would: the app's URL gets a signed `block_actions` payload. Returns its row,
   * or why nothing is sent. `pressesAnswered` waits for the answer.
   * @example simulator.press({ ts, action: "acknowledge", user: "ada" })
   */
  press(press: Press): rows.PressRow | NoPress {
    const { state, clock, postWebhook } = this.#components;
    const at = { nowMs: clock.now(), post: postWebhook, makeId: () => state.makeUuid() };
    const record = state.slackApp.press(press, at);
    return typeof record === "string" ? record : rows.pressRow(record);
  }

  pressesAnswered = (): Promise<void> => this.#components.state.slackApp.answered();

  /** The pressed buttons and how the app answered. */
  presses(): rows.PressRow[] {
    return this.#components.state.slackApp.records.map(rows.pressRow);
  }

  /** Opens an incident as a person or another tool would. Returns its id; undefined: one is open. */
  openIncident(given: ManualIncident): string | undefined {
    const { state, clock } = this.#components;
    const { receiver = "pagerduty", region = "us", dedup_key: dedupKey, summary = dedupKey } = given;
    const key = /^[0-9a-f]{16}$/.test(given.key) ? given.key : state.hasher.hash(given.key);
    const identity = { receiver, region, key, dedupKey };
    if (state.incidents.findOpen(identity) !== undefined) return undefined;
    const entry = { atMs: clock.now(), action: "trigger", severity: given.severity ?? "critical", summary };
    return state.incidents.open(identity, { ...entry, by: "person" }).id;
  }

  /** Deletes an incident without a webhook, as if the receiver had lost it. False when there is no such incident. */
  loseIncident(id: string): boolean {
    const { incidents } = this.#components.state;
    const incident = incidents.get(id);
    if (incident !== undefined) incidents.lose(incident);
    return incident !== undefined;
  }

  // Settings.

  slackApp(): rows.SlackAppRow {
    return rows.slackAppRow(this.#components.state.slackApp.settings);
  }

  /** Sets where the Slack app takes people's actions, and how long messages can be edited. Replaces the former settings. */
  setSlackApp(settings: SlackAppSettings): void {
    this.#components.state.slackApp.settings = settings;
    this.#components.changeCount += 1;
  }

  limits(): rows.LimitRow[] {
    return Array.from(this.#components.limits, ([name, limit]) => limitRow(name, limit));
  }

  /**
   * @throws SettingError naming each key that cannot be read
   * @example simulator.setLimit({ limit: 120, per: "6s" })
   */
  setLimit(setting: LimitSetting): void {
    const { name, limit } = readLimitSetting(setting, this.#components.limits);
    this.#components.limits.set(name, limit);
    this.#components.changeCount += 1;
  }

  /** The active faults, each with the number of requests that it has hit. */
  faults(): rows.FaultRow[] {
    return this.#components.faults.list.map(rows.faultRow);
  }

  /**
   * Replaces all faults, by settings or a script; times count from now. A seed restarts the random generator.
   * @throws SettingError with every issue
   * @example simulator.setFaults("at 10s for 30s answer 429 retry-after 5s")
   */
  setFaults(faults: string | readonly FaultSetting[], options: { readonly seed?: number } = {}): void {
    const settings = typeof faults === "string" ? readFaultScript(faults) : faults;
    const { clock, state } = this.#components;
    this.#components.faults.set(
      readFaults(settings, clock.now(), (key) => state.hasher.hash(key)),
      options.seed,
    );
    this.#components.changeCount += 1;
  }

  /** Hashes of the credentials that a receiver accepts. Undefined: it accepts every well-formed one. */
  keys(receiver = "pagerduty"): readonly string[] | undefined {
    return this.#components.state.keysOf(receiver).list;
  }

  /** Sets the credentials that a receiver accepts, in clear. `undefined`: it accepts every well-formed one. */
  setKeys(credentials: readonly string[] | undefined, receiver = "pagerduty"): void {
    const { state } = this.#components;
    state.keysOf(receiver).name(credentials?.map((credential) => state.hasher.hash(credential)));
  }

  /** Requires Standard Webhooks signatures at `/webhook/{name}`, with any of these secrets. `undefined`: none required. */
  setWebhookSecrets(name: string, secrets: readonly string[] | undefined): void {
    if (secrets === undefined) this.#components.state.webhookSecrets.delete(name);
    else this.#components.state.webhookSecrets.set(name, secrets);
  }

  /**
   * Sets the truth: the events of each source and the targets that must get them. `undefined` removes it.
   * @throws SettingError with every issue
   */
  setTruth(truth: TruthSetting | undefined): void {
    this.#truth = truth === undefined ? undefined : readTruth(truth);
  }

  /**
   * Sends PagerDuty's V3 webhooks, or those of Rootly, to `url` from then on, and returns its id. PagerDuty signs with each secret,
   * Rootly with the first.
   * @example simulator.subscribe({ url, secrets: ["new", "old"], events: ["incident.acknowledged"] })
   */
  subscribe(to: {
    readonly url: string;
    readonly secrets: readonly string[];
    readonly events?: readonly string[];
    readonly receiver?: "pagerduty" | "rootly";
  }): string {
    return this.#components.state.subscriptions.add(to).id;
  }

  /** Sends the webhooks that are due and waits for the answers. While listening, the simulator does this itself. */
  async deliverWebhooks(): Promise<void> {
    await this.#components.sender.deliver();
  }

  /** Deletes all state and returns to the initial settings. */
  reset(): void {
    this.#truth = undefined;
    this.#components.reset();
  }

  #early(path: string, region: Region): SimulatorAnswer | undefined {
    const { faults, dispatcher } = this.#components;
    // Most requests meet no faults: no look-up for them.
    if (faults.list.length === 0) return undefined;
    const receiver = dispatcher.receiverOf(pathOf(path));
    return receiver === undefined ? undefined : dispatcher.early(receiver, region);
  }

  #whole(request: SimulatorRequest, region: Region): SimulatorAnswer {
    const { dispatcher } = this.#components;
    const path = pathOf(request.path);
    const receiver = dispatcher.receiverOf(path);
    if (receiver !== undefined) return dispatcher.meet(receiver, request, region);
    return control(this, request, path) ?? dispatcher.unknown(request, region);
  }

  #byPerson(id: string, action: "acknowledge" | "resolve"): boolean {
    const { state, clock } = this.#components;
    const incident = state.incidents.get(id);
    if (incident === undefined || incident.status === "resolved") return false;
    const status = action === "resolve" ? "resolved" : "acknowledged";
    state.incidents.append(incident, { atMs: clock.now(), action, by: "person" }, status);
    return true;
  }
}
