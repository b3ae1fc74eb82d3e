import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatAddress } from "../config/address.ts";
import { routingKey, startService, type TestService } from "../service.fixture.ts";
import { runIn } from "./terminal.fixture.ts";

let service: TestService;

const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

const webhook = (status: "firing" | "resolved", ...names: string[]) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", {
    alerts: names.map((name) => ({
      status,
      fingerprint: `f-${name}`,
      labels: { alertname: name, severity: "critical", instance: "db-1" },
      annotations: { summary: `${name} at db-1` },
      startsAt: at(-60),
      ...(status === "resolved" && { endsAt: at(0) }),
    })),
  });

const incidents = async (query: string) => (await service.ask("GET", `/api/v1/incidents?${query}`)).body.incidents;
const delivered = (event: string, name: string) =>
  service.until(`${event} of ${name} is delivered`, async () => {
    const [one] = await incidents(`fingerprint=f-${name}&target=trial`);
    return one?.told?.event === event ? one : undefined;
  });

const report = (...args: string[]) =>
  runIn(service.dir, ["report", "shadow", "--url", `http://${formatAddress(service.tocsin.address)}`, ...args]);

beforeAll(async () => {
  service = await startService((url) => ({
    targets: [
      { name: "live", type: "pagerduty", url, routing_key: routingKey },
      { name: "trial", type: "pagerduty", url, routing_key: routingKey, mode: "shadow" },
    ],
  }));
  await webhook("firing", "DiskFull", "Slow");
  const disk = await delivered("trigger", "DiskFull");
  await delivered("trigger", "Slow");
  await service.ask("POST", `/api/v1/incidents/${disk.id}/acknowledge`);
  await delivered("acknowledge", "DiskFull");
  await webhook("resolved", "DiskFull");
  await delivered("resolve", "DiskFull");
}, 30_000);
afterAll(() => service[Symbol.asyncDispose]());

test("lists what a target in shadow mode would have received, and when", async () => {
  const { code, stdout, stderr } = await report();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(
    /^Targets in shadow mode would have opened, from \S+Z to \S+Z:\ntrial: 2 incidents\n\nTARGET /,
  );
  expect(stdout).toMatch(/^trial +\d+ +critical +\S+Z +\S+Z +\S+Z +DiskFull at db-1$/m);
  expect(stdout).toMatch(/^trial +\d+ +critical +\S+Z +- +- +Slow at db-1$/m);
  expect(stdout).not.toContain("live");
  const { pages, targets } = JSON.parse((await report("--json", "--target", "trial")).stdout);
  expect(targets).toEqual([{ target: "trial", pages: 2, nothingSent: 0, truncated: false }]);
  const [disk] = pages.filter((page: { alertName: string }) => page.alertName === "DiskFull");
  expect(disk).toMatchObject({ members: ["f-DiskFull"], dedupKey: "f-DiskFull", severity: "critical", repeats: 0 });
  const times = [disk.triggeredAt, disk.acknowledgedAt, disk.resolvedAt];
  expect(times.toSorted((a, b) => Date.parse(a) - Date.parse(b))).toEqual(times);
  expect((await report("--since", at(60))).stdout).toContain("trial: 0 incidents\n");
});

test.each([
  [["--target", "live"], 1, "live is not in shadow mode: it has no `mode: shadow`, or no valid definition\n"],
  [["--target", "none"], 1, "404: no such target\n"],
  [["--since", "soon"], 2, expect.stringMatching(/^--since: expected/)],
  [["--window", "0s"], 2, '--window: expected a duration such as "10m"\n'],
  [["--compare", "missing.csv"], 1, expect.stringMatching(/missing\.csv: no such file/)],
])("%j is refused", async (args, code, stderr) => {
  expect(await report(...args)).toEqual({ code, stdout: "", stderr });
});

const write = (name: string, content: string | Uint8Array) => writeFileSync(join(service.dir, name), content);

describe("--compare", () => {
  test("lists what both paged, only the old path, and only Tocsin", async () => {
    write(
      "export.csv",
      [
        "id,incident_number,description,service_name,urgency,created_on,resolved_on",
        `Q1,1,[FIRING:1] DiskFull db-1 (critical),Shop,high,${at(-30)},`,
        `Q2,2,"Night job, ""late""\nagain",Shop,high,${at(-20)},`,
        `Q3,3,Slow at db-1,Other,high,${at(-10)},`,
        `Q4,4,Slow at db-1,Shop,high,${at(-30 * 86_400)},`,
      ].join("\r\n"),
    );
    const { code, stdout, stderr } = await report("--compare", "export.csv", "--service", "Shop");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const comparison = stdout.slice(stdout.indexOf("Compared with"));
    expect(comparison.replaceAll(/ {2,}/g, "  ")).toMatch(
      new RegExp(
        [
          "Compared with 2 incidents in export.csv, and without 1 from another time:",
          "  both: 1",
          "  only the old path: 1",
          "  only Tocsin: 1",
          "",
          "Both:",
          "INCIDENT  OLD  TOCSIN  MATCHED BY  DOUBT  SUMMARY",
          String.raw`\d+  Q1  \d+ s later  title 100 %  DiskFull at db-1`,
          "",
          "Only the old path:",
          "OLD  CREATED  DOUBT  TITLE",
          String.raw`Q2  \S+Z  Night job, "late".again`,
          "",
          "Only Tocsin:",
          "INCIDENT  TRIGGER  DOUBT  SUMMARY",
          String.raw`\d+  \S+Z  Slow at db-1`,
          "$",
        ].join("\n"),
      ),
    );
    const { comparison: body } = JSON.parse((await report("--compare", "export.csv", "--json")).stdout);
    expect(body).toMatchObject({
      file: "export.csv",
      incidents: 3,
      outside: 1,
      both: expect.arrayContaining([
        expect.objectContaining({ old: expect.objectContaining({ name: "Q1" }) }),
        expect.objectContaining({ old: expect.objectContaining({ name: "Q3" }), by: "title" }),
      ]),
      onlyOld: [{ old: { name: "Q2" }, perhaps: [] }],
      onlyTocsin: [],
    });
  });

  test("matches incidents of the REST API by their key", async () => {
    write(
      "export.json",
      JSON.stringify({ incidents: [{ id: "Q9", title: "?", incident_key: "f-Slow", created_at: at(-5) }] }),
    );
    const { comparison } = JSON.parse((await report("--compare", "export.json", "--json")).stdout);
    expect(comparison.both).toMatchObject([{ old: { name: "Q9" }, by: "key", similarity: 1, ambiguousWith: [] }]);
    expect(comparison.onlyTocsin).toHaveLength(1);
  });

  test("refuses a file with mistakes, and lists them with their lines", async () => {
    const bad = Array.from({ length: 30 }, (_, n) => `x${n},soon`).join("\n");
    write("bad.csv", `description,created_on\nfine,${at(0)}\n${bad}`);
    const { code, stdout, stderr } = await report("--compare", "bad.csv");
    expect([code, stdout]).toEqual([1, ""]);
    const lines = stderr.split("\n");
    expect(lines[0]).toBe("--compare: bad.csv cannot be read");
    expect(lines[1]).toBe('  line 3: created: expected a time such as 2026-01-31T12:00:00Z, found "soon"');
    expect(lines.slice(21)).toEqual(["  and 10 more", ""]);
  });

  test("refuses a file that is too large or no text, before it is parsed", async () => {
    write("huge.csv", "");
    truncateSync(join(service.dir, "huge.csv"), 100 * 1024 * 1024);
    expect((await report("--compare", "huge.csv")).stderr).toBe(
      "--compare: huge.csv has 100 MiB; at most 32 MiB are read. Export a shorter time\n",
    );
    write("binary.csv", Uint8Array.of(0xff, 0xfe, 0x00));
    expect((await report("--compare", "binary.csv")).stderr).toBe("--compare: binary.csv is not UTF-8 text\n");
  });

  test("prints no control character of an export", async () => {
    write("escape.csv", `description,created_on\n\u001B[2Jgone,${at(-1)}\n`);
    const { stdout } = await report("--compare", "escape.csv");
    expect(stdout).toContain("[2Jgone");
    expect(stdout).not.toContain("\u001B");
  });
});
