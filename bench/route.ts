// What does routing cost? 1,000 targets with 5 filters each, one alert: main-thread CPU, medians of interleaved rounds.
import { cpus } from "node:os";
import { type Alert, alertFingerprint, parseTarget, route, type Target } from "@tocsin/core";
import { targetTypes } from "@tocsin/publishers";

const targetCount = 1_000;
const rounds = 15;
const alertsPerRound = 50;

/** Five filters each; `i` makes patterns differ, so that no target profits from its neighbour. */
const variants: Record<string, (i: number) => object> = {
  "plain, all told": () => ({
    severity: ["critical", "error"],
    namespace: ["production", "shop"],
    labels: { team: "platform" },
    matchers: ['service=~"api|web"'],
    exclude_noise: true,
  }),
  "plain, one in ten told": (i) => ({
    severity: ["critical", "error"],
    namespace: ["production"],
    labels: { team: i % 10 === 0 ? "platform" : `team-${i}` },
    matchers: ['service=~"api|web"'],
    exclude_noise: true,
  }),
  "five patterns, all told": (i) => ({
    matchers: [
      'service=~"[a-z]+"',
      `instance=~"node-(\\\\d+|${i}x)"`,
      'team=~"plat(form)?"',
      'namespace!~"dev-[0-9]+"',
    ],
    alert_name_pattern: `^Kube[A-Z]|${i}`,
  }),
  "with a CEL condition each, all told": (i) => ({
    severity: ["critical", "error"],
    namespace: ["production"],
    labels: { team: "platform" },
    matchers: ['service=~"api|web"'],
    when: `labels.tier != 'dev-${i}'`,
  }),
  "with one CEL condition, all told": () => ({
    severity: ["critical", "error"],
    namespace: ["production"],
    labels: { team: "platform" },
    matchers: ['service=~"api|web"'],
    when: "labels.tier != 'dev' && annotations.summary.contains('restarting')",
  }),
};

function targetsOf(filters: (i: number) => object): Target[] {
  return Array.from({ length: targetCount }, (_, i) => {
    const input = { name: `t${i}`, type: "pagerduty", routing_key: "0".repeat(32), filters: filters(i) };
    const parsed = parseTarget(input, { types: targetTypes, readSecret: String });
    if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
    return parsed.target;
  });
}

function alertNumber(n: number): Alert {
  const labels = {
    alertname: "KubePodCrashLooping",
    severity: "critical",
    namespace: "production",
    team: "platform",
    service: "web",
    instance: `node-${n}`,
    pod: `web-${n}`,
  };
  return {
    fingerprint: alertFingerprint(labels),
    labels,
    annotations: { summary: "Pod is restarting" },
    startsAtMs: 0,
  };
}

const cpuMs = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const cases = Object.entries(variants).map(([name, filters]) => {
  const before = cpuMs();
  const targets = targetsOf(filters);
  return { name, targets, loadMs: cpuMs() - before, routeMs: [] as number[], told: 0 };
});

let n = 0;
for (let round = 0; round < rounds; round++) {
  for (const one of cases) {
    const alerts = Array.from({ length: alertsPerRound }, () => alertNumber(n++));
    const before = cpuMs();
    for (const alert of alerts) one.told = route(alert, one.targets).filter(({ send }) => send).length;
    one.routeMs.push((cpuMs() - before) / alertsPerRound);
  }
}

console.log(`${cpus()[0]!.model}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`);
console.log(`${targetCount} targets x 5 filters, median of ${rounds} rounds of ${alertsPerRound} alerts\n`);
console.log("| filters | told | load, ms CPU | route one alert, ms CPU |\n| --- | --- | --- | --- |");
for (const { name, told, loadMs, routeMs } of cases) {
  console.log(`| ${name} | ${told} | ${loadMs.toFixed(0)} | ${median(routeMs).toFixed(3)} |`);
}
