import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const signing_secret = "signing-secret-of-the-slack-app";

test("a button of Slack acknowledges at PagerDuty, and the message shows who pressed it; forged presses do nothing", async () => {
  await using receivers = await PagerDuty.open();
  const { stand, url } = receivers;
  await using tocsin = await Service.start({
    config: {
      targets: [
        receivers.target(),
        { name: "chat", type: "slack", url, bot_token: "xoxb-token-of-the-bot", channel: "#ops" },
      ],
      callbacks: [{ name: "chat", type: "slack", secrets: [signing_secret], targets: ["chat"] }],
    },
  });
  const control = (path: string, body: object) =>
    fetch(`${url}/_sim/${path}`, { method: "POST", body: JSON.stringify(body) });
  await control("slack-app", { url: `${tocsin.url}/api/v1/callbacks/chat`, signing_secret });
  await tocsin.webhook([webhookAlert("db", "firing")]);
  await waitUntil("both are told", () => stand.messages().length === 1 && receivers.incidents("db").length === 1);
  await tocsin.quiet();

  const { ts } = stand.messages()[0]!;
  const press = (action: object) => control(`messages/${ts}/press`, { action: "acknowledge", user: "ada", ...action });
  const answers = () => stand.presses().map(({ status }) => status);
  await press({ forged: true });
  await press({ age: "6m" });
  await waitUntil("both are refused", () => answers().every((status) => status === 401));
  await tocsin.quiet();
  expect(receivers.incidents("db")).toMatchObject([{ status: "triggered" }]);

  await press({});
  await waitUntil("PagerDuty is acknowledged", () => receivers.incidents("db")[0]?.status === "acknowledged");
  await waitUntil("Slack shows it", () => stand.messages()[0]?.replies?.length === 1);
  await tocsin.quiet();
  expect(answers()).toEqual([401, 401, 200]);
  const [message] = stand.messages();
  expect(message).toMatchObject({ ts, text: expect.stringMatching(/^👀 ACKNOWLEDGED/), updates: 1 });
  expect(JSON.stringify(message!.blocks)).toMatch(/acknowledged by ada at/);
  expect(JSON.stringify(message!.blocks)).not.toContain("tocsin_acknowledge");

  await press({ action: "resolve", user: "bob" });
  await waitUntil("PagerDuty is resolved", () => receivers.incidents("db")[0]?.status === "resolved");
  await waitUntil("Slack shows it", () => stand.messages()[0]?.replies?.length === 2);
  expect(stand.messages()[0]?.text).toMatch(/^✅ RESOLVED/);
  expect(receivers.story("db")).toEqual([["trigger", "acknowledge", "resolve"]]);
});
