import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { Simulator } from "../../src/index.ts";
import { post, TestClock, trigger } from "../requests.ts";

/** Rootly's webhooks, as their reference sheet has them. */

const jsonApi = { "content-type": "application/vnd.api+json", authorization: "Bearer key" };

function open(events?: readonly string[]) {
  const clock = new TestClock();
  const posted: { readonly headers: Readonly<Record<string, string>>; readonly body: string }[] = [];
  const simulator = new Simulator({
    clock,
    postWebhook: async (request) => (posted.push(request), 200),
  });
  simulator.subscribe({ url: "http://rootly.invalid", secrets: ["s"], receiver: "rootly", ...(events && { events }) });
  const send = (path: string, type: string, attributes: object, method = "POST") =>
    JSON.parse(simulator.handle({ ...post(path, { data: { type, attributes } }, jsonApi), method }).body) as {
      data: { id: string };
    };
  const types = () => posted.map(({ body }) => (JSON.parse(body) as { event: { type: string } }).event.type);
  return { clock, posted, simulator, send, types };
}

test("announce a created alert with its key, and none of its later changes", async () => {
  const { posted, simulator, send, types } = open();
  const { id } = send("/v1/alerts", "alerts", { summary: "disk", deduplication_key: "k", external_id: "k" }).data;
  simulator.resolve(id);
  await simulator.deliverWebhooks();
  expect(types()).toEqual(["alert.created"]);
  expect(JSON.parse(posted[0]!.body)).toMatchObject({
    event: { id: expect.any(String), issued_at: "2026-01-01T00:00:00.000Z" },
    data: { id, summary: "disk", deduplication_key: "k", external_id: "k", created_at: "2026-01-01T00:00:00.000Z" },
  });
});

test("announce incidents", async () => {
  const { simulator, send, types } = open();
  const { id } = send("/v1/incidents", "incidents", { title: "down" }).data;
  for (const verb of ["mitigate", "resolve"]) send(`/v1/incidents/${id}/${verb}`, "incidents", {}, "PUT");
  await simulator.deliverWebhooks();
  expect(types()).toEqual(["incident.created", "incident.mitigated", "incident.resolved"]);
});

test("are signed over the time and the body", async () => {
  const { clock, posted, simulator, send } = open();
  send("/v1/alerts", "alerts", { summary: "disk" });
  clock.advance(90_500);
  await simulator.deliverWebhooks();
  const [{ headers, body }] = posted as [(typeof posted)[number]];
  const seconds = Math.floor(clock.now() / 1000);
  const hex = createHmac("sha256", "s").update(`${seconds}${body}`).digest("hex");
  expect(headers).toMatchObject({ "x-rootly-signature": `t=${seconds},v1=${hex}` });
});

test("go to Rootly's subscribers only, and PagerDuty's to PagerDuty's", async () => {
  const { posted, simulator, send, types } = open(["alert.created"]);
  simulator.handle(trigger("a"));
  send("/v1/incidents", "incidents", { title: "down" });
  send("/v1/alerts", "alerts", { summary: "disk" });
  await simulator.deliverWebhooks();
  expect(types()).toEqual(["alert.created"]);
  expect(posted).toHaveLength(1);
});
