import type { RuleSettings } from "../../classification/classification-settings.ts";

type BuiltInRule = RuleSettings & { readonly reasoning: string; readonly category: string };

const rule = (
  name: string,
  alertNames: string,
  severity: RuleSettings["severity"],
  { confidence = 0.8, reasoning, category }: { confidence?: number; reasoning: string; category: string },
): BuiltInRule => ({
  name,
  matchers: [`alertname=~"${alertNames}"`],
  severity,
  confidence,
  reasoning,
  category,
});

/**
 * The rules after those of the configuration; the first that matches wins. They know only whole names of alerts that many clusters
 * have, with the severity that their authors ship: kubernetes-mixin, and the mixins of etcd and Prometheus. A part of a name, such
 * as `Slow`, says too little: tried on alerts of other products, such rules were wrong more often than right.
 */
export const builtInRules: readonly BuiltInRule[] = [
  rule("always-firing", "Watchdog|DeadMansSwitch|InfoInhibitor", "noise", {
    confidence: 0.95,
    reasoning: "The alert always fires, to show that alerting works.",
    category: "monitoring",
  }),
  rule(
    "control-plane-down",
    "KubeAPIDown|KubeletDown|KubeSchedulerDown|KubeControllerManagerDown|KubeProxyDown|etcdInsufficientMembers|etcdNoLeader",
    "critical",
    { confidence: 0.9, reasoning: "A part of the control plane does not work.", category: "availability" },
  ),
  rule("volume-errors", "KubePersistentVolumeErrors", "critical", {
    reasoning: "A volume cannot be provided.",
    category: "storage",
  }),
  rule(
    "alerting-broken",
    "PrometheusBadConfig|PrometheusErrorSendingAlertsToAnyAlertmanager|PrometheusRuleFailures|AlertmanagerFailedReload|AlertmanagerClusterDown",
    "critical",
    { reasoning: "Other alerts may not arrive.", category: "monitoring" },
  ),
  rule(
    "workload-degraded",
    "KubePodCrashLooping|KubePodNotReady|KubeContainerWaiting|KubeDeploymentReplicasMismatch|KubeDeploymentRolloutStuck|KubeStatefulSetReplicasMismatch|KubeDaemonSetRolloutStuck|KubeJobFailed|KubeHpaMaxedOut",
    "warning",
    { reasoning: "A part of a workload does not run as it should.", category: "workload" },
  ),
  rule(
    "node-degraded",
    "KubeNodeNotReady|KubeNodeUnreachable|KubeNodeReadinessFlapping|NodeClockSkewDetected",
    "warning",
    {
      reasoning: "One node of the cluster is not well; its pods move to others.",
      category: "node",
    },
  ),
  rule("target-missing", "TargetDown", "warning", {
    reasoning: "Prometheus cannot read some targets.",
    category: "monitoring",
  }),
  rule("quota", "KubeQuotaAlmostFull|KubeQuotaFullyUsed|CPUThrottlingHigh", "info", {
    reasoning: "A limit that somebody set is reached.",
    category: "capacity",
  }),
];
