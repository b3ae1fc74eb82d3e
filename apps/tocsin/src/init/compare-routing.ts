import { labelSeverity, parseTarget, route, type Target } from "@tocsin/core";
import { targetTypes } from "@tocsin/publishers";
import { parse } from "yaml";
import type { ConvertedTarget } from "./convert-alertmanager.ts";
import type { AlertmanagerFile } from "./read-alertmanager-file.ts";
import { settingsIn } from "./read-alertmanager-file.ts";
import { type LabelSet, routesOf } from "./routes-of.ts";
import { sampleLabels } from "./sample-labels.ts";

/** One alert that the two configurations do not send to the same receivers. */
export interface Difference {
  readonly labels: LabelSet;
  readonly receivers: readonly string[];
}

export interface Comparison {
  readonly tried: number;
  /** Criticals that Alertmanager sends to these receivers, and no target receives. */
  readonly lostCriticals: readonly Difference[];
  /** Alerts of which these receivers are carried over, but their targets do not receive exactly what the receiver does. */
  readonly differences: readonly Difference[];
  readonly untried: readonly string[];
  /** Mistakes of the written targets, which make them invalid. */
  readonly invalid: readonly string[];
}

/**
 * Sends sample alerts through Alertmanager's tree and through the filters of the written configuration, by the code that routes in
 * the service.
 */
export function compareRouting(
  file: AlertmanagerFile,
  { configuration, converted }: { readonly configuration: string; readonly converted: readonly ConvertedTarget[] },
): Comparison {
  const { targets, invalid } = targetsIn(configuration);
  const reach = reachedReceivers(targets, converted);
  const { labelSets, untried } = sampleLabels(file.root);
  const carried = new Set(converted.map(({ receiver }) => receiver));
  const lostCriticals: Difference[] = [];
  const differences: Difference[] = [];
  for (const labels of labelSets) {
    const old = receiversOf(file, labels);
    const { receivers: now, twice } = reach(labels);
    const isCritical = labelSeverity((name) => labels[name] ?? "") === "critical";
    if (isCritical && old.size > 0 && now.size === 0) lostCriticals.push({ labels, receivers: [...old] });
    const expected = new Set([...old].filter((name) => carried.has(name)));
    const unequal = [
      ...[...expected].filter((name) => !now.has(name)),
      ...[...now].filter((name) => !expected.has(name)),
      ...twice,
    ];
    if (unequal.length > 0) differences.push({ labels, receivers: [...new Set(unequal)] });
  }
  return { tried: labelSets.length, lostCriticals, differences, untried, invalid };
}

/** The receivers with an integration that Alertmanager notifies. */
const receiversOf = (file: AlertmanagerFile, labels: LabelSet): Set<string> =>
  new Set(
    routesOf(file.root, labels)
      .map(({ receiver }) => receiver)
      .filter((name) => file.receivers.get(name)!.integrations.length > 0),
  );

/** Returns which receivers' targets an alert reaches. A receiver is in `twice` if an integration of it would send twice, or if one would not send. */
function reachedReceivers(targets: readonly Target[], converted: readonly ConvertedTarget[]) {
  const byName = new Map(converted.map((one) => [one.name, one]));
  const integrations = Map.groupBy(converted, ({ receiver }) => receiver);
  return (labels: LabelSet) => {
    const alert = { fingerprint: "0000000000000000", labels, annotations: {}, startsAtMs: 0 };
    const reached = route(alert, targets).flatMap(({ target, send }) => (send ? [byName.get(target)!] : []));
    const groups = Map.groupBy(reached, ({ receiver }) => receiver);
    const uneven = [...groups].filter(([receiver, some]) => {
      const distinct = new Set(some.map(({ integration }) => integration)).size;
      const all = new Set(integrations.get(receiver)!.map(({ integration }) => integration)).size;
      return distinct !== some.length || distinct !== all;
    });
    return { receivers: new Set(groups.keys()), twice: uneven.map(([receiver]) => receiver) };
  };
}

/** Well-formed credentials: the real ones may be on another machine, and routing does not need them. */
const placeholders: Readonly<Record<string, unknown>> = {
  routing_key: "0".repeat(32),
  webhook_url: "https://hooks.slack.com/services/T0/B0/X",
  bot_token: "xoxb-0000000000",
  headers: undefined,
};

function targetsIn(configuration: string): { targets: Target[]; invalid: string[] } {
  const { targets: written = [] } = parse(configuration) as { targets?: unknown[] };
  const targets: Target[] = [];
  const invalid: string[] = [];
  for (const [index, input] of written.entries()) {
    const fields = Object.entries(settingsIn(input)).map(([key, value]) => [
      key,
      key in placeholders ? placeholders[key] : value,
    ]);
    const parsed = parseTarget(Object.fromEntries(fields.filter(([, value]) => value !== undefined)), {
      types: targetTypes,
      readSecret: () => "placeholder",
      path: `targets[${index}]`,
    });
    if ("target" in parsed) targets.push(parsed.target);
    else invalid.push(...parsed.issues.map(({ path, message }) => `${path}: ${message}`));
  }
  return { targets, invalid };
}
