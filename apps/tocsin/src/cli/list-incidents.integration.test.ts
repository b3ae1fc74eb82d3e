import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatAddress } from "../config/address.ts";
import { startService, type TestService } from "../service.fixture.ts";
import { runIn } from "./terminal.fixture.ts";

const alert = (fingerprint: string, labels: object) => ({ status: "firing", fingerprint, labels });

let service: TestService;
beforeAll(async () => {
  service = await startService();
  const post = (source: string, ...alerts: object[]) =>
    service.ask("POST", `/api/v1/webhook/alertmanager?source=${source}`, { alerts });
  await post("east", alert("a", { alertname: "DiskFull", severity: "critical", team: "db" }));
  await post("west", alert("b", { alertname: "Slow", severity: "warning", team: "web" }));
  await service.ask("POST", "/api/v1/changes", { id: "c", summary: "Deployed" });
  await service.until("all is delivered", async () => {
    const { body } = await service.ask("GET", "/api/v1/incidents?state=told");
    return body.incidents.length === 2 || undefined;
  });
}, 30_000);
afterAll(() => service[Symbol.asyncDispose]());

const list = (...args: string[]) =>
  runIn(service.dir, ["incidents", "list", "--url", `http://${formatAddress(service.tocsin.address)}`, ...args]);

test.each<[string[], string[]]>([
  [["--severity", "critical"], ["a"]],
  [["--source", "west"], ["b"]],
  [["--reason", "delivered", "--severity", "warning"], ["b"]],
  [["--reason", "waiting_limit"], []],
  [
    ["--kind", "alert"],
    ["a", "b"],
  ],
  [
    ["--since", "1h", "--kind", "alert"],
    ["a", "b"],
  ],
  [["--since", "2999-01-31T12:00:00Z"], []],
  [["--q", "diskfull"], ["a"]],
  [["--matcher", 'team=~"db|web"', "--matcher", 'alertname="Slow"'], ["b"]],
])("%j lists the incidents %j", async (args, expected) => {
  const { code, stdout, stderr } = await list(...args, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { incidents } = JSON.parse(stdout) as { incidents: { members: string[] }[] };
  expect(incidents.flatMap(({ members }) => members).toSorted()).toEqual(expected);
});

test.each([
  [["--since", "yesterday"], 2, '--since: expected a duration such as "7d", or a time such as 2026-01-31T12:00:00Z\n'],
  [["--severity", "bad"], 2, expect.stringContaining("Allowed choices are critical, error, warning, info")],
  [["--reason", "bad"], 1, expect.stringMatching(/^400: .*\n  reason: expected one of /)],
  [["--matcher", "bad"], 1, expect.stringMatching(/^400: .*\n  matcher/)],
])("%j is refused", async (args, code, stderr) => {
  expect(await list(...args)).toEqual({ code, stdout: "", stderr });
});

test("goes on while the service ends a search at its limit, until the list is complete or as long as asked", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? "", "http://localhost").searchParams;
    asked.push(`${query.get("cursor")} ${query.get("limit")}`);
    const at = Number(query.get("cursor") ?? 0);
    const searched = { looked: 10_000, stopped: at < 3 };
    response.end(JSON.stringify({ incidents: [], searched, ...(at < 3 && { nextCursor: String(at + 1) }) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { stdout } = await runIn("/", ["incidents", "list", "--q", "x", "--limit", "1500", "--json", "--url", url]);
  server.close();
  expect(asked).toEqual(["null 1000", "1 1000", "2 1000", "3 1000"]);
  expect(JSON.parse(stdout)).toEqual({ incidents: [], searched: { looked: 40_000, stopped: false } });
});
