import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { receiverTraits } from "@tocsin/test";
import { expect, test } from "vitest";
import { routingKey, startService } from "../service.fixture.ts";

/*
 * An event is shown exactly as it was sent, byte for byte, except for the credential, the event's id and the time of sending.
 */

const slackPath = "/services/T0001/B0001/h00kh00kh00kh00kh00kh00k";

const targets: Record<string, (url: string) => object> = {
  pagerduty: (url) => ({ url, routing_key: routingKey }),
  rootly: (url) => ({ url, api_key: "rootly_k3yk3yk3yk3yk3yk3yk3y" }),
  slack: (url) => ({ webhook_url: url + slackPath }),
  webhook: (url) => ({ url: `${url}/webhook/tickets` }),
  alertmanager: (url) => ({ url: `${url}/api/v2/alerts` }),
};

/** Records each body that is sent to the simulator, or responds in its place. */
async function recorder(simulatorUrl: () => string) {
  const bodies: unknown[] = [];
  let status: number | undefined;
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    if (body !== "") bodies.push(JSON.parse(body));
    if (status !== undefined) return response.writeHead(status).end();
    const { host: _, connection: __, "content-length": ___, ...headers } = request.headers;
    const answer = await fetch(simulatorUrl() + request.url, {
      method: request.method ?? "GET",
      headers: headers as Record<string, string>,
      ...(body !== "" && { body }),
    });
    const type = answer.headers.get("content-type") ?? "text/plain";
    return response.writeHead(answer.status, { "content-type": type }).end(await answer.text());
  };
  const server = createServer((request, response) => void pass(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    /** Undefined: as the simulator does. */
    answerWith: (code: number | undefined) => void (status = code),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const alertOf = (name: string, labels: object = {}) => ({
  status: "firing",
  fingerprint: name,
  labels: { alertname: "DiskFull", severity: "warning", team: "x", ...labels },
  annotations: { summary: `${name} is full` },
  startsAt: "2026-11-23T10:00:00Z",
});

/** Removes the credential and the values that depend on the moment of sending. */
const shown = (type: string, event: unknown): unknown => {
  // The time in a webhook's event is the time of sending; in other formats it is the alert's.
  const left = new Set(["routing_key", "eventId", "endsAt", ...(type === "webhook" ? ["timestamp"] : [])]);
  return JSON.parse(JSON.stringify(event, (key, value: unknown) => (left.has(key) ? undefined : value)));
};

const start = async (type: string, more: object = {}) => {
  let simulatorUrl = "";
  const sent = await recorder(() => simulatorUrl);
  const service = await startService((url) => {
    simulatorUrl = url;
    return {
      server: { listen: "127.0.0.1:0", publicUrl: "https://tocsin.example.com" },
      targets: [{ name: "one", type, ...targets[type]?.(sent.url), ...more }],
    };
  });
  return {
    sent,
    service,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await sent.close();
    },
  };
};

test("covers every type of target that the simulator receives", () => {
  expect(Object.keys(targets).toSorted()).toEqual(Object.keys(receiverTraits).toSorted());
});

test.each(Object.keys(targets))("explain and a test of a target show the events that were sent to %s", async (type) => {
  await using started = await start(type, { group_by: ["team"] });
  const { sent, service } = started;
  // No label names the origin of the problem, so the source is used.
  const alerts = [alertOf("b"), alertOf("a", { severity: "critical" })];
  // On a busy machine the first alert may leave alone. It is refused, so that the repeat has both.
  sent.answerWith(503);
  await service.ask("POST", "/api/v1/webhook/alertmanager?source=am-prod", { alerts });
  await service.until("the receiver refused it", async () => sent.bodies.length > 0);
  sent.answerWith(undefined);
  const row = await service.until("it is sent", async () => {
    const { body } = await service.ask("GET", "/api/v1/explain?fingerprint=b");
    return body?.targets?.[0]?.state === "told" ? body.targets[0] : undefined;
  });
  expect(shown(type, row.event)).toEqual(shown(type, sent.bodies.at(-1)));
  expect(JSON.stringify(row.event)).not.toContain(routingKey);

  sent.bodies.length = 0;
  const { body } = await service.ask("POST", "/api/v1/targets/one/test");
  expect(body.ok).toBe(true);
  expect(shown(type, body.attempts[0].sent)).toEqual(shown(type, sent.bodies[0]));
});

test.each(Object.keys(targets))("a dead letter shows the event that was sent to %s", async (type) => {
  await using started = await start(type);
  const { sent, service } = started;
  sent.answerWith(413);
  await service.ask("POST", "/api/v1/webhook/alertmanager?source=am-prod", { alerts: [alertOf("a")] });
  const letter = await service.until("it is dead", async () => {
    const { body } = await service.ask("GET", "/api/v1/deadletters");
    return body.deadletters[0];
  });
  const { body } = await service.ask("GET", `/api/v1/deadletters/${letter.id}`);
  expect(shown(type, body.rendered)).toEqual(shown(type, sent.bodies[0]));
});

test("the event of an incident holds its source, its URL and the number of firing alerts", async () => {
  await using service = await startService((url) => ({
    server: { listen: "127.0.0.1:0", publicUrl: "https://tocsin.example.com" },
    targets: [{ name: "one", type: "pagerduty", url, routing_key: routingKey, group_by: ["team"] }],
  }));
  const alerts = [alertOf("b"), alertOf("a", { severity: "critical" })];
  await service.ask("POST", "/api/v1/webhook/alertmanager?source=am-prod", { alerts });
  const { body } = await service.ask("GET", "/api/v1/explain?fingerprint=b");
  expect(body.targets[0].event).toMatchObject({
    client_url: `https://tocsin.example.com/incidents/${body.targets[0].incident}`,
    payload: { source: "am-prod", severity: "critical", custom_details: { firing_alerts: 2 } },
  });
});
