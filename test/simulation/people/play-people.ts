import type { Ledger, Lease, Outcome, ReceiverEvent, Severity } from "@tocsin/core/decisions";
import { defaultSettings, ledgerOver, MemoryStore, openSqliteLedger } from "@tocsin/engine";
import { firing, resolved, wanted } from "../../kit/claims.ts";
import { Random } from "../../kit/random.ts";
import { Scratch } from "../../kit/scratch.ts";
import { forgetfulTraits, targetTerms } from "../../kit/target-terms.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";
import { PeopleReceiver } from "./people-receiver.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

const names = ["a", "b", "c"];
const delays = [0, 0, second, 10 * second, 10 * minute, 3 * hour, 48 * hour];
const repeatEveryMs = 30 * minute;

interface ModelAlert {
  readonly name: string;
  fires: boolean;
  startsAtMs: number;
  severity: Severity;
}

export interface PlayedPeople {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly lines: readonly string[];
  /** Actions of people, and events of ours that left. */
  readonly actions: number;
  readonly sent: number;
}

/**
 * One history of people who act at three receivers, which report late, again and in another order, while alerts come and go,
 * answers get lost, and processes restart. Judged two days after the last action.
 */
export async function playPeople(seed: number): Promise<PlayedPeople> {
  using history = new PeopleHistory(seed);
  await history.open();
  await history.play();
  await history.end();
  return history.result;
}

class PeopleHistory implements Disposable {
  readonly #seed: number;
  readonly #random: Random;
  readonly #clock = new VirtualClock();
  readonly #receivers: readonly PeopleReceiver[];
  readonly #alerts: readonly ModelAlert[] = names.map((name) => ({
    name,
    fires: false,
    startsAtMs: 0,
    severity: "error",
  }));
  readonly #arriving: { readonly atMs: number; readonly event: ReceiverEvent }[] = [];
  readonly #lines: string[] = [];
  readonly #violations: string[] = [];
  readonly #store = new MemoryStore();
  readonly #scratch: Scratch | undefined;
  readonly #onResolve: ReceiverEvent["onResolve"];
  readonly #remind: number;
  #replicas: Ledger[] = [];
  #calm = false;
  #actions = 0;
  #sent = 0;

  constructor(seed: number) {
    this.#seed = seed;
    const random = new Random(seed);
    this.#random = random;
    this.#onResolve = random.pick(["reopen", "stay"]);
    this.#remind = random.pick([0, 2 * hour]);
    if (random.chance(0.2)) this.#scratch = new Scratch();
    this.#receivers = (["pagerduty", "rootly", "slack"] as const).map(
      (name) =>
        new PeopleReceiver({
          name,
          kind: name === "slack" ? "messages" : "incidents",
          skewMs: random.between(-2, 2) * second,
          now: () => this.#clock.now(),
          onResolve: this.#onResolve,
          emit: (event) => this.#emit(event),
        }),
    );
  }

  get result(): PlayedPeople {
    return {
      seed: this.#seed,
      lines: this.#lines,
      violations: this.#violations,
      actions: this.#actions,
      sent: this.#sent,
    };
  }

  async open(): Promise<void> {
    const count = this.#scratch ? 1 : this.#random.between(1, 3);
    for (let n = 0; n < count; n++) this.#replicas.push(await this.#openOne());
  }

  async #openOne(): Promise<Ledger> {
    const clock = this.#clock;
    const settings = { ...defaultSettings, expiryGrace: 0, remind: this.#remind };
    const options = { clock, settings, random: this.#random.next };
    const ledger = this.#scratch
      ? await openSqliteLedger({ ...options, path: this.#scratch.file("tocsin.db"), thread: false })
      : ledgerOver(this.#store, options);
    const bot = { ...forgetfulTraits, acknowledges: true, keepsReceipt: true } as const;
    await ledger.useTargets(
      this.#receivers.map(({ name, isChat }) => targetTerms(name, isChat ? { traits: bot } : {})),
    );
    return ledger;
  }

  async play(): Promise<void> {
    const random = this.#random;
    const steps = random.between(20, 120);
    for (let step = 0; step < steps; step++) {
      await this.#pass(random.wait(random.pick([second, minute, 10 * minute])));
      const name = random.pick(names);
      const dice = random.next();
      if (dice < 0.5) {
        const receiver = random.pick(this.#receivers);
        if (receiver.act(random, name)) this.#actions++;
      } else if (dice < 0.8) await this.#changeAlert(name);
      else if (dice < 0.9) await this.#repeat();
      else await this.#restart();
    }
  }

  /** Nothing changes any more, and all that is late arrives. */
  async end(): Promise<void> {
    this.#calm = true;
    for (let passedMs = 0; passedMs < 52 * hour; passedMs += repeatEveryMs) {
      await this.#pass(repeatEveryMs);
      await this.#repeat();
    }
    const before = this.#sent;
    this.#lines.push("all has arrived");
    await this.#pass(hour / 4);
    if (this.#sent !== before) this.#violate("quiet", "events of ours leave although nothing happened");
    await this.#judge();
  }

  async #changeAlert(name: string): Promise<void> {
    const alert = this.#alerts.find((one) => one.name === name) as ModelAlert;
    if (alert.fires && this.#random.chance(0.3)) alert.severity = this.#random.pick(["critical", "error", "warning"]);
    else {
      alert.fires = !alert.fires;
      if (alert.fires) alert.startsAtMs = this.#clock.now();
    }
    await this.#say(alert);
  }

  async #repeat(): Promise<void> {
    for (const alert of this.#alerts) if (alert.fires) await this.#say(alert);
  }

  async #say({ name, fires, startsAtMs, severity }: ModelAlert): Promise<void> {
    const claim = fires ? firing(name, { startsAtMs }) : resolved(name, { startsAtMs, endsAtMs: this.#clock.now() });
    const [recorded] = await this.#replica().record([
      wanted(claim, { severity, at: this.#receivers.map((receiver) => receiver.name) }),
    ]);
    this.#note(`${name} ${claim.status} ${severity}: ${recorded?.effect}`);
    await this.#work();
  }

  async #pass(ms: number): Promise<void> {
    const untilMs = this.#clock.now() + ms;
    for (;;) {
      this.#arriving.sort((a, b) => a.atMs - b.atMs);
      const next = this.#arriving[0];
      if (!next || next.atMs > untilMs) break;
      this.#arriving.shift();
      await this.#clock.advance(Math.max(0, next.atMs - this.#clock.now()));
      await this.#deliver(next.event);
      await this.#work();
    }
    await this.#clock.advance(Math.max(0, untilMs - this.#clock.now()));
    await this.#work();
  }

  #emit(event: ReceiverEvent): void {
    this.#note(
      `${event.callback}: ${event.kind} ${event.receiverIncident} by ${event.own ? "us" : event.by} (${event.id})`,
    );
    for (let copies = this.#random.chance(0.3) ? 2 : 1; copies > 0; copies--)
      this.#arriving.push({
        atMs: this.#clock.now() + this.#random.pick(this.#calm ? delays.slice(0, 5) : delays),
        event,
      });
  }

  async #deliver(event: ReceiverEvent): Promise<void> {
    const [effect = ""] = await this.#replica().storeReceiverEvents([event]);
    this.#note(`${event.id} arrives: ${effect}`);
    this.#receivers.find(({ name }) => name === event.callback)?.reported(event, effect);
  }

  /** Makes all attempts that are due. */
  async #work(): Promise<void> {
    for (let rounds = 0; rounds < 200; rounds++) {
      const ahead = { targets: [], factor: 1 };
      const replica = this.#replica();
      const request = {
        owner: `worker ${this.#replicas.indexOf(replica)}`,
        max: 10,
        concurrency: 10,
        leaseMarginMs: 20 * second,
        ahead,
      };
      const { leases, nextAtMs, nowMs } = await replica.leaseDue(request);
      for (const lease of leases) await this.#attempt(replica, lease);
      if (leases.length === 0 && (nextAtMs === null || nextAtMs > nowMs)) return;
    }
    this.#violate("echo", "events of ours leave without end");
  }

  async #attempt(replica: Ledger, lease: Lease): Promise<void> {
    const outcome = this.#outcomeOf(lease);
    this.#sent++;
    this.#note(`${lease.action} ${lease.dedupKey} at ${lease.target}, incident ${lease.incident}: ${outcome.kind}`);
    // A webhook may be faster than the answer.
    const early = this.#arriving.findIndex(({ atMs }) => atMs <= this.#clock.now());
    const [arrived] = early !== -1 && this.#random.chance(0.5) ? this.#arriving.splice(early, 1) : [];
    if (arrived) await this.#deliver(arrived.event);
    await replica.settle([{ lease, outcome }]);
  }

  #outcomeOf(lease: Lease): Outcome {
    const receiver = this.#receivers.find(({ name }) => name === lease.target) as PeopleReceiver;
    const dice = this.#calm ? 1 : this.#random.next();
    if (dice < 0.05) return { kind: "retry", reason: "server", detail: "HTTP 503" };
    const isTaken = dice > 0.08;
    const receipt = isTaken ? receiver.take(lease) : "";
    if (dice >= 0.12) return { kind: "accepted", receipt };
    receiver.loseAnswer(lease);
    return { kind: "ambiguous", reason: "timeout", detail: "no answer", receiverClosed: true };
  }

  async #restart(): Promise<void> {
    this.#note("restart");
    const at = this.#random.between(0, this.#replicas.length - 1);
    await this.#replicas[at]?.[Symbol.asyncDispose]();
    this.#replicas[at] = await this.#openOne();
  }

  #replica(): Ledger {
    return this.#random.pick(this.#replicas);
  }

  async #judge(): Promise<void> {
    const { incidents } = await this.#replica().incidents({ limit: 1_000 });
    for (const receiver of this.#receivers)
      for (const echo of receiver.echoes) this.#violate("echo", `${receiver.name}: ${echo}`);
    for (const { name, fires } of this.#alerts) {
      const open: boolean[] = [];
      for (const receiver of this.#receivers) {
        const [incident] = incidents
          .map((view) => view.incident)
          .filter((one) => one.target === receiver.name && one.dedupKey === name)
          .toSorted((a, b) => b.id - a.id);
        const there = receiver.isChat ? receiver.latest(name) : receiver.open(name);
        const isOpen = there !== undefined && there.status !== "resolved";
        open.push(isOpen);
        const what = `${name} at ${receiver.name}`;
        const story = JSON.stringify({ there, ours: incident && { ...incident, members: undefined } });
        if (fires && !isOpen && incident?.heldUntilEnd !== true) this.#violate("lost", `${what} fires: ${story}`);
        if (!fires && isOpen && !there.reopened) this.#violate("orphan", `${what} is over: ${story}`);
        if (!incident) continue;
        const isTold = incident.told !== null && incident.told.event !== "resolve";
        if (isTold !== isOpen && !there?.reopened) this.#violate("told", `${what}: ${story}`);
        if (receiver.isChat || !there || incident.receiver?.incident !== there.number) continue;
        // Before this episode began: the receiver kept its incident of the last one open.
        if (there.changedAtMs < incident.acceptedAtMs + 5 * second) continue;
        if (incident.receiver.status?.is !== there.status) this.#violate("status", `${what}: ${story}`);
        if (isOpen && fires && there.status === "acknowledged" && incident.told?.event !== "acknowledge")
          this.#violate("told", `${what} is acknowledged: ${story}`);
      }
      if (fires && this.#onResolve === "reopen" && open.includes(false))
        this.#violate("policy", `${name} fires and is held: ${open.join()}`);
      if (fires && new Set(open).size > 1)
        this.#violate("targets", `${name} is open at some targets only: ${open.join()}`);
    }
  }

  #note(line: string): void {
    this.#lines.push(`${new Date(this.#clock.now()).toISOString()} ${line}`);
  }

  #violate(promise: string, what: string): void {
    if (this.#violations.length < 20) this.#violations.push(`${promise}: ${what}`);
  }

  [Symbol.dispose](): void {
    this.#scratch?.[Symbol.dispose]();
  }
}
