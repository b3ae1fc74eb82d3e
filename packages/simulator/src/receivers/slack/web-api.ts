import { json, pathOf } from "../../server/exchange.ts";
import type { Call, Receiver, Region, Served, SimulatorRequest, Violation } from "../../server/exchange.ts";
import type { SimulatorState } from "../../state/state.ts";
import { isRecord, parseJsonBody, stringOf } from "../../server/json-body.ts";
import { codePointsExceed } from "../schema.ts";
import { messageFault } from "./message.ts";

type Body = Readonly<Record<string, unknown>>;
type Method = (state: SimulatorState, body: Body, key: string, atMs: number) => Served;

const webApiMethods: Readonly<Record<string, Method>> = {
  "chat.postMessage": postMessage,
  "chat.update": update,
};

const maxUpdateCharacters = 4000;
const maxCharacters = 40_000;

/** Slack's Web API, its `chat.*` methods: HTTP 200 nearly always, the error is in the body. */
export function slackWebApi(state: SimulatorState): Receiver {
  return {
    name: "slack",
    takes: (path) => path.startsWith("/api/chat."),
    read: (request, region) => readCall(state, request, region),
  };
}

const throttled = () => json(429, { ok: false, error: "ratelimited" });

const fail = (error: string, violations: readonly Violation[]): Served => ({
  answer: json(200, {
    ok: false,
    error,
    response_metadata: { messages: violations.map(({ field, reason }) => `[ERROR] ${reason} [${field}]`) },
  }),
  violations,
});

function readCall(state: SimulatorState, request: SimulatorRequest, region: Region): Call {
  const name = pathOf(request.path).slice("/api/".length);
  const token = /^Bearer (xox[a-z]-\S+)$/.exec(request.headers["authorization"] ?? "")?.[1];
  const key = token === undefined ? undefined : state.hasher.hash(token);
  const parsed = parseJsonBody(request, ["application/json"]);
  const body = "value" in parsed && isRecord(parsed.value) ? parsed.value : undefined;
  const channel = stringOf(body?.["channel"]);
  // One post a second and channel, which is known by its id or its name. Updates have a limit of their own for each token.
  const chargeOf = (): Call["charge"] => {
    if (key === undefined || channel === undefined) return undefined;
    if (name === "chat.update") return { limit: "slack_update", region, key };
    return { limit: "slack", region, key: state.hasher.hash(`${key} ${channelId(state, channel)}`) };
  };
  return {
    action: name,
    key,
    dedupKey: stringOf(body?.["ts"]),
    charge: chargeOf(),
    throttled,
    serve(atMs) {
      const method = Object.hasOwn(webApiMethods, name) ? webApiMethods[name] : undefined;
      if (method === undefined) return fail("unknown_method", [{ field: "path", reason: `no method ${name}` }]);
      if (request.headers["authorization"] === undefined) {
        return fail("not_authed", [{ field: "authorization", reason: "no token" }]);
      }
      if (key === undefined || !state.keysOf("slack").has(key)) {
        return fail("invalid_auth", [{ field: "authorization", reason: "not a known bot token" }]);
      }
      if (request.method !== "POST") return fail("missing_post_type", [{ field: "method", reason: "must be POST" }]);
      if ("violation" in parsed) return fail("invalid_post_type", [parsed.violation]);
      if (body === undefined) return fail("invalid_json", [{ field: "body", reason: "is not an object" }]);
      return method(state, body, key, atMs);
    },
  };
}

/** A name stands for the channel of one id; `chat.update` takes the id only. */
function channelId(state: SimulatorState, channel: string): string {
  if (/^[CDG][0-9A-Z]{8,}$/.test(channel)) return channel;
  return `C${state.hasher.hash(channel.replace(/^#/, "")).slice(0, 10).toUpperCase()}`;
}

function postMessage(state: SimulatorState, body: Body, key: string, atMs: number): Served {
  const channel = stringOf(body["channel"]) ?? "";
  if (channel === "") return fail("channel_not_found", [{ field: "channel", reason: "is missing" }]);
  const fault = messageFault(body);
  if (fault !== undefined) return fail(fault.error, fault.violations);
  const threadTs = stringOf(body["thread_ts"]);
  const parent = threadTs === undefined ? undefined : state.messages.find(channelId(state, channel), threadTs);
  if (threadTs !== undefined && parent === undefined) {
    return fail("thread_not_found", [{ field: "thread_ts", reason: "no such message in the channel" }]);
  }
  if (parent?.threadTs !== undefined) {
    return fail("cannot_reply_to_message", [{ field: "thread_ts", reason: "is a reply; use the ts of its parent" }]);
  }
  const broadcast = threadTs !== undefined && body["reply_broadcast"] === true;
  const message = {
    channel: channelId(state, channel),
    ts: state.messages.makeTs(atMs),
    key,
    postedAtMs: atMs,
    threadTs,
    ...(broadcast && { broadcast: true as const }),
    text: Array.from(stringOf(body["text"]) ?? "")
      .slice(0, maxCharacters)
      .join(""),
    blocks: body["blocks"],
    attachments: body["attachments"],
    updates: 0,
  };
  state.messages.put(message);
  const { channel: id, ts, text } = message;
  return {
    answer: json(200, { ok: true, channel: id, ts, message: { type: "message", text, ts } }),
    effect: "posted",
    dedupKey: ts,
  };
}

function update(state: SimulatorState, body: Body, key: string, atMs: number): Served {
  const found = findOwn(state, body, key);
  if ("answer" in found) return found;
  const { message } = found;
  const { editWindowMs = Infinity } = state.slackApp.settings;
  if (atMs - message.postedAtMs > editWindowMs) {
    return fail("edit_window_closed", [{ field: "ts", reason: "is older than the workspace allows to edit" }]);
  }
  const text = stringOf(body["text"]);
  if (text !== undefined && codePointsExceed(text, maxUpdateCharacters)) {
    return fail("msg_too_long", [{ field: "text", reason: `must be less than ${maxUpdateCharacters + 1} characters` }]);
  }
  const next = {
    ...message,
    text: text ?? message.text,
    // Text without blocks removes the old blocks; attachments that are not sent stay.
    blocks: body["blocks"] ?? (text === undefined ? message.blocks : undefined),
    attachments: body["attachments"] ?? message.attachments,
    updates: message.updates + 1,
  };
  const fault = messageFault(next);
  if (fault !== undefined) return fail(fault.error, fault.violations);
  state.messages.put(next);
  const { channel, ts } = message;
  return { answer: json(200, { ok: true, channel, ts, text: next.text }), effect: "updated" };
}

/** The message that `channel` and `ts` name. A bot changes only its own. */
function findOwn(state: SimulatorState, body: Body, key: string) {
  const channel = stringOf(body["channel"]) ?? "";
  if (channel !== channelId(state, channel)) {
    return fail("channel_not_found", [{ field: "channel", reason: "must be the id that chat.postMessage returned" }]);
  }
  const message = state.messages.find(channel, stringOf(body["ts"]) ?? "");
  if (message === undefined)
    return fail("message_not_found", [{ field: "ts", reason: "no such message in the channel" }]);
  if (message.key !== key) return fail("cant_update_message", [{ field: "ts", reason: "is another sender's message" }]);
  return { message };
}
