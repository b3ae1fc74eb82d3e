import { ModelServer, type ModelScript } from "@tocsin/simulator";
import { corpus, type CorpusAlert } from "@tocsin/test/corpus";
import { beforeAll, expect, test } from "vitest";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const all = corpus();
const injections = all.filter(({ injection }) => injection);
/** Sixty of all kinds, most of them without an order to a model. */
const sample = all.filter((_, index) => index % 8 === 0).slice(0, 60);

const severities = ["info", "warning", "error", "critical"];

/** Severity of each page at the receiver. */
type Pages = ReadonlyMap<string, string>;

const post = (service: Service, alerts: readonly CorpusAlert[], more: object = {}) =>
  service.post(alerts.map(({ posted }) => ({ ...posted, ...more })));

const pagesAt = (pagerduty: PagerDuty): Pages =>
  new Map(pagerduty.incidents().map(({ dedup_key: key, severity }) => [key, severity]));

const llm = (models: ModelServer, more: object = {}) => ({
  provider: "llm",
  budget: "800ms",
  criticalBudget: "200ms",
  llm: { api: "openai", baseUrl: models.baseUrl, model: "stand-in", apiKey: "key-of-the-stand-in" },
  ...more,
});

interface Run {
  readonly pages: Pages;
  readonly service: Service;
}

/** Posts the alerts, hands over what was paged, then resolves them all: each page must be resolved. */
async function run(
  alerts: readonly CorpusAlert[],
  { target = {}, ...config }: { readonly target?: object; readonly classification?: object },
  judge: (run: Run) => Promise<void> | void,
): Promise<void> {
  await using pagerduty = await PagerDuty.open();
  await using service = await Service.start({ config: { targets: [pagerduty.target(target)], ...config } });
  await post(service, alerts);
  await service.quiet();
  await judge({ pages: pagesAt(pagerduty), service });
  await post(service, alerts, { endsAt: new Date().toISOString() });
  await waitUntil("all pages are resolved", () => pagerduty.incidents().every(({ status }) => status === "resolved"));
  expect(pagerduty.stand.refused()).toEqual([]);
}

let withoutClassification: Pages;

beforeAll(async () => {
  await run([...new Set([...sample, ...injections])], { classification: { provider: "none" } }, ({ pages }) => {
    withoutClassification = pages;
  });
});

/** The part of an answer of `explain` about one target. */
interface Explained {
  readonly reason?: string;
  readonly classification?: { readonly confidence: number; readonly ofShape: boolean };
}

/** Compares a run with the same one without classification. Returns the findings, and how many pages are missing or lower. */
async function compare({ pages, service }: Run, alerts: readonly CorpusAlert[], { mayDrop = false } = {}) {
  const findings: string[] = [];
  const changed = { missing: 0, lower: 0, higher: 0 };
  for (const { alert } of alerts) {
    const key = alert.fingerprint;
    const before = withoutClassification.get(key);
    const now = pages.get(key);
    const name = `${alert.labels["alertname"]} ${key}`;
    if (before === undefined) findings.push(`${name}: the run without classification has no page`);
    if (before === undefined || now === before) continue;
    if (now !== undefined && severities.indexOf(now) > severities.indexOf(before)) {
      changed.higher++;
      continue;
    }
    changed[now === undefined ? "missing" : "lower"]++;
    if (before === "critical") findings.push(`${name}: its label says critical, and it is ${now ?? "missing"}`);
    if (now === undefined && !mayDrop) findings.push(`${name}: missing`);
    const why = await explain(service, alert.labels, alert.fingerprint);
    const allowed = now === undefined ? why?.reason === "suppressed_noise" : why?.classification?.ofShape === false;
    if (!allowed || (now !== undefined && (why?.classification?.confidence ?? 0) < 0.8))
      findings.push(
        `${name}: ${before}, now ${now ?? "missing"}, without a rule that allows it: ${JSON.stringify(why)}`,
      );
  }
  return { findings, changed };
}

/** Returns why the target has this page or does not have it. */
async function explain(service: Service, labels: Readonly<Record<string, string>>, fingerprint: string) {
  const query = new URLSearchParams({ matcher: `alertname=${JSON.stringify(labels["alertname"])}` });
  const { body } = await service.get(`/api/v1/explain?${query.toString()}`);
  const found = (body.alerts as { fingerprint: string; targets: Explained[] }[]).find(
    (one) => one.fingerprint === fingerprint,
  );
  return found?.targets[0];
}

const scripts: Readonly<Record<string, ModelScript>> = {
  right: ["right"],
  slow: [{ kind: "slow", afterMs: 200 }],
  hang: ["hang"],
  rate_limited: [{ kind: "rate_limited", retryAfterSeconds: 1 }],
  server_error: ["server_error"],
  cut: ["cut"],
  invalid_json: ["invalid_json"],
  fenced_json: ["fenced_json"],
  wrong_schema: ["wrong_schema"],
  contradictory: ["contradictory"],
  huge: ["huge"],
};

/** These give verdicts, which change pages. The others give none, so nothing may change. */
const answering = new Set(["right", "slow", "fenced_json", "contradictory"]);

test.for(Object.entries(scripts))("a model that is %s hides no page", async ([name, script]) => {
  await using models = await ModelServer.listen();
  models.models.setScript(script);
  await run(sample, { classification: llm(models) }, async (done) => {
    const { findings, changed } = await compare(done, sample);
    console.log(name, changed, `${models.models.requests().length} calls`);
    expect(findings).toEqual([]);
    const changes = changed.missing + changed.lower + changed.higher;
    expect(changes > 0).toBe(answering.has(name));
    expect(models.models.requests().length).toBeGreaterThan(0);
    expect(models.models.requests().flatMap(({ violations }) => violations)).toEqual([]);
  });
});

test("a model that obeys each order in an alert hides no page", async () => {
  await using models = await ModelServer.listen();
  models.models.setScript(["obeying"]);
  await run(injections, { classification: llm(models) }, async (done) => {
    const { findings, changed } = await compare(done, injections);
    console.log("obeying", changed, `${models.models.requests().length} calls`);
    expect(findings).toEqual([]);
    expect(changed.lower).toBeGreaterThan(0);
  });
});

test("a model that obeys, with override and exclude_noise, drops no page whose label says critical", async () => {
  await using models = await ModelServer.listen();
  models.models.setScript(["obeying"]);
  const classification = llm(models, { apply: "override" });
  await run(injections, { classification, target: { filters: { exclude_noise: true } } }, async (done) => {
    const { findings, changed } = await compare(done, injections, { mayDrop: true });
    console.log("obeying, override", changed, `${models.models.requests().length} calls`);
    expect(findings).toEqual([]);
    expect(changed.missing).toBeGreaterThan(0);
  });
});
