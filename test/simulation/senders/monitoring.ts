import type { Alert, Claim } from "@tocsin/core/decisions";
import type { Random } from "../../kit/random.ts";
import { Alertmanager } from "./alertmanager.ts";
import { apiAnswer } from "./alertmanager-api.ts";
import type { SenderSetup } from "./kinds.ts";
import { type PostedAlert, Prometheus } from "./prometheus.ts";
import type { Timer } from "./timeline.ts";

const second = 1_000;
const minute = 60 * second;

export interface MonitoringOptions {
  readonly setup: SenderSetup;
  readonly clock: Timer;
  /** Wall clock of whoever receives direct alerts: it decides which of them are resolves. */
  readonly wallMs: () => number;
  readonly random: Random;
  /** Name of the source; that of direct input begins with it. */
  readonly source: string;
  readonly names: readonly string[];
  readonly alertOf: (name: string, startsAtMs: number) => Alert;
  /** Whether the problem is there, and since when it is so. */
  readonly problem: (name: string) => { readonly fires: boolean; readonly sinceMs: number };
  /** Called as the request arrives. `done(false)`: no 2xx in time. */
  readonly deliver: (claims: readonly Claim[], done: (ok: boolean) => void) => void;
  readonly note?: (what: string) => void;
}

/** Senders of one set-up at work: they see problems, send alerts over a network, and meet incidents of their own. */
export class Monitoring {
  readonly prometheis: readonly Prometheus[];
  readonly alertmanager: Alertmanager;
  readonly #o: MonitoringOptions;
  /** Choices of its own: a history without readers is the same as before. */
  readonly #askingRandom: Random;
  #calm = false;

  constructor(options: MonitoringOptions) {
    this.#o = options;
    const { setup, clock, random, names, source } = options;
    this.#askingRandom = random.fork("asking");
    const offsetMs = random.between(0, setup.intervalMs - 1);
    this.alertmanager = new Alertmanager({
      ...setup.alertmanager,
      clock,
      random: random.fork("alertmanager"),
      notify: (alerts, done) =>
        this.#carryWebhook(
          alerts.map(({ name, startsAtMs, endsAtMs }) => ({
            alert: options.alertOf(name, startsAtMs),
            status: endsAtMs === undefined ? "firing" : "resolved",
            source,
            ...(endsAtMs !== undefined && { endsAtMs }),
          })),
          done,
        ),
    });
    this.prometheis = setup.skewsMs.map((skewMs, n) => {
      const own = random.fork(`prometheus ${n}`);
      const lagMs = own.between(0, setup.lagMs);
      const sees = (name: string): boolean => {
        const { fires, sinceMs } = options.problem(name);
        if (!this.#calm && own.chance(setup.flicker)) return !fires;
        const isLate = clock.monotonic() - sinceMs < lagMs;
        return fires !== isLate;
      };
      const { intervalMs } = setup;
      return new Prometheus({
        clock,
        intervalMs,
        offsetMs,
        skewMs,
        names,
        sees,
        send: (alerts) => this.#post(n, alerts),
      });
    });
    if (names.length > 0) for (const incident of setup.incidents) this.#happens(incident);
  }

  /** From now on nothing goes wrong. */
  calm(): void {
    this.#calm = true;
    this.alertmanager.silenced.clear();
  }

  stop(): void {
    for (const prometheus of this.prometheis) prometheus.stop();
  }

  /**
   * The Alertmanager may never send the end of an alert that it sent: it was silenced then, it had restarted, it does not know
   * that the firing arrived because the answer was lost, or two peers notified at once and the one that did not tell of the
   * end last wrote the notification log first.
   */
  get mayForgetEnds(): boolean {
    const { to, loss, incidents, alertmanager } = this.#o.setup;
    const forgets = incidents.some((incident) => incident === "silence" || incident === "restart alertmanager");
    return to !== "direct" && (forgets || loss > 0 || alertmanager.peers > 1);
  }

  /** For how long a Prometheus has said without a break that the alert fires, ms; 0: none does. */
  firesForMs(name: string): number {
    return Math.max(0, ...this.prometheis.map((prometheus) => prometheus.firesForMs(name)));
  }

  /** A GET to the API of a peer. `done(undefined)`: refused; not called: no answer comes. */
  ask(n: number, path: string, done: (body: string | undefined) => void): void {
    const { setup, clock, alertOf } = this.#o;
    const random = this.#askingRandom;
    if (!this.#calm && random.chance(setup.loss)) return;
    const [thereMs, backMs] = [random.between(0, setup.maxDelayMs), random.between(0, setup.maxDelayMs)];
    clock.after(thereMs, () => {
      const peer = this.alertmanager.peers[n];
      const body = peer?.up ? apiAnswer(this.alertmanager, peer, path, alertOf) : undefined;
      clock.after(backMs, () => done(body));
    });
  }

  #happens(incident: SenderSetup["incidents"][number]): void {
    const { clock, names, note } = this.#o;
    const random = this.#o.random.fork(incident);
    const again = (): void => {
      clock.after(random.wait(25 * minute), () => {
        if (this.#calm) return;
        note?.(incident);
        if (incident === "silence") {
          const name = random.pick(names);
          this.alertmanager.silenced.add(name);
          clock.after(random.wait(10 * minute), () => this.alertmanager.silenced.delete(name));
        } else if (incident === "restart prometheus") random.pick(this.prometheis).restart(random.wait(minute));
        else if (incident === "restart alertmanager") random.pick(this.alertmanager.peers).restart(random.wait(minute));
        else random.pick(this.prometheis).setClock(-random.between(5, 60) * minute);
        again();
      });
    };
    again();
  }

  #post(n: number, alerts: readonly PostedAlert[]): void {
    const { setup, clock, source } = this.#o;
    if (setup.to !== "direct")
      for (const peer of this.alertmanager.peers)
        if (!this.#isLost()) clock.after(this.#delayMs(), () => peer.receive(alerts));
    if (setup.to === "alertmanager" || this.#isLost()) return;
    const from = {
      source: `${source}-direct`,
      sender: setup.sharedAddress ? `${source}-address` : `${source}-address-${n}`,
    };
    clock.after(this.#delayMs(), () => {
      const nowMs = this.#o.wallMs();
      const claims = alerts.map(({ name, startsAtMs, endsAtMs }): Claim => ({
        alert: this.#o.alertOf(name, startsAtMs),
        status: endsAtMs <= nowMs ? "resolved" : "firing",
        ...from,
        endsAtMs,
      }));
      // It is not sent again before the next repeat, whatever the answer.
      this.#o.deliver(claims, () => {});
    });
  }

  /** The answer may get lost as well: then it is sent again. */
  #carryWebhook(claims: readonly Claim[], done: (ok: boolean) => void): void {
    const { clock, deliver } = this.#o;
    if (this.#isLost()) {
      clock.after(10 * second, () => done(false));
      return;
    }
    clock.after(this.#delayMs(), () =>
      deliver(claims, (ok) => {
        if (ok && !this.#isLost()) clock.after(this.#delayMs(), () => done(true));
        else clock.after(10 * second, () => done(false));
      }),
    );
  }

  #isLost = (): boolean => !this.#calm && this.#o.random.chance(this.#o.setup.loss);

  #delayMs = (): number => this.#o.random.between(0, this.#o.setup.maxDelayMs);
}
