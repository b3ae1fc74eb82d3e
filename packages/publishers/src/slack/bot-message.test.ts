import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Notification } from "@tocsin/core";
import { Transport } from "@tocsin/http";
import { Simulator } from "@tocsin/simulator";
import { describe, expect, test } from "vitest";
import { classified } from "../../test/classifications.ts";
import { changeTelling, deployment, disk, hostileChange, tellingOf } from "../../test/pagerduty.ts";
import { botToken, hostileTelling, slackTargetOf } from "../../test/slack.ts";
import type { BotMessage } from "./bot-message.ts";
import { buttonsOf } from "./buttons.ts";
import { slackPublisher } from "./index.ts";
import { parseMessageReceipt } from "./message-receipt.ts";
import { threadReplyOf } from "./thread-reply.ts";

const target = slackTargetOf({
  bot_token: botToken,
  channel: "C0123456789",
  metadata: { environment: "production", runbook_base_url: "https://runbooks.example.com" },
});
const transport = new Transport();
const render = (telling: Partial<Notification>, at = target) =>
  slackPublisher(at, { transport, version: "0" }).render(tellingOf(telling)) as BotMessage & Record<string, unknown>;

const at = Date.UTC(2026, 10, 23, 10, 5);
const receipt = "C0123456789:1503435956.000247";
const ada = { by: "Ada <!channel> Lovelace", atMs: at };
const incidentUrl = "https://tocsin.example.com/api/v1/incidents/7";

describe("a bot's message", () => {
  // Reviewed like code; `vitest run -u` writes them again.
  test.each<[string, Partial<Notification>]>([
    ["firing", { incidentUrl }],
    ["firing-with-buttons", { incidentUrl, actions: true }],
    ["severity", { receipt, severity: "critical", cause: "severity", actions: true }],
    ["acknowledged", { action: "acknowledge", receipt, acknowledgedBy: ada, actions: true }],
    ["grouped", { firing: 12, severity: "warning", receipt, cause: "members", acknowledgedBy: ada }],
    ["resolved", { action: "resolve", firing: 0, receipt, endsAtMs: at, acknowledgedBy: ada, actions: true }],
    ["related-changes", { relatedChanges: [deployment], receipt, cause: "reminder" }],
    [
      "hostile",
      { ...hostileTelling, receipt, acknowledgedBy: { by: "x".repeat(5_000), atMs: Number.NaN }, actions: true },
    ],
    ["change", changeTelling()],
    ...Object.entries(classified),
  ])("is as reviewed: %s", async (name, telling) => {
    const text = `${JSON.stringify(render(telling), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "golden", "bot", `${name}.json`));
  });

  test("is accepted by Slack, in every golden file, as a post and as an update", () => {
    const simulator = new Simulator({ limit: { receiver: "slack", limit: 0 } });
    const call = (method: string, body: object) => {
      const headers = { "content-type": "application/json", authorization: "Bearer xoxb-1-2" };
      const answer = simulator.handle({ method: "POST", path: `/api/${method}`, headers, body: JSON.stringify(body) });
      return JSON.parse(answer.body) as Record<string, unknown>;
    };
    const files = globSync("golden/bot/*.json", { cwd: import.meta.dirname });
    expect(files.length).toBeGreaterThan(7);
    for (const file of files) {
      const message = JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8")) as object;
      const { ok, channel, ts } = call("chat.postMessage", message);
      expect([file, ok]).toEqual([file, true]);
      expect([file, call("chat.update", { ...message, channel, ts })]).toMatchObject([file, { ok: true }]);
    }
    expect(simulator.refused()).toEqual([]);
  });

  test("shows the state in words, by an icon and by a color, and each state differs in all three", () => {
    const shown = ([{}, { action: "acknowledge" }, { action: "resolve" }] satisfies Partial<Notification>[]).map(
      (telling) => {
        const { text, attachments } = render(telling);
        const [icon, word] = text.split(" ");
        return [icon, word, attachments[0]?.color];
      },
    );
    expect(shown).toEqual([
      ["🔴", "FIRING", "#D4351C"],
      ["👀", "ACKNOWLEDGED", "#7B61A8"],
      ["✅", "RESOLVED", "#2EB67D"],
    ]);
  });

  test("stays acknowledged when its text or members change, and fires again at a higher severity", () => {
    expect(render({ cause: "members", receipt, acknowledgedBy: ada }).text).toMatch(/^👀 ACKNOWLEDGED · CRITICAL /);
    expect(render({ cause: "severity", receipt }).text).toMatch(/^🔴 FIRING · CRITICAL /);
  });

  test("names who acknowledged, escaped, while it is open and afterwards", () => {
    for (const action of ["acknowledge", "trigger", "resolve"] as const) {
      const text = JSON.stringify(render({ action, acknowledgedBy: ada }));
      expect(text).toContain("acknowledged by Ada &lt;!channel&gt; Lovelace at <!date^");
      expect(text).not.toContain("<!channel>");
    }
  });

  test("always sends text and attachments: an update keeps old attachments that are not sent", () => {
    const empty = { fingerprint: "f", labels: {}, annotations: {}, startsAtMs: Number.NaN };
    for (const telling of [{}, { alert: empty, summary: "" }, hostileTelling])
      for (const action of ["trigger", "acknowledge", "resolve"] as const) {
        const { text, attachments } = render({ ...telling, action });
        expect(text.length).toBeLessThan(4_000);
        expect(attachments[0]!.blocks.length).toBeGreaterThan(0);
      }
  });

  test("pings no one, for any alert", () => {
    const classification = Object.values(classified);
    for (const telling of [
      hostileTelling,
      changeTelling(hostileChange),
      { relatedChanges: [hostileChange] },
      ...classification,
    ])
      expect(JSON.stringify(render({ ...telling, acknowledgedBy: ada }))).not.toMatch(/<[!@#](?!date\^)/);
  });
});

const idsOf = (telling: Partial<Notification>) =>
  buttonsOf(tellingOf(telling), "chat").flatMap(({ elements }) => elements.map((one) => one.action_id));

describe("the buttons of a message", () => {
  test.each<[string, Partial<Notification>, string[]]>([
    ["no callback takes them", {}, []],
    ["it fires", { actions: true }, ["tocsin_acknowledge", "tocsin_resolve"]],
    ["it is acknowledged", { actions: true, action: "acknowledge" }, ["tocsin_resolve"]],
    ["it was acknowledged before its members changed", { actions: true, acknowledgedBy: ada }, ["tocsin_resolve"]],
    ["it is resolved", { actions: true, action: "resolve" }, []],
    ["its key does not fit into a button", { actions: true, dedupKey: '"'.repeat(990) }, []],
  ])("if %s", (_, telling, ids) => {
    expect(idsOf(telling)).toEqual(ids);
  });

  test("name the target and the dedup key, whole", () => {
    const dedupKey = 'a"b\\c';
    const [actions] = buttonsOf(tellingOf({ actions: true, dedupKey }), "team-a/chat");
    for (const { value } of actions!.elements)
      expect(JSON.parse(value)).toEqual({ target: "team-a/chat", key: dedupKey });
  });
});

describe("a thread reply", () => {
  test.each<[string, Partial<Notification>, string, boolean]>([
    [
      "acknowledged",
      { action: "acknowledge", acknowledgedBy: { by: "Ada", atMs: at } },
      "👀 Acknowledged by Ada at <!date^1795428300^{date_short_pretty} {time_secs}|2026-11-23T10:05:00.000Z>",
      false,
    ],
    ["acknowledged by an unknown person", { action: "acknowledge" }, "👀 Acknowledged", false],
    ["resolved", { action: "resolve" }, "✅ Resolved", false],
    ["severity", { cause: "severity" }, "🔴 Severity is now *CRITICAL*: Disk of db-1 is full", true],
    ["text", { cause: "text" }, "🔴 The text changed: Disk of db-1 is full", false],
    ["members", { cause: "members", firing: 3 }, "🔴 3 alerts fire now: Disk of db-1 is full (3 alerts)", false],
    ["one member", { cause: "members" }, "🔴 1 alert fires now: Disk of db-1 is full", false],
    ["episode", { cause: "episode" }, "🔴 It fires again, and its end did not arrive: Disk of db-1 is full", true],
    [
      "reminder",
      { cause: "reminder", alert: { ...disk, startsAtMs: Number.NaN } },
      "🔴 Reminder: it still fires and is not acknowledged",
      false,
    ],
    ["repeated", {}, "🔴 *FIRING · CRITICAL* Disk of db-1 is full", false],
  ])("says what changed: %s", (_, telling, text, inChannel) => {
    const reply = threadReplyOf(tellingOf({ receipt, ...telling }))!;
    expect([reply.text, reply.reply_broadcast === true]).toEqual([text, inChannel]);
    expect(JSON.stringify(reply)).not.toMatch(/<[!@#](?!date\^)/);
  });

  test("does not follow the repair of a message", () => {
    expect(threadReplyOf(tellingOf({ receipt, cause: "repair", action: "resolve" }))).toBeUndefined();
  });
});

test.each([
  ["C0123456789:1503435956.000247", { channel: "C0123456789", ts: "1503435956.000247" }],
  [undefined, undefined],
  ["ok", undefined],
  ["1503435956.000247 in C0123456789", undefined],
  ["C1:1503435956", undefined],
  ["C1:1503435956.000247 ", undefined],
  ["C1\n:1.2", undefined],
])("reads a receipt only in its own form: %j", (text, message) => {
  expect(parseMessageReceipt(text)).toEqual(message);
});
