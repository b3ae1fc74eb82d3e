import type { KeyHasher } from "../../state/credentials.ts";
import type { PostWebhook } from "../../webhooks/webhook-sender.ts";
import { blockActions, findButton, signedInteraction } from "./block-actions.ts";
import type { Message, Messages } from "./messages.ts";

/** Settings of the app that the bots belong to. */
export interface SlackAppSettings {
  /** The request URL of interactivity. Absent: nothing is sent. */
  readonly url?: string;
  readonly signingSecret?: string;
  /** How long after it was posted a message can be updated, ms. Absent: always. */
  readonly editWindowMs?: number;
}

/** One press of a button. */
export interface Press {
  /** Time stamp of the message. */
  readonly ts: string;
  /** `action_id` of the button, or its end after an underscore. */
  readonly action: string;
  /** Name of the person. */
  readonly user: string;
  /** Signed with another secret. */
  readonly forged?: boolean;
  /** Sent with a time stamp that is this old. */
  readonly ageMs?: number;
}

export interface PressRecord {
  readonly id: string;
  readonly atMs: number;
  readonly ts: string;
  readonly action: string;
  readonly user: string;
  /** Status of the answer; 0: none within three seconds. Undefined: it is still awaited. */
  status?: number;
}

/** Why a press sends nothing: there is no such message, it has no such button, or the app has no URL or secret. */
export type NoPress = "no_message" | "no_button" | "no_app";

/** Slack shows the person an error after this time, and does not send the payload again. */
const answerWithinMs = 3_000;
const mostRecords = 1_000;

/** The app at Slack: its interactivity and the workspace's rule for edits. */
export class SlackApp {
  settings: SlackAppSettings = {};
  readonly #messages: Messages;
  readonly #hasher: KeyHasher;
  readonly #running = new Set<Promise<void>>();
  #records: PressRecord[] = [];

  constructor(messages: Messages, hasher: KeyHasher) {
    this.#messages = messages;
    this.#hasher = hasher;
  }

  get records(): readonly PressRecord[] {
    return this.#records;
  }

  /** Presses a button and starts to send the payload. Returns the record, or why nothing is sent. */
  press(
    press: Press,
    at: { readonly nowMs: number; readonly post: PostWebhook; readonly makeId: () => string },
  ): PressRecord | NoPress {
    const message = this.#messages.findByTs(press.ts);
    if (message === undefined) return "no_message";
    const button = findButton(message, press.action);
    if (button === undefined) return "no_button";
    const { url, signingSecret } = this.settings;
    if (url === undefined || signingSecret === undefined) return "no_app";
    const { nowMs } = at;
    const record: PressRecord = {
      id: at.makeId(),
      atMs: nowMs,
      ts: press.ts,
      action: String(button["action_id"]),
      user: press.user,
    };
    this.#records = [...this.#records.slice(1 - mostRecords), record];
    const payload = this.#payload(message, button, record);
    const secret = press.forged === true ? `${signingSecret} forged` : signingSecret;
    const seconds = Math.floor((nowMs - (press.ageMs ?? 0)) / 1_000);
    const request = signedInteraction(payload, secret, seconds);
    const sent = at.post({ url, ...request, timeoutMs: answerWithinMs }).then(
      (status) => void (record.status = status),
      () => void (record.status = 0),
    );
    this.#running.add(sent);
    void sent.then(() => this.#running.delete(sent));
    return record;
  }

  /** Waits until each press has its answer. */
  async answered(): Promise<void> {
    await Promise.all(this.#running);
  }

  #payload(message: Message, button: Readonly<Record<string, unknown>>, { id, user, atMs }: PressRecord): object {
    const userId = `U${this.#hasher.hash(user).slice(0, 10).toUpperCase()}`;
    // A fraction of its own: two presses within a millisecond have different stamps.
    const actionTs = `${Math.floor(atMs / 1_000)}.${String((atMs % 1_000) * 1_000 + (this.#records.length % 1_000)).padStart(6, "0")}`;
    return blockActions(message, button, { user: { id: userId, name: user }, actionTs, id });
  }

  clear(): void {
    this.settings = {};
    this.#records = [];
  }
}
