import { type IncidentView, type Severity, severityRank } from "@tocsin/core/decisions";
import { alertIn } from "../kit/claims.ts";
import { labelOf, weighed } from "./classifier-plan.ts";
import { type Cluster, labelled } from "./cluster.ts";

/**
 * Nothing waits for a verdict longer than its budget, and no resolve waits. Nothing is suppressed whose label says critical, and
 * nothing at all without `exclude_noise`.
 */
export function waits({ scenario, stepChecks, alerts }: Cluster, views: readonly IncidentView[]): void {
  const { classification: plan } = scenario;
  const isCritical = new Set(
    [...alerts]
      .map(labelled)
      .filter((alert) => labelOf(alert) === "critical")
      .map(({ fingerprint }) => fingerprint),
  );
  for (const { incident, state, reason } of views) {
    const { id, verdictUntilMs, acceptedAtMs, wanted, members } = incident;
    const what = `incident ${id} (${incident.dedupKey} at ${incident.target})`;
    if (state === "candidate") {
      const names = members.map(({ fingerprint }) => fingerprint);
      const budgetMs = names.some((name) => isCritical.has(name)) ? plan?.criticalMs : plan?.otherMs;
      const waitedMs = (verdictUntilMs ?? Number.POSITIVE_INFINITY) - acceptedAtMs;
      if (waitedMs > (budgetMs ?? 0)) stepChecks.violate("wait", `${what} waits ${waitedMs} ms for a verdict`);
      if (wanted.status === "resolved") stepChecks.violate("wait", `${what} waits with its resolve`);
    }
    if (reason !== "suppressed_noise") continue;
    if (plan?.excludeNoise !== true) stepChecks.violate("noise", `${what} was suppressed without exclude_noise`);
    const critical = members.find(({ fingerprint }) => isCritical.has(fingerprint));
    if (critical) stepChecks.violate("noise", `${what} was suppressed, although ${critical.fingerprint} is critical`);
  }
}

/** A page of one alert is never less severe than the rules allow, whatever the model said. */
export function severitiesOfPages({ network, scenario, stepChecks }: Cluster): void {
  const { classification: plan } = scenario;
  if (!plan) return;
  const grouped = new Set(scenario.targets.filter((target) => target.grouped).map(({ name }) => name));
  for (const { lease } of network.passages) {
    if (lease.action !== "trigger" || grouped.has(lease.target)) continue;
    const label = labelOf(alertIn(lease));
    const lowest = lowestOf(label, plan);
    if (severityRank(lease.severity) > severityRank(lowest))
      stepChecks.violate(
        "severity",
        `${lease.dedupKey} at ${lease.target} (token ${lease.token}) is sent as ${lease.severity}, its label says ${label}`,
      );
  }
}

function lowestOf(label: Severity | undefined, { apply, floor }: NonNullable<Cluster["scenario"]["classification"]>) {
  if (label === "critical") return apply === "fill" ? label : floor;
  return apply === "fill" ? (label ?? "info") : "info";
}

/** Alerts whose verdict may suppress them. Never one whose label says critical, and none without `exclude_noise`, whatever the engine decides. */
export async function suppressedAlerts({ ledgerHost, scenario, alerts }: Cluster): Promise<ReadonlySet<string>> {
  const suppressed = new Set<string>();
  const { classification: plan } = scenario;
  if (!plan?.excludeNoise) return suppressed;
  for (const alert of alerts) {
    if (labelOf(labelled(alert)) === "critical") continue;
    const view = await ledgerHost.direct.alert(alert.name);
    const effect = view && weighed(plan, labelled(alert), view.classification?.verdict).effect;
    if (effect === "suppressed") suppressed.add(alert.name);
  }
  return suppressed;
}
