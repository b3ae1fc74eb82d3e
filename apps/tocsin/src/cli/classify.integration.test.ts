import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ModelServer } from "@tocsin/simulator";
import { afterAll, expect, test } from "vitest";
import { runIn } from "./terminal.fixture.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-classify-"));
afterAll(() => rmSync(dir, { recursive: true }));
const corpusFile = fileURLToPath(new URL("../../../../test/corpus/alerts.jsonl", import.meta.url));

writeFileSync(
  join(dir, "tocsin.yaml"),
  `classification:
  provider: rules
  rules:
    - { name: payments, matchers: ['namespace="payments"'], severity: critical }
    - { name: others, severity: warning }
`,
);
writeFileSync(join(dir, "alert.json"), '{"labels":{"alertname":"A","namespace":"payments"}}');

const inDir = (...args: string[]) => runIn(dir, args);

test("classify prints the verdict, its reasons and its time, from a file or the standard input", async () => {
  const file = await inDir("classify", "alert.json");
  expect(file.code).toBe(0);
  expect(file.stdout).toMatch(/^rules.*: critical \(90 %\)/);
  expect(file.stdout).toMatch(/^reasoning: .+$/m);
  expect(file.stdout).toMatch(/^time: \d+ ms$/m);
  const piped = await runIn(dir, ["classify", "--json"], {}, '{"alerts":[{"labels":{"alertname":"B"}}]}');
  expect(JSON.parse(piped.stdout)).toMatchObject({ kind: "verdict", verdict: { severity: "warning" } });
});

test("classify --show-prompt says that rules send nothing", async () => {
  const { stdout } = await inDir("classify", "--show-prompt", "alert.json");
  expect(stdout).toMatch(/^Nothing is sent: this classifier asks no model\.\n\nrules/);
});

test.each([
  ["missing.json", "cannot read missing.json: no such file or directory"],
  ["tocsin.yaml", "tocsin.yaml is not JSON"],
  ["two.json", "two.json has 2 alerts"],
  ["empty.json", "empty.json: labels: expected at least one label with a value"],
])("classify refuses %s with the reason", async (file, reason) => {
  writeFileSync(join(dir, "two.json"), "[{},{}]");
  writeFileSync(join(dir, "empty.json"), "{}");
  const { code, stderr } = await inDir("classify", file);
  expect([code, stderr]).toEqual([1, expect.stringContaining(reason)]);
});

test("without a classifier, both commands name the key to set", async () => {
  writeFileSync(join(dir, "none.yaml"), "{}");
  for (const args of [
    ["classify", "alert.json"],
    ["evaluate", corpusFile],
  ]) {
    const { code, stderr } = await inDir(...args, "--config", "none.yaml");
    expect([code, stderr]).toEqual([
      1,
      'none.yaml has no classifier. Set classification.provider to "rules" or "llm"\n',
    ]);
  }
});

test("evaluate scores the classifier beside the constant answer and the label", async () => {
  const { code, stdout } = await inDir("evaluate", corpusFile);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^JUDGE +ACCURACY .*\nrules .*\nalways "warning" .*\ncopy the label, else "error" /);
  expect(stdout).toMatch(/^EXPECTED +CRITICAL +ERROR +WARNING +INFO +NOISE +UNANSWERED$/m);
  expect(stdout).toMatch(/^Of 60 alerts with an injected text, \d+ are right and \d+ are too low\.$/m);
  expect(stdout).toMatch(/^Time per alert: p50 \d+ ms, p95 \d+ ms, longest \d+ ms$/m);
});

test("evaluate --limit --json scores the first alerts", async () => {
  const { stdout } = await inDir("evaluate", corpusFile, "--limit", "40", "--json");
  const { judges } = JSON.parse(stdout) as { judges: readonly { score: { alerts: number; answered: number } }[] };
  expect(judges.map(({ score }) => [score.alerts, score.answered])).toEqual([
    [40, 40],
    [40, 40],
    [40, 40],
  ]);
});

test("evaluate names the lines that it cannot read, and refuses values of options", async () => {
  writeFileSync(join(dir, "bad.jsonl"), '{"alert":{"labels":{"a":"b"}},"expected":"bad"}\nx\n');
  const { code, stderr } = await inDir("evaluate", "bad.jsonl");
  expect(code).toBe(1);
  expect(stderr).toMatch(/line 1\.expected: expected one of critical[^\n]*\n[^\n]*line 2: is not JSON/);
  for (const option of ["--limit", "--concurrency", "--timeout"])
    expect((await inDir("evaluate", corpusFile, option, "0")).code).toBe(2);
});

test("a model is asked after redaction, and its failure is exit code 1", async () => {
  await using server = await ModelServer.listen();
  const settings = `provider: llm, llm: { api: openai, baseUrl: "${server.baseUrl}", model: m-1 }`;
  writeFileSync(join(dir, "llm.yaml"), `classification: { ${settings} }`);
  const alert = '{"labels":{"alertname":"A"},"annotations":{"summary":"Ask jane.doe@example.com about p99"}}';
  const good = await runIn(dir, ["classify", "--config", "llm.yaml", "--show-prompt"], {}, alert);
  expect(good.code).toBe(0);
  expect(good.stdout).toContain("about p99");
  expect(good.stdout).not.toContain("jane.doe");
  expect(good.stdout).toMatch(/^tokens: \d+ in, \d+ out$/m);
  server.models.setScript(["server_error"]);
  const bad = await runIn(dir, ["classify", "--config", "llm.yaml"], {}, alert);
  expect([bad.code, bad.stdout]).toEqual([1, expect.stringMatching(/^openai m-1 gave no verdict: http_error/)]);
  const none = await inDir("evaluate", corpusFile, "--config", "llm.yaml", "--limit", "8");
  expect([none.code, none.stdout]).toEqual([1, expect.stringContaining("Without a verdict: http_error 8")]);
});
