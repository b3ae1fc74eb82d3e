import type { Clock } from "@tocsin/core";
import type { PostWebhook } from "@tocsin/simulator";
import type { Random } from "@tocsin/test/makers";
import { signed } from "../callback.fixture.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** The receiver repeats a webhook for 48 hours. */
const delays = [0, second, 10 * second, 10 * minute, 3 * hour, 20 * hour, 47 * hour];
/** The receiver waits so long for an answer. */
const answerTimeoutMs = 5 * second;

type Headers = Readonly<Record<string, string>>;

/** Gives one request to the service, and returns the status. It rejects if the service is down. */
export type Deliver = (body: string, headers: Headers) => Promise<number>;

interface Options {
  readonly random: Random;
  readonly clock: Clock;
  readonly deliver: Deliver;
  readonly note: (line: string) => void;
}

/**
 * The way of webhooks from a receiver to the service, in the hands of an adversary: requests and answers get lost, a relay
 * accepts requests and passes them on in another order, copies arrive days later, and forged ones in between.
 */
export class WebhookRoad {
  readonly #o: Options;
  readonly counts = { sent: 0, relayed: 0, repeated: 0, forged: 0, lost: 0 };
  /** Forged requests that were not answered 401. */
  readonly acceptedForgeries: string[] = [];
  /** Genuine requests that were answered neither 2xx nor 503. */
  readonly refused: string[] = [];
  /** From now on, new webhooks arrive at once and unchanged. */
  isCalm = false;

  constructor(options: Options) {
    this.#o = options;
  }

  readonly post: PostWebhook = async ({ body, headers }) => {
    const { random } = this.#o;
    this.counts.sent++;
    if (this.isCalm) return this.#deliver(body, headers);
    if (random.chance(0.3)) this.#later("repeated", () => this.#untilAccepted(body, headers));
    if (random.chance(0.3)) this.#later("forged", () => this.#forge(body, headers));
    const dice = random.next();
    if (dice < 0.25) {
      this.#later("relayed", () => this.#untilAccepted(body, headers));
      return 202;
    }
    if (dice < 0.35) return this.#loseAnswer();
    if (dice < 0.45) {
      await this.#deliver(body, headers);
      return this.#loseAnswer();
    }
    if (dice < 0.6) await this.#pass(random.between(0, answerTimeoutMs - 1));
    return this.#deliver(body, headers);
  };

  async #loseAnswer(): Promise<never> {
    this.counts.lost++;
    await this.#pass(answerTimeoutMs);
    throw new Error("no answer in time");
  }

  async #deliver(body: string, headers: Headers): Promise<number> {
    const status = await this.#o.deliver(body, headers);
    if (status !== 202 && status !== 503) this.refused.push(`${status} for ${body}`);
    return status;
  }

  #later(what: "repeated" | "forged" | "relayed", act: () => Promise<void>): void {
    this.counts[what]++;
    this.#o.clock.after(this.#o.random.pick(delays), () => void act());
  }

  async #untilAccepted(body: string, headers: Headers): Promise<void> {
    while ((await this.#deliver(body, headers).catch(() => 0)) !== 202) await this.#pass(minute);
  }

  /** Someone without the secret says that a person resolved the incident, or changes something else. */
  async #forge(body: string, headers: Headers): Promise<void> {
    const { random, deliver, note, clock } = this.#o;
    const { event } = JSON.parse(body);
    const kind = random.pick(["acknowledged", "resolved", "reopened", "triggered"]);
    const lie = JSON.stringify({
      event: {
        ...event,
        id: `forged-${random.next()}`,
        event_type: `incident.${kind}`,
        occurred_at: new Date(clock.now()).toISOString(),
        agent: { id: "MALLORY", type: "user_reference", summary: "Mallory" },
      },
    });
    const [name, forged, as] = random.pick([
      ["of another body", lie, headers],
      ["none", lie, {}],
      ["with another secret", lie, signed.pagerduty(lie, "a guess")],
      ["with an empty secret", lie, signed.pagerduty(lie, "")],
      [
        "of another version",
        body,
        { "x-pagerduty-signature": headers["x-pagerduty-signature"]?.replaceAll("v1=", "v0=") },
      ],
      ["cut", body, { "x-pagerduty-signature": headers["x-pagerduty-signature"]?.slice(0, 40) }],
      ["of the body without its last byte", `${body} `, headers],
    ] as [string, string, Headers][]);
    // While the service is down, nobody listens.
    const status = await deliver(forged, as).catch(() => 401);
    note(`forged ${kind}, signature ${name}: ${status}`);
    if (status !== 401) this.acceptedForgeries.push(`${status} for a signature ${name}`);
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#o.clock.after(ms, resolve));
  }
}
