import { describe, expect, test } from "vitest";
import type { Reply } from "@tocsin/http";
import { classify, messageGone, receiptIn } from "./classify.ts";

const nowMs = Date.UTC(2026, 10, 23);
const answered = (status: number, body = "", retryAfter?: string): Reply => ({
  kind: "answered",
  status,
  body,
  retryAfter,
});
const atSlack = { atSlack: true };
const failing = (error: string, more: object = {}) => JSON.stringify({ ok: false, error, ...more });

describe("an answer of Slack", () => {
  test.each<[string, number, string, object]>([
    // An incoming webhook says plain text.
    ["a plain ok", 200, "ok", { kind: "accepted", receipt: "ok" }],
    ["ok and a newline", 200, "ok\n", { kind: "accepted" }],
    ["half an ok", 200, "o", { kind: "ambiguous", reason: "server" }],
    ["nothing with a 200", 200, "", { kind: "ambiguous", reason: "server" }],
    ["somebody's page", 200, "<html>ok</html>", { kind: "ambiguous", reason: "server" }],
    ["ok with a 500", 500, "ok", { kind: "ambiguous", reason: "server" }],
    ["invalid_payload", 400, "invalid_payload", { kind: "refused", reason: "invalid" }],
    ["no_text", 400, "no_text", { kind: "refused" }],
    ["too_many_attachments", 400, "too_many_attachments", { kind: "refused" }],
    ["no_service", 404, "no_service", { kind: "blocked", state: "unauthorized", reason: "auth" }],
    ["no_team", 404, "no_team", { kind: "blocked", state: "unauthorized" }],
    ["invalid_token", 403, "invalid_token", { kind: "blocked", state: "unauthorized" }],
    ["action_prohibited", 403, "action_prohibited", { kind: "blocked", state: "misconfigured" }],
    ["channel_not_found", 404, "channel_not_found", { kind: "blocked", state: "misconfigured" }],
    ["channel_is_archived", 410, "channel_is_archived", { kind: "blocked", state: "misconfigured" }],
    ["a 400 of another kind", 400, "Bad Request", { kind: "refused" }],
    ["a 404 of another kind", 404, "<html>", { kind: "blocked", state: "misconfigured" }],
    ["a page that speaks of an error", 200, "<p>no_service</p>", { kind: "ambiguous" }],
    ["a redirect", 302, "", { kind: "retry", reason: "server" }],
    // The Web API says JSON, nearly always with 200.
    ["ok: true", 200, '{"ok":true,"channel":"C1","ts":"1.2"}', { kind: "accepted", receipt: "1.2 in C1" }],
    ["half of ok: true", 200, '{"ok":tr', { kind: "ambiguous", reason: "server" }],
    ["invalid_auth", 200, failing("invalid_auth"), { kind: "blocked", state: "unauthorized" }],
    ["token_revoked", 200, failing("token_revoked"), { kind: "blocked", state: "unauthorized" }],
    ["missing_scope", 200, failing("missing_scope"), { kind: "blocked", state: "unauthorized" }],
    ["a channel that is none", 200, failing("channel_not_found"), { kind: "blocked", state: "misconfigured" }],
    ["not_in_channel", 200, failing("not_in_channel"), { kind: "blocked", state: "misconfigured" }],
    ["invalid_blocks", 200, failing("invalid_blocks"), { kind: "refused" }],
    ["msg_too_long", 200, failing("msg_too_long"), { kind: "refused" }],
    ["ratelimited", 200, failing("ratelimited"), { kind: "retry", reason: "rate_limited" }],
    ["service_unavailable", 200, failing("service_unavailable"), { kind: "retry", reason: "server" }],
    ["update_failed", 200, failing("update_failed"), { kind: "retry", reason: "server" }],
    ["a locked thread", 200, failing("restricted_action_thread_locked"), { kind: "blocked", state: "misconfigured" }],
    ["fatal_error, perhaps after it was posted", 200, failing("fatal_error"), { kind: "ambiguous" }],
    ["internal_error with a 500", 500, failing("internal_error"), { kind: "ambiguous" }],
    ["an undocumented name", 200, failing("too_blue"), { kind: "retry", reason: "server" }],
    ["a name that is an object's own", 200, failing("constructor"), { kind: "retry", reason: "server" }],
    ["ok: false without a name", 200, '{"ok":false}', { kind: "retry", reason: "server" }],
    ["half of ok: false", 200, '{"ok":false,"err', { kind: "retry", reason: "server" }],
    ["JSON that is no answer", 200, '"ok"', { kind: "ambiguous" }],
  ])("%s", (_, status, body, outcome) => {
    expect(classify(answered(status, body), nowMs, atSlack)).toMatchObject({ ...outcome, status });
  });

  test("that throttles is obeyed, whatever else it contains", () => {
    const outcome = { kind: "retry", reason: "rate_limited", retryAfterMs: 30_000 };
    expect(classify(answered(429, failing("ratelimited"), "30"), nowMs, atSlack)).toMatchObject(outcome);
    expect(classify(answered(429, "ok", "30"), nowMs, atSlack)).toMatchObject(outcome);
    expect(classify(answered(200, failing("rate_limited"), "30"), nowMs, atSlack)).toMatchObject(outcome);
  });

  test("is shown by its name, with its details", () => {
    const body = failing("invalid_blocks", { response_metadata: { messages: ["[ERROR] too long [blocks/0]"] } });
    const detail = "HTTP 200: invalid_blocks: [ERROR] too long [blocks/0]";
    expect(classify(answered(200, body), nowMs, atSlack)).toMatchObject({ detail });
  });

  test("that never came is classified as everywhere", () => {
    const lost: Reply = { kind: "failed", left: true, reason: "network", detail: "d" };
    expect(classify(lost, nowMs, atSlack)).toEqual({ kind: "ambiguous", reason: "network", detail: "d" });
  });
});

describe("an answer to an update", () => {
  test.each(["message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"])(
    "means that the message is gone: %s",
    (error) => {
      expect(messageGone(answered(200, failing(error)))).toBe(true);
      // A proxy's failure says nothing about the message.
      expect(messageGone(answered(503, failing(error)))).toBe(false);
    },
  );

  test.each(["channel_not_found", "msg_too_long", "too_blue"])("does not mean that: %s", (error) => {
    expect(messageGone(answered(200, failing(error)))).toBe(false);
  });

  test("names the message, if it does", () => {
    const body = JSON.stringify({ ok: true, channel: "C1", ts: "1.2", message: { text: "x" } });
    expect(receiptIn(answered(200, body))).toEqual({ channel: "C1", ts: "1.2" });
    for (const other of ["ok", "null", "[]", '{"ok":true,"ts":1.2,"channel":"C1"}'])
      expect(receiptIn(answered(200, other))).toBeUndefined();
  });
});

describe("an answer of a server compatible with Slack", () => {
  test.each<[string, number, string, object]>([
    ["a plain ok", 200, "ok", { kind: "accepted", receipt: "ok" }],
    ["Rocket.Chat's answer", 200, '{"success":true}', { kind: "accepted", receipt: '{"success":true}' }],
    ["Zulip's answer", 200, '{"result":"success","msg":""}', { kind: "accepted" }],
    ["an empty 200", 200, "", { kind: "accepted", receipt: "HTTP 200" }],
    ["a 201", 201, '{"id":"m1"}', { kind: "accepted" }],
    ["a 202", 202, "queued", { kind: "accepted" }],
    ["a 204", 204, "", { kind: "accepted", receipt: "HTTP 204" }],
    ["bytes that are no text", 200, "\u001f\ufffd\b", { kind: "accepted" }],
    ["half of an answer", 200, '{"succ', { kind: "accepted" }],
    ["a word that is an error's name at Slack", 200, "no_service", { kind: "accepted" }],
    ["JSON null", 200, "null", { kind: "accepted" }],
    ["a list", 200, "[]", { kind: "accepted" }],
    ["ok: false", 200, '{"ok":false}', { kind: "retry", reason: "server" }],
    ["half of ok: false", 200, '{ "ok": false, "err', { kind: "retry", reason: "server" }],
    ["ok: false with a known name", 200, failing("channel_not_found"), { kind: "blocked", state: "misconfigured" }],
    ["ok: false with an unknown name", 200, failing("too_blue"), { kind: "retry", reason: "server" }],
    ["a redirect", 302, "", { kind: "retry", reason: "server" }],
    ["a 400", 400, '{"message":"no such channel"}', { kind: "refused" }],
    ["a 401", 401, "", { kind: "blocked", state: "unauthorized" }],
    ["a 404", 404, "", { kind: "blocked", state: "misconfigured" }],
    ["a 429", 429, "ok", { kind: "retry", reason: "rate_limited" }],
    ["a 500", 500, "ok", { kind: "ambiguous", reason: "server" }],
  ])("%s", (_, status, body, outcome) => {
    expect(classify(answered(status, body), nowMs, { atSlack: false })).toMatchObject({ ...outcome, status });
  });
});
