import { type Incident, Secret } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import { firing, Random, resolved, Scratch, VirtualClock, wanted } from "@tocsin/test/makers";
import type { Callback } from "../callback.ts";
import { type ServiceLife, startLife } from "./service-life.fixture.ts";
import { WebhookRoad } from "./webhook-road.fixture.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

const alertNames = ["a", "b", "c", "d"];
const receiverNames = ["platform", "database"];
/** How often the receivers send the webhooks that are due, and how often sources repeat what fires. */
const webhooksEveryMs = 15 * second;
const repeatEveryMs = 30 * minute;

interface ModelAlert {
  readonly name: string;
  fires: boolean;
  startsAtMs: number;
}

/**
 * 48 hours in which alerts come and go, and people act at two accounts of PagerDuty, whose signed webhooks reach the service over a
 * road that an adversary holds, while the service restarts. Then all that is late arrives, and the history is judged.
 */
export class TwoDays implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly violations: string[] = [];
  readonly roads = new Map<string, WebhookRoad>();
  actions = 0;
  restarts = 0;
  readonly #random: Random;
  readonly #clock = new VirtualClock();
  readonly #scratch = new Scratch();
  readonly #receivers = new Map<string, Simulator>();
  readonly #alerts: readonly ModelAlert[] = alertNames.map((name) => ({ name, fires: false, startsAtMs: 0 }));
  readonly #callbacks: readonly Callback[];
  readonly #remindMs: number;
  #life: ServiceLife | undefined;
  #isCalm = false;
  #stopped = false;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#remindMs = this.#random.pick([0, 2 * hour]);
    const onResolve = this.#random.pick(["reopen", "stay"] as const);
    this.#note(`seed ${seed}, ${onResolve}, remind ${this.#remindMs}`);
    this.#callbacks = receiverNames.map((name) => ({
      name,
      type: "pagerduty",
      // The receiver signs with two secrets during a rotation, and so do we know two.
      secrets: [new Secret(`next secret of ${name}`), new Secret(`secret of ${name}`)],
      targets: [name],
      onResolve,
    }));
    for (const name of receiverNames) {
      const road = new WebhookRoad({
        random: this.#random.fork(`road of ${name}`),
        clock: this.#clock,
        note: (line) => this.#note(`${name}: ${line}`),
        deliver: async (body, headers) => {
          if (this.#life === undefined) throw new Error("connection refused");
          return this.#life.deliver(name, body, headers);
        },
      });
      const receiver = new Simulator({ clock: this.#clock, postWebhook: road.post, limit: { limit: 0 } });
      receiver.subscribe({ url: "http://ours", secrets: [`former secret of ${name}`, `secret of ${name}`] });
      this.roads.set(name, road);
      this.#receivers.set(name, receiver);
    }
  }

  async play(): Promise<void> {
    await this.#start();
    this.#every(webhooksEveryMs, () => {
      for (const receiver of this.#receivers.values()) void receiver.deliverWebhooks();
    });
    this.#every(repeatEveryMs, () => void this.#repeat());
    const random = this.#random;
    const untilMs = this.#clock.now() + 48 * hour;
    while (this.#clock.now() < untilMs) {
      await this.#clock.advance(random.wait(random.pick([10 * second, 10 * minute, hour])));
      const dice = random.next();
      if (dice < 0.5) this.#act();
      else if (dice < 0.85) await this.#changeAlert();
      else await this.#restart();
    }
    // Everything that is under way arrives; what the policies hold back comes.
    this.#isCalm = true;
    for (const road of this.roads.values()) road.isCalm = true;
    await this.#clock.advance(52 * hour);
    await this.#judge();
  }

  #every(ms: number, act: () => void): void {
    if (this.#stopped) return;
    act();
    this.#clock.after(ms, () => this.#every(ms, act));
  }

  /** A person acknowledges or resolves at one of the receivers. */
  #act(): void {
    const name = this.#random.pick(receiverNames);
    const receiver = this.#receivers.get(name)!;
    const open = receiver.incidents().filter(({ status }) => status !== "resolved");
    if (open.length === 0) return;
    const { id, dedup_key: key } = this.#random.pick(open);
    const action = this.#random.pick(["acknowledge", "acknowledge", "resolve"] as const);
    this.#note(`a person: ${action} ${key} at ${name} (${id})`);
    receiver[action](id);
    this.actions++;
  }

  async #changeAlert(): Promise<void> {
    const alert = this.#random.pick(this.#alerts);
    alert.fires = !alert.fires;
    if (alert.fires) alert.startsAtMs = this.#clock.now();
    this.#note(`${alert.name} ${alert.fires ? "fires" : "ends"}`);
    await this.#say([alert]);
  }

  async #repeat(): Promise<void> {
    await this.#say(this.#alerts.filter(({ fires }) => fires));
  }

  /** A source that cannot reach the service sends again after its start. */
  async #say(alerts: readonly ModelAlert[]): Promise<void> {
    if (this.#life === undefined) return;
    const claims = alerts.map(({ name, fires, startsAtMs }) =>
      fires ? firing(name, { startsAtMs }) : resolved(name, { startsAtMs, endsAtMs: this.#clock.now() }),
    );
    await this.#life.ledger.record(claims.map((claim) => wanted(claim, { at: receiverNames })));
    this.#life.wake();
  }

  async #start(): Promise<void> {
    this.#life = await startLife(this.restarts, {
      clock: this.#clock,
      random: this.#random,
      path: this.#scratch.file("tocsin.db"),
      remindMs: this.#remindMs,
      callbacks: this.#callbacks,
      receivers: this.#receivers,
      isCalm: () => this.#isCalm,
      note: (line) => this.#note(line),
      bug: (error) => this.#violate("bug", String(error)),
    });
    await this.#say(this.#alerts.filter(({ startsAtMs }) => startsAtMs > 0));
  }

  async #restart(): Promise<void> {
    await this.#stop();
    this.restarts++;
    await this.#clock.advance(this.#random.pick([0, 10 * second, 10 * minute, 5 * hour]));
    await this.#start();
  }

  async #stop(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    this.#note("stop");
    await life?.stop();
  }

  async #judge(): Promise<void> {
    for (const [name, road] of this.roads) {
      for (const forged of road.acceptedForgeries) this.#violate("forged", `${name}: ${forged}`);
      for (const refused of road.refused) this.#violate("refused", `${name}: ${refused}`);
      for (const { state, event, status } of this.#receivers.get(name)!.webhooks())
        if (state !== "delivered") this.#violate("webhook", `${name}: ${event} is ${state}, last status ${status}`);
    }
    const { incidents } = await this.#life!.ledger.incidents({ limit: 10_000 });
    const people = this.#peoplesTimes();
    for (const { incident } of incidents) this.#judgePeople(incident, people);
    for (const alert of this.#alerts) {
      const open = receiverNames.map((name) => {
        const [newest] = incidents
          .map((view) => view.incident)
          .filter(({ target, dedupKey }) => target === name && dedupKey === alert.name)
          .toSorted((a, b) => b.id - a.id);
        return this.#judgeAlert(alert, name, newest);
      });
      if (new Set(open).size > 1) this.#violate("targets", `${alert.name} is open at one receiver only`);
    }
  }

  /** When people acted at a receiver. */
  #peoplesTimes(): ReadonlySet<number> {
    const rows = [...this.#receivers.values()].flatMap((receiver) => receiver.incidents());
    return new Set(rows.flatMap(({ events }) => events.flatMap(({ by, at }) => (by ? [Date.parse(at)] : []))));
  }

  /** Nothing of ours counts as the action of a person, and nothing that was forged. */
  #judgePeople(incident: Incident, people: ReadonlySet<number>): void {
    const { acknowledgedBy, lastActions } = incident;
    for (const action of [acknowledgedBy, lastActions?.acknowledged, lastActions?.resolved])
      if (action && !people.has(action.atMs)) this.#violate("person", `nobody acted: ${JSON.stringify(incident)}`);
    if (incident.manualUntilMs !== null && !lastActions?.resolved)
      this.#violate("person", `nobody resolved: ${JSON.stringify(incident)}`);
  }

  /** Returns whether the alert has an open incident at this receiver. */
  #judgeAlert({ name, fires }: ModelAlert, target: string, ours: Incident | undefined): boolean {
    const there = this.#receivers
      .get(target)!
      .incidents()
      .findLast((row) => row.dedup_key === name);
    const isOpen = there !== undefined && there.status !== "resolved";
    const story = `${name} at ${target}: there ${JSON.stringify(there && { ...there, events: there.events.length })}, here ${JSON.stringify(ours)}`;
    if (fires && !isOpen && ours?.heldUntilEnd !== true) this.#violate("lost", story);
    if (!fires && isOpen) this.#violate("orphan", story);
    if (!ours || !there) return isOpen;
    if ((ours.told !== null && ours.told.event !== "resolve") !== isOpen) this.#violate("told", story);
    if (!isOpen) return isOpen;
    if (ours.wanted.acknowledged !== (there.status === "acknowledged")) this.#violate("acknowledged", story);
    if (ours.receiver?.incident !== there.id) this.#violate("number", story);
    if (ours.receiver?.confirmedAtMs === undefined) this.#violate("confirmed", story);
    const status = there.status === "triggered" ? "open" : there.status;
    if (ours.receiver?.status?.is !== status) this.#violate("status", story);
    return isOpen;
  }

  #note(line: string): void {
    this.lines.push(`${new Date(this.#clock.now()).toISOString()} ${line}`);
  }

  #violate(promise: string, what: string): void {
    if (this.violations.length < 20) this.violations.push(`${promise}: ${what}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#stop();
    for (const receiver of this.#receivers.values()) await receiver.close();
    this.#scratch[Symbol.dispose]();
  }
}
