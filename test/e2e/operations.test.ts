import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { Scrape } from "../support/metrics.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service, tocsin as run } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const severities = ["critical", "error", "warning", "info"] as const;

/** `count` alerts, their severities in turn. */
const alerts = (count: number, status: "firing" | "resolved", from = 0) =>
  Array.from({ length: count }, (_, n) =>
    webhookAlert(`alert-${from + n}`, status, { severity: severities[n % 4] as string }),
  );

const quickly = { delivery: { retry: { initial: "50ms", max: "100ms" } } };

describe.concurrent("metrics and stats", () => {
  test("match the receiver's counts after known traffic", async () => {
    await using pagerduty = await PagerDuty.open();
    const { stand } = pagerduty;
    await using tocsin = await Service.start({ config: { ...quickly, targets: [pagerduty.target()] } });

    expect((await Scrape.of(tocsin)).sum("pagerduty_api_calls_total")).toBe(0);
    stand.setFaults("times 2 answer 429 retry-after 1s; times 3 answer 500; times 1 reset before");
    await tocsin.webhook(alerts(20, "firing"), "here");
    await waitUntil("all are delivered", () => pagerduty.incidents().length === 20, { withinMs: 60_000 });
    await tocsin.quiet();
    await tocsin.webhook(alerts(8, "resolved"), "here");
    await tocsin.webhook(alerts(8, "resolved"), "here");
    await tocsin.ask("POST", "/api/v1/webhook/alertmanager?source=here", { alerts: [7, ...alerts(1, "firing", 30)] });
    const acknowledged = (await tocsin.get("/api/v1/incidents?fingerprint=alert-15")).body.incidents[0].id;
    expect((await tocsin.ask("POST", `/api/v1/incidents/${acknowledged}/acknowledge`)).status).toBe(202);
    await tocsin.quiet();

    const scrape = await Scrape.of(tocsin);
    const requests = stand.requests(Infinity);
    const count = (is: (row: (typeof requests)[number]) => boolean) => requests.filter(is).length;
    const publisher = "pagerduty";
    for (const type of ["trigger", "acknowledge", "resolve"]) {
      const accepted = count(({ action, status }) => action === type && status === 202);
      expect([type, scrape.sum("pagerduty_events_published_total", { publisher, event_type: type })]).toEqual([
        type,
        accepted,
      ]);
    }
    expect(count(({ action, status }) => action === "trigger" && status === 202)).toBe(21);
    expect(scrape.sum("pagerduty_api_calls_total", { method: "POST" })).toBe(requests.length);
    for (const status of [202, 429, 500]) {
      const answered = count((row) => row.status === status);
      expect(answered).toBeGreaterThan(0);
      const labels = { method: "POST", status_code: String(status) };
      expect([status, scrape.sum("pagerduty_api_request_duration_seconds_count", labels)]).toEqual([status, answered]);
    }
    expect(scrape.sum("pagerduty_api_request_duration_seconds_count", { status_code: "0" })).toBe(1);
    expect(scrape.sum("pagerduty_publish_errors_total", { publisher, error_type: "rate_limited" })).toBe(2);
    expect(scrape.sum("pagerduty_publish_errors_total", { publisher, error_type: "server" })).toBe(3);
    expect(scrape.sum("pagerduty_publish_errors_total", { publisher, error_type: "network" })).toBe(1);
    expect(scrape.sum("pagerduty_publish_errors_total")).toBe(6);
    expect(scrape.sum("pagerduty_rate_limit_hits_total")).toBeGreaterThanOrEqual(2);
    expect(scrape.sum("pagerduty_cache_hits_total")).toBeGreaterThan(0);
    expect(scrape.has("pagerduty_cache_misses_total")).toBe(true);
    expect(scrape.sum("pagerduty_cache_size")).toBeGreaterThan(0);

    const source = "here";
    expect(scrape.sum("tocsin_alerts_received_total", { source, status: "firing" })).toBe(21);
    expect(scrape.sum("tocsin_alerts_received_total", { source, status: "resolved" })).toBe(16);
    expect(scrape.sum("tocsin_alerts_received_total", { source, status: "rejected" })).toBe(1);
    for (const [index, severity] of severities.entries())
      expect([severity, scrape.sum("tocsin_time_to_told_seconds_count", { target: publisher, severity })]).toEqual([
        severity,
        index === 0 ? 6 : 5,
      ]);
    expect(scrape.sum("tocsin_attempts_total", { target: publisher, outcome: "accepted" })).toBe(
      count(({ status }) => status === 202),
    );
    expect(scrape.sum("tocsin_attempts_total")).toBe(requests.length);
    const open = stand.incidents().filter(({ status }) => status !== "resolved").length;
    expect(open).toBe(13);
    expect(scrape.sum("tocsin_incidents", { target: publisher, state: "told" })).toBe(open);
    expect(scrape.sum("tocsin_incidents", { target: publisher, state: "closed" })).toBe(8);
    expect(scrape.sum("tocsin_due_oldest_seconds")).toBe(0);
    expect(scrape.sum("tocsin_targets", { state: "ready" })).toBe(1);
    expect(scrape.sum("tocsin_breaker_state", { target: publisher })).toBe(0);
    expect(scrape.sum("tocsin_build_info")).toBe(1);
    expect(scrape.sum("tocsin_config_last_reload_successful")).toBe(1);
    for (const name of ["tocsin_ledger_commit_seconds_count", "tocsin_event_loop_lag_seconds"])
      expect([name, scrape.has(name)]).toEqual([name, true]);

    const stats = (await tocsin.get("/api/v1/stats")).body;
    expect(stats.alerts).toEqual({ firing: 13, resolved: 8 });
    const counted = stats.incidents.filter((row: { count: number }) => row.count > 0);
    expect(counted).toEqual(
      expect.arrayContaining([
        { target: publisher, state: "told", count: 13 },
        { target: publisher, state: "closed", count: 8 },
      ]),
    );
    expect(counted).toHaveLength(2);
    expect([stats.due, stats.deadLetters]).toEqual([[], []]);
    const listed = (await tocsin.get("/api/v1/incidents?limit=100")).body.incidents;
    expect(listed).toHaveLength(21);
  });

  test("show the wait of the oldest event of each severity while no receiver accepts", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { ...quickly, targets: [pagerduty.target()] } });
    pagerduty.stand.setFaults("answer 503");
    const beforeMs = Date.now();
    await tocsin.webhook(alerts(2, "firing"));
    const labels = { target: "pagerduty", severity: "critical" };
    const waited = await waitUntil("it has waited for a second", async () => {
      const seconds = (await Scrape.of(tocsin)).sum("tocsin_due_oldest_seconds", labels);
      return seconds >= 1 && seconds;
    });
    expect(waited).toBeLessThanOrEqual((Date.now() - beforeMs) / 1_000);
    expect((await Scrape.of(tocsin)).sum("tocsin_due_oldest_seconds", { severity: "info" })).toBe(0);
    expect((await tocsin.get("/api/v1/stats")).body.due.map((row: { severity: string }) => row.severity)).toEqual(
      expect.arrayContaining(["critical", "error"]),
    );
  });

  test("count a wait at our own limit, and the receiver never has to refuse", async () => {
    const limit = { limit: 4, per: "2s" };
    await using pagerduty = await PagerDuty.open({ limit });
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target({ rate_limit: limit })] } });
    await tocsin.webhook(alerts(12, "firing"));
    await waitUntil("all are delivered", () => pagerduty.incidents().length === 12);
    const scrape = await Scrape.of(tocsin);
    expect(scrape.sum("pagerduty_rate_limit_hits_total")).toBeGreaterThanOrEqual(1);
    expect(scrape.sum("pagerduty_publish_errors_total")).toBe(0);
    expect(pagerduty.stand.refused()).toEqual([]);
    expect(pagerduty.stand.requests().length).toBe(12);
  });
});

test("probes answer under both names, and state what they find", async () => {
  await using tocsin = await Service.start({ config: { targets: [] } });
  for (const path of ["/healthz", "/-/healthy"])
    expect([path, (await tocsin.get(path)).status, (await tocsin.get(path)).body]).toEqual([
      path,
      200,
      { status: "ok" },
    ]);
  for (const path of ["/readyz", "/-/ready"])
    expect([path, (await tocsin.get(path)).status, (await tocsin.get(path)).body]).toEqual([
      path,
      200,
      expect.objectContaining({ status: "ready" }),
    ]);
});

describe.concurrent("a stop", () => {
  test("SIGTERM: no more intake, attempts in flight end, exit code 0; the next start sends the rest, and nothing twice", async () => {
    await using pagerduty = await PagerDuty.open();
    const { stand } = pagerduty;
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    stand.setFaults("slow headers by 1500ms");
    await tocsin.webhook(alerts(100, "firing"));
    await waitUntil("attempts are in flight", () => stand.requests().length > 0);
    const stopping = tocsin.stop("SIGTERM");
    await waitUntil("it is not ready", async () => (await tocsin.get("/readyz")).status === 503);
    const refused = await tocsin.ask("POST", "/api/v1/webhook/alertmanager", { alerts: alerts(1, "firing", 500) });
    expect([refused.status, Number(refused.headers.get("retry-after"))]).toEqual([503, expect.any(Number)]);
    expect((await tocsin.get("/healthz")).status).toBe(200);
    expect(await stopping).toEqual({ code: 0, signal: null });

    const before = stand.requests(Infinity);
    expect(before.length).toBeLessThan(100);
    expect(before.filter(({ ambiguous, unread }) => ambiguous || unread)).toEqual([]);
    stand.setFaults([]);
    await tocsin.start();
    await waitUntil("all are delivered", () => pagerduty.incidents().length === 100);
    await tocsin.quiet();
    expect(stand.requests(Infinity)).toHaveLength(100);
  });

  test("a receiver that never answers delays a stop by ten seconds at most", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target({ timeout: "1m" })] } });
    pagerduty.stand.setFaults("hang");
    await tocsin.webhook(alerts(1, "firing"));
    await waitUntil("the attempt is in flight", () => pagerduty.stand.requests().length === 1);
    const exit = await Promise.race([
      tocsin.stop("SIGINT"),
      waitUntil("it has ended", () => false, { withinMs: 25_000 }),
    ]);
    expect(exit).toEqual({ code: 0, signal: null });
    pagerduty.stand.setFaults([]);
    await tocsin.start();
    await tocsin.quiet();
    expect(pagerduty.incidents()).toHaveLength(1);
  });
});

describe.concurrent("one owner", () => {
  test("a second process on the same database is refused with a clear message; the first goes on", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    const config = join(tocsin.dir, "other.yaml");
    writeFileSync(config, JSON.stringify({ server: { listen: "127.0.0.1:0" } }));
    await using second = run(["serve", "--config", config]);
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr).toContain("tocsin.db is in use by another process");
    expect(second.stderr).not.toContain("    at ");
    await tocsin.webhook(alerts(1, "firing"));
    await waitUntil("it is delivered", () => pagerduty.incidents().length === 1);
  });

  test("a process that was stopped for a while takes the requests that came meanwhile, because no other process can have received them", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    tocsin.process.signal("SIGSTOP");
    const stoppedAtMs = performance.now();
    const late = tocsin.ask("POST", "/api/v1/webhook/alertmanager", { alerts: alerts(1, "firing") });
    await waitUntil("it is long ago", () => performance.now() - stoppedAtMs > 6_000);
    tocsin.process.signal("SIGCONT");
    expect((await late).status).toBe(200);
    await waitUntil("it is delivered", () => pagerduty.incidents().length === 1);
  });

  test("a second process on the same port is refused with a clear message", async () => {
    await using tocsin = await Service.start({ config: { targets: [] } });
    using place = tempDir();
    const config = join(place.path, "tocsin.yaml");
    writeFileSync(config, JSON.stringify({ server: { listen: `127.0.0.1:${tocsin.port}` } }));
    await using second = run(["serve", "--config", config]);
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr).toContain(`cannot listen on 127.0.0.1:${tocsin.port}: the address is already in use`);
    expect(second.stderr).not.toContain("    at ");
  });
});

describe.concurrent("configuration", () => {
  test("a start with a wrong one exits with 78 and lists every mistake with its line", async () => {
    using place = tempDir();
    writeFileSync(
      join(place.path, "tocsin.yaml"),
      `server:
  listen: nowhere
  maxBodyBytes: "20 MiB"
delivery:
  remind: 5
  retry:
    initial: 10 minutes
listen: here
`,
    );
    for (const command of [["serve"], ["config", "check"]]) {
      await using child = run(command, { cwd: place.path });
      expect(await child.ended).toEqual({ code: 78, signal: null });
      for (const [line, path] of [
        [2, "server.listen"],
        [3, "server.maxBodyBytes"],
        [5, "delivery.remind"],
        [7, "delivery.retry.initial"],
        [8, "listen"],
      ])
        expect(child.stderr).toMatch(new RegExp(`tocsin\\.yaml:${line}:\\d+: ${path}: .+`));
    }
    await using missing = run(["serve", "--config", "nowhere.yaml"], { cwd: place.path });
    expect(await missing.ended).toEqual({ code: 78, signal: null });
    expect(missing.stderr).toContain("no such file");
  });

  test("an invalid target is listed with its errors, and the other one works", async () => {
    await using pagerduty = await PagerDuty.open();
    const wrong = pagerduty.target({ name: "wrong", filter: {}, timeout: "soon", routing_key: "short" });
    await using tocsin = await Service.start({ config: { targets: [wrong, pagerduty.target()] } });
    const { targets } = (await tocsin.get("/api/v1/targets")).body;
    expect(targets.map(({ name, state }: any) => [name, state])).toEqual([
      ["wrong", "invalid"],
      ["pagerduty", "ready"],
    ]);
    expect(targets[0].errors.map(({ path }: any) => path).toSorted()).toEqual([
      "targets[0].filter",
      "targets[0].routing_key",
      "targets[0].timeout",
    ]);
    await tocsin.webhook(alerts(1, "firing"));
    await waitUntil("the other is delivered", () => pagerduty.incidents().length === 1);
  });

  test("a reload that fails keeps the old one and reports that; one that works sends firing alerts to a new target", async () => {
    await using pagerduty = await PagerDuty.open();
    const first = pagerduty.target();
    const second = pagerduty.target({ name: "second", routing_key: "0THERKEY0THERKEY0THERKEY0THERKEY" });
    await using tocsin = await Service.start({ config: { targets: [first] } });
    await tocsin.webhook(alerts(3, "firing"));
    await waitUntil("the first is delivered", () => pagerduty.incidents().length === 3);

    tocsin.configure({ targets: [first, second], unknown: true });
    const failed = await tocsin.ask("POST", "/-/reload");
    expect([failed.status, failed.body.error.issues[0].path]).toEqual([500, "unknown"]);
    expect((await Scrape.of(tocsin)).sum("tocsin_config_last_reload_successful")).toBe(0);
    await tocsin.webhook(alerts(1, "firing", 10));
    await waitUntil("the old one still applies", () => pagerduty.incidents().length === 4);

    tocsin.configure({ targets: [first, second] });
    tocsin.process.signal("SIGHUP");
    await waitUntil("the second gets all firing alerts", () => pagerduty.incidents().length === 8);
    expect((await Scrape.of(tocsin)).sum("tocsin_config_last_reload_successful")).toBe(1);

    // A target that is removed still ends what it opened.
    tocsin.configure({ targets: [first] });
    expect((await tocsin.ask("POST", "/-/reload")).status).toBe(200);
    await tocsin.webhook([...alerts(3, "resolved"), ...alerts(1, "resolved", 10)]);
    await waitUntil("all are resolved, at both", () =>
      pagerduty.incidents().every(({ status }) => status === "resolved"),
    );
    expect(pagerduty.incidents()).toHaveLength(8);
  });
});
