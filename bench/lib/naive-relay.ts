// The floor to compare with: a webhook in, one request an alert out, nothing else. Answers before it sends; no durability,
// no order, no retry, no limit.
import { createServer } from "node:http";
import { Pool } from "undici";

const pool = new Pool(process.env["SINK_URL"] as string, { connections: 50 });
const routingKey = "0".repeat(32);

interface WebhookAlert {
  status: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  fingerprint: string;
}

async function send(alert: WebhookAlert): Promise<void> {
  const { body } = await pool.request({
    path: "/v2/enqueue",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      routing_key: routingKey,
      event_action: alert.status === "firing" ? "trigger" : "resolve",
      dedup_key: alert.fingerprint,
      payload: {
        summary: alert.annotations["summary"],
        source: alert.labels["instance"],
        severity: alert.labels["severity"],
        timestamp: alert.startsAt,
        custom_details: { labels: alert.labels, annotations: alert.annotations },
      },
    }),
  });
  await body.dump();
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { alerts } = JSON.parse(Buffer.concat(chunks).toString()) as { alerts: WebhookAlert[] };
    response.writeHead(200).end();
    for (const alert of alerts) void send(alert);
  });
});
server.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () =>
  process.send?.({ port: (server.address() as { port: number }).port }),
);
