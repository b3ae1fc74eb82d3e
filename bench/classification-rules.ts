// What do the rules of the classification cost? The built-in table over the corpus of alerts: main-thread CPU per alert.
import { cpus } from "node:os";
import type { Alert } from "@tocsin/core";
import { RulesClassifier } from "../apps/tocsin/src/classifiers/rules/rules-classifier.ts";
import { corpus } from "../test/kit/corpus.ts";

const rounds = 40;
/** A verdict of the rules may take this long, µs CPU: it is given while a request waits. */
const most = 20;

const cpuUs = () => {
  const { user, system } = process.threadCpuUsage();
  return user + system;
};

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const alerts = corpus().map(({ alert }) => alert);
const conditions = Array.from({ length: 10 }, (_, i) => ({
  name: `team ${i}`,
  when: `labels.team == "team-${i}" && severity == ""`,
  severity: "info" as const,
  confidence: 0.9,
}));
/** Patterns remember the texts that they were tried on, so this asks about new ones each time. */
const unseen = "the built-in table, names never seen before";
const renamed = (alert: Alert, round: number): Alert => ({
  ...alert,
  labels: { ...alert.labels, alertname: `${alert.labels["alertname"]}${round}` },
});
const cases = Object.entries({
  "the built-in table": new RulesClassifier(),
  [unseen]: new RulesClassifier(),
  "ten rules with a CEL condition, and the table": new RulesClassifier(conditions),
}).map(([name, rules]) => ({ name, rules, us: [] as number[], matched: 0 }));

for (let round = 0; round < rounds; round++)
  for (const one of cases) {
    const asked = one.name === unseen ? alerts.map((alert) => renamed(alert, round)) : alerts;
    const before = cpuUs();
    one.matched = asked.filter((alert) => one.rules.verdictNow(alert) !== undefined).length;
    one.us.push((cpuUs() - before) / asked.length);
  }

console.log(`${cpus()[0]!.model}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`);
console.log(`${alerts.length} alerts of the corpus, median of ${rounds} rounds\n`);
console.log("| rules | match | µs CPU per alert |\n| --- | ---: | ---: |");
for (const { name, matched, us } of cases) console.log(`| ${name} | ${matched} | ${median(us).toFixed(1)} |`);
if (cases.some(({ us }) => median(us) > most)) {
  console.error(`The rules take more than ${most} µs per alert.`);
  process.exitCode = 1;
}
