import type { Receiver } from "./server/exchange.ts";
import { Faults } from "./faults/faults.ts";
import { SimulatorState } from "./state/state.ts";
import { IncidentFile } from "./state/incident-file.ts";
import { Dispatcher } from "./server/dispatcher.ts";
import { Journal } from "./state/journal.ts";
import { defaultLimits, readLimitSetting } from "./state/limits.ts";
import type { LimitSetting } from "./state/limits.ts";
import { Models } from "./models/models.ts";
import { seededRandom } from "./faults/random.ts";
import { alertmanagerAlerts } from "./receivers/alertmanager/alerts.ts";
import { pagerdutyEvents } from "./receivers/pagerduty/events.ts";
import { pagerdutyRest } from "./receivers/pagerduty/rest.ts";
import { rootly } from "./receivers/rootly/rootly.ts";
import { slackIncomingWebhook } from "./receivers/slack/incoming-webhook.ts";
import { slackWebApi } from "./receivers/slack/web-api.ts";
import { webhook } from "./receivers/webhook/webhook.ts";
import { postWebhook } from "./webhooks/post-webhook.ts";
import { WebhookSender } from "./webhooks/webhook-sender.ts";
import type { PostWebhook } from "./webhooks/webhook-sender.ts";
import { RateLimiter } from "./state/rate-limiter.ts";
import type { Limit } from "./state/rate-limiter.ts";

export interface SimulatorOptions {
  /** Wall clock in ms. @default the system's */
  readonly clock?: { now(): number };
  /** Changes a limit from the start, as `POST /_sim/limits` does. */
  readonly limit?: LimitSetting;
  /** Keeps incidents, change events and messages in this file, across restarts. @default none: they are lost when the process ends */
  readonly file?: string;
  /** For benchmarks: keep incidents and counts, but no payloads and no list of requests. @default false */
  readonly lean?: boolean;
  /** Same seed, same faults, same made-up keys. @default 1 */
  readonly seed?: number;
  /** Sends the webhooks of `subscribe` and the presses of Slack's buttons. @default over the network */
  readonly postWebhook?: PostWebhook;
}

/** A new receiver is one folder and one entry. */
const receiverFactories: readonly ((state: SimulatorState) => Receiver)[] = [
  pagerdutyEvents,
  pagerdutyRest,
  rootly,
  slackIncomingWebhook,
  slackWebApi,
  webhook,
  alertmanagerAlerts,
];

/** Builds the parts of a simulator and connects them. */
export class Components {
  readonly clock: { now(): number };
  readonly seed: number;
  readonly state: SimulatorState;
  readonly journal: Journal;
  readonly windows = new RateLimiter();
  readonly limits = new Map<string, Limit>();
  readonly faults: Faults;
  readonly receivers: readonly Receiver[];
  readonly dispatcher: Dispatcher;
  readonly models = new Models();
  readonly sender: WebhookSender;
  readonly postWebhook: PostWebhook;
  readonly file: IncidentFile | undefined;
  readonly #firstLimit: LimitSetting | undefined;
  /** Number of changes to incidents and settings. */
  changeCount = 0;

  constructor(options: SimulatorOptions) {
    const lean = options.lean ?? false;
    this.clock = options.clock ?? Date;
    this.seed = options.seed ?? 1;
    this.#firstLimit = options.limit;
    this.state = new SimulatorState({ random: seededRandom(this.seed), lean });
    this.journal = new Journal({ lean });
    this.faults = new Faults(this.seed);
    this.receivers = receiverFactories.map((make) => make(this.state));
    this.dispatcher = new Dispatcher(this);
    this.postWebhook = options.postWebhook ?? postWebhook;
    this.sender = new WebhookSender({
      subscriptions: this.state.subscriptions,
      clock: this.clock,
      post: this.postWebhook,
      makeId: () => this.state.makeUuid(),
    });
    this.#setLimits();
    // Only now: reading the file must not count as a change.
    this.file = options.file === undefined ? undefined : new IncidentFile(options.file, this.state);
    this.state.incidents.onChange.push((...change) => {
      this.changeCount += 1;
      this.sender.follow(...change);
    });
  }

  /** Runs the work that is due at the receivers. */
  tick(): void {
    for (const receiver of this.receivers) receiver.tick?.(this.clock.now());
  }

  reset(): void {
    this.changeCount += 1;
    this.state.reset();
    this.journal.reset();
    this.windows.reset();
    this.models.reset();
    this.sender.clear();
    this.faults.set([], this.seed);
    for (const receiver of this.receivers) receiver.forget?.();
    this.#setLimits();
    this.file?.rewrite();
  }

  #setLimits(): void {
    for (const [name, limit] of defaultLimits()) this.limits.set(name, limit);
    if (this.#firstLimit === undefined) return;
    const { name, limit } = readLimitSetting(this.#firstLimit, this.limits);
    this.limits.set(name, limit);
  }
}
