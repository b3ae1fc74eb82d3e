import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ApiServer } from "../../apps/tocsin/src/kubernetes/api-server.fixture.ts";
import { selfSigned } from "../../packages/http/test/self-signed.ts";
import { webhookAlert } from "../support/alerts.ts";
import { hasPrometheus, Prometheus } from "../support/debian.ts";
import { freePort } from "../support/free-port.ts";
import { canTrace, trace } from "../support/linux.ts";
import { metricQueries } from "../support/metric-queries.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service, tocsin } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const shipped = readFileSync(new URL("../../deploy/prometheus/tocsin.rules.yml", import.meta.url), "utf8");

/**
 * The shipped rules with each `for` of one second, and with windows of 20 s instead of minutes and hours, so that they are soon
 * empty again. Thresholds stay, and so does `[1d]`, which only needs an earlier scrape.
 */
const rules = shipped.replace(/\bfor: \w+/g, "for: 1s").replace(/\[\d+[mh]\]/g, "[20s]");
const alertNames = new Set(Array.from(shipped.matchAll(/- alert: (\w+)/g), ([, name = ""]) => name));

const keys = {
  refused: "refusedREFUSEDrefusedREFUSED0000",
  down: "downDOWNdownDOWNdownDOWNdown0000",
  late: "lateLATElateLATElateLATElate0000",
  invalid: "invalidINVALIDinvalidINVALID0000",
  fine: "fineFINEfineFINEfineFINEfine0000",
  canary: "canaryCANARYcanaryCANARYcanary00",
};
type Name = keyof typeof keys;

const faults = `
  key ${keys.refused} answer 401
  key ${keys.down} answer 503
  key ${keys.late} answer 503
  key ${keys.invalid} answer 422
  key ${keys.canary} answer 401
`;

/** Everything happens within seconds on an idle machine. */
const patience = { withinMs: 60_000 };

/** A firing alert that only this target receives. */
function alertFor(target: Name, name: string, severity = "warning") {
  const alert = webhookAlert(name, "firing", { severity });
  return { ...alert, labels: { ...alert.labels, to: target } };
}

/** Environment in which a process has a clock that is ahead, as if it had been away for that time. */
function clockAhead(ms: number): Record<string, string> {
  const module = `const now = Date.now;
    globalThis.Date = class extends Date {
      constructor(...given) { super(...(given.length > 0 ? given : [now() + ${ms}])); }
      static now() { return now() + ${ms}; }
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}` };
}

const expiresInADay = () => selfSigned();
const expiresInAYear = () => selfSigned({ toMs: Date.now() + 365 * 86_400_000 });

/** Starts a service with HTTPS and no targets. `use` replaces its certificate. */
async function startWithCertificate(dir: string) {
  const use = ({ cert, key }: { readonly cert: string; readonly key: string }) => {
    writeFileSync(join(dir, "tls.key"), key);
    writeFileSync(join(dir, "tls.crt"), cert);
  };
  use(expiresInADay());
  const port = await freePort();
  const tls = { cert: { file: "tls.crt" }, key: { file: "tls.key" } };
  const config = { server: { listen: `127.0.0.1:${port}`, tls }, targets: [], ledger: { url: "sqlite:tls.db" } };
  writeFileSync(join(dir, "tls.yaml"), JSON.stringify(config));
  const child = tocsin(["serve", "--config", join(dir, "tls.yaml")], { cwd: dir });
  await child.untilItSays(/listening/);
  return { child, use, address: `127.0.0.1:${port}` };
}

test.skipIf(!hasPrometheus() || !canTrace())(
  "each shipped alert fires in its condition, and is resolved after it",
  {
    timeout: 180_000,
  },
  async () => {
    using place = tempDir();
    await using pagerduty = await PagerDuty.open();
    pagerduty.stand.setFaults(faults);
    await using api = await ApiServer.start();
    api.denied.add("list shop");
    const found = join(place.path, "found");
    const lost = join(place.path, "lost");
    mkdirSync(found);
    writeFileSync(join(found, "pager.json"), '{ "type": "pagerdooty" }');
    const target = (name: Name, routing_key = keys[name]) =>
      pagerduty.target({ name, routing_key, filters: { labels: { to: name } } });
    const config = (targets: readonly object[]) => ({
      targets,
      discovery: { files: [found, lost] },
      delivery: { retry: { initial: "50ms", max: "200ms" } },
    });
    const sick = {
      ...config([
        target("refused"),
        target("down"),
        target("late"),
        target("invalid"),
        target("fine"),
        target("canary"),
      ]),
      canary: { every: "5s", target: "canary" },
      sources: [{ name: "cron", expect: { every: "5s", targets: ["fine"] } }],
      changes: {
        kubernetes: {
          enabled: true,
          namespaces: ["shop"],
          kinds: ["Deployment"],
          kubeconfig: api.kubeconfig(place.path),
        },
      },
    };
    await using service = await Service.start({ config: sick });
    const secured = await startWithCertificate(place.path);
    await using _ = secured.child;
    await using prometheus = await Prometheus.start({
      scrapes: {
        tocsin: { address: `127.0.0.1:${service.port}` },
        secured: { address: secured.address, scheme: "https" },
      },
      rules,
    });
    const names = async (alerts: string) =>
      (await prometheus.query(`count by (alertname) (${alerts})`)).map(({ labels }) => labels["alertname"] ?? "");
    const fire = (...expected: readonly string[]) =>
      waitUntil(
        `${expected.join(", ")} fire`,
        async () => {
          const fired = new Set(await names('count_over_time(ALERTS{alertstate="firing"}[10m])'));
          return expected.every((name) => fired.has(name));
        },
        patience,
      );
    const end = (...expected: readonly string[]) =>
      waitUntil(
        `${expected.join(", ")} are resolved`,
        async () => (await names("ALERTS")).every((name) => !expected.includes(name)),
        patience,
      );
    const scraped = (query: string) =>
      waitUntil(`Prometheus has ${query}`, async () => (await prometheus.query(query)).length > 0);

    // Targets, places of targets, sources, configuration, certificate.
    await scraped("tocsin_build_info");
    await service.webhook([
      alertFor("refused", "refused"),
      alertFor("down", "down-1"),
      alertFor("down", "down-2"),
      alertFor("late", "late", "critical"),
      alertFor("invalid", "invalid"),
    ]);
    await scraped("tocsin_alerts_received_total");
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [7, alertFor("late", "late", "critical")] });
    await service.ask("POST", "/api/v1/webhook/alertmanager", "no JSON");
    service.configure({ ...sick, delivery: { concurrency: "many" } });
    await service.ask("POST", "/-/reload");
    await fire("TocsinDeadLetters", "TocsinTargetUnauthorized", "TocsinBreakerOpen", "TocsinTargetInvalid");
    await fire("TocsinDiscoveryStale", "TocsinRolloutsStale", "TocsinAlertsRejected", "TocsinSendersRefused");
    await fire("TocsinConfigReloadFailed", "TocsinCertificateExpiring", "TocsinSourceSilent");
    await fire("TocsinCanaryFailed");
    for (const query of metricQueries().inTrouble) await scraped(query);

    await service.ask("POST", "/api/v1/heartbeats/cron");
    await end("TocsinSourceSilent");
    service.configure(config([target("refused", "n".repeat(32)), target("late"), target("invalid")]));
    writeFileSync(join(found, "pager.json"), JSON.stringify({ ...target("late"), name: "pager" }));
    mkdirSync(lost);
    secured.use(expiresInAYear());
    for (const { id } of (await service.get("/api/v1/deadletters")).body.deadletters)
      await service.ask("DELETE", `/api/v1/deadletters/${id}`);
    await service.ask("POST", "/-/reload");
    await end("TocsinDeadLetters", "TocsinTargetUnauthorized", "TocsinBreakerOpen", "TocsinTargetInvalid");
    await end("TocsinCanaryFailed");
    await end("TocsinDiscoveryStale", "TocsinRolloutsStale", "TocsinConfigReloadFailed", "TocsinCertificateExpiring");
    await secured.child.end();

    // The process: it restarts, and the last time it was away for longer than a critical may wait.
    for (const env of [{}, {}, clockAhead(130_000)]) {
      await service.kill();
      if ("NODE_OPTIONS" in env) {
        await fire("TocsinAbsent");
        await scraped('ALERTS{alertname="TocsinReplicaDown",alertstate="firing",job="tocsin"}');
      }
      const startedAtMs = Date.now();
      await service.start(env);
      await scraped(`process_start_time_seconds{job="tocsin"} > ${startedAtMs / 1_000}`);
    }
    await fire("TocsinRestarting", "TocsinCriticalWaiting");
    pagerduty.stand.setFaults([]);
    await fire("TocsinCriticalsLate");
    const burns = 'count by (burn) (count_over_time(ALERTS{alertname="TocsinCriticalsLate",alertstate="firing"}[10m]))';
    await waitUntil("both burn rates are exceeded", async () => (await prometheus.query(burns)).length === 2);

    // The ledger: its disk is slow, then its file is away.
    const strace = await trace(service.process.pid, [
      "-e",
      "inject=fsync,fdatasync:delay_enter=700ms",
      "-o",
      "/dev/null",
    ]);
    for (const name of ["slow-1", "slow-2", "slow-3"]) await service.webhook([alertFor("late", name)]);
    await strace.end("SIGINT");
    const file = join(service.dir, "data", "tocsin.db");
    renameSync(file, `${file}.away`);
    await fire("TocsinLedgerSlow", "TocsinLedgerFailing");
    renameSync(`${file}.away`, file);

    // `secured` is down for good.
    const allEnded = async () => (await prometheus.query('ALERTS{job!="secured"}')).length === 0;
    await waitUntil("all are resolved", allEnded, patience);
    const fired = await names('count_over_time(ALERTS{alertstate="firing"}[10m])');
    expect(fired.toSorted()).toEqual([...alertNames].toSorted());
  },
);
