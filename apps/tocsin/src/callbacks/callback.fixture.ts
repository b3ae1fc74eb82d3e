import { createHmac } from "node:crypto";
import { checkInput, type Issue } from "@tocsin/core";
import type { z } from "zod";
import { callbacksIn } from "./callback.ts";
import { callbackSettings } from "./callback-settings.ts";
import { Callbacks, type CallbackTargets } from "./callbacks.ts";

type Written = NonNullable<z.input<typeof callbackSettings>>[number];

export const secret = "topsecret";
export const nowMs = Date.parse("2026-11-30T12:00:00Z");

/** The targets that the callbacks know: one of each type, two of PagerDuty. */
export const targets: CallbackTargets = {
  find: (name) => {
    const type = { pager: "pagerduty", backup: "pagerduty", rooty: "rootly", chat: "slack" }[name];
    return type === undefined ? undefined : { name, type };
  },
  hasRestToken: () => false,
};

const targetOf = { pagerduty: "pager", rootly: "rooty", slack: "chat" };

/** Opens callbacks as the configuration does. The default secret is `secret`, and the name is the type. */
export function openCallbacks(written: readonly Partial<Written>[], known: CallbackTargets = targets): Callbacks {
  const input = written.map(({ type = "pagerduty", ...rest }) => ({
    name: type,
    type,
    secrets: [secret],
    targets: [targetOf[type]],
    ...rest,
  }));
  const parsed = checkInput(callbackSettings, input);
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  const issues: Issue[] = [];
  const secrets = { issues, value: String };
  const callbacks = callbacksIn(parsed.data, secrets, { targets: undefined, areDiscovered: true });
  return new Callbacks(callbacks, known);
}

export const hmac = (text: string, key = secret): string => createHmac("sha256", key).update(text).digest("hex");

/** The headers with which each receiver signs a body. */
export const signed = {
  pagerduty: (body: string, key = secret) => ({ "x-pagerduty-signature": `v1=${hmac(body, key)}` }),
  rootly: (body: string, key = secret, seconds = nowMs / 1_000) => ({
    "x-rootly-signature": `t=${seconds},v1=${hmac(`${seconds}${body}`, key)}`,
  }),
  slack: (body: string, key = secret, seconds = nowMs / 1_000) => ({
    "x-slack-request-timestamp": String(seconds),
    "x-slack-signature": `v0=${hmac(`v0:${seconds}:${body}`, key)}`,
  }),
};

/** Returns the reader of a callback, after a request of it was verified. */
export function readerOf(type: keyof typeof signed, more: Partial<Written> = {}, known = targets) {
  const request = { headers: signed[type](""), body: Buffer.alloc(0), nowMs };
  const callback = openCallbacks([{ type, ...more }], known).verify(type, request);
  if ("refused" in callback) throw new Error(callback.refused);
  return callback.read;
}

export const readAs = (type: keyof typeof signed, body: unknown, ...more: [Partial<Written>?, CallbackTargets?]) =>
  readerOf(type, ...more)(body);
