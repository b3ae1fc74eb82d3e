import type { RuleSettings } from "../../classification/classification-settings.ts";

type BuiltInRule = RuleSettings & { readonly reasoning: string; readonly category: string };

const rule = (
  name: string,
  matcher: string,
  severity: RuleSettings["severity"],
  { confidence = 0.8, reasoning, category }: { confidence?: number; reasoning: string; category: string },
): BuiltInRule => ({ name, matchers: [matcher], severity, confidence, reasoning, category });

/** The rules after those of the configuration; the first that matches wins. The documented table is generated from this one. */
export const builtInRules: readonly BuiltInRule[] = [
  rule("watchdog", 'alertname=~"Watchdog|DeadMansSwitch|InfoInhibitor"', "noise", {
    confidence: 0.95,
    reasoning: "The alert always fires, to show that alerting works.",
    category: "monitoring",
  }),
  rule("node-down", 'alertname=~"KubeNodeNotReady|KubeNodeUnreachable|NodeDown|HostDown|InstanceDown"', "critical", {
    reasoning: "A machine or an instance does not answer.",
    category: "availability",
  }),
  rule(
    "control-plane-down",
    'alertname=~"Kube(API|Controller|Scheduler|ControllerManager|Proxy|let)\\\\w*Down|etcd(NoLeader|MembersDown|InsufficientMembers)"',
    "critical",
    {
      reasoning: "A part of the control plane is down.",
      category: "availability",
    },
  ),
  rule("disk-full", 'alertname=~".*(DiskFull|FilesystemAlmostOutOfSpace|OutOfDiskSpace|VolumeFull).*"', "error", {
    reasoning: "A disk is full or nearly full: writes fail soon.",
    category: "capacity",
  }),
  rule("data-loss", 'alertname=~".*(DataLoss|Corrupt|BackupFailed|ReplicationBroken).*"', "error", {
    reasoning: "Data may be lost.",
    category: "data",
  }),
  rule("crash-loop", 'alertname=~".*(CrashLoop|OOMKill|ContainerOom|PodRestart).*"', "error", {
    reasoning: "A container ends again and again.",
    category: "availability",
  }),
  rule("backup", 'alertname=~".*(Backup|Snapshot).*(Fail|Missing|TooOld|Stale).*"', "error", {
    reasoning: "There may be no recent backup.",
    category: "data",
  }),
  rule("replication", 'alertname=~".*Repl(ica|ication).*(Broken|Stopped|Error|NotRunning).*"', "error", {
    reasoning: "A replica no longer follows.",
    category: "data",
  }),
  rule("error-budget", 'alertname=~".*(ErrorBudgetBurn|SLOBurn|SloBreach).*"', "error", {
    reasoning: "The error budget is used up fast.",
    category: "availability",
  }),
  rule("error-rate", 'alertname=~".*(ErrorRate|ErrorsHigh|HighErrors|5xx).*"', "error", {
    confidence: 0.7,
    reasoning: "Many requests fail.",
    category: "errors",
  }),
  rule(
    "deployment",
    'alertname=~"Kube(Deployment|StatefulSet|DaemonSet)\\\\w*(Mismatch|Stuck|NotScheduled|MisScheduled)"',
    "warning",
    {
      reasoning: "A rollout does not finish.",
      category: "deployment",
    },
  ),
  rule("job-failed", 'alertname=~".*(Job|CronJob|Pipeline|Build)(Fail|Failed|Failing|Failure)"', "warning", {
    reasoning: "A job failed; it may be run again.",
    category: "deployment",
  }),
  rule("clock", 'alertname=~".*Clock(Skew|NotSynchroni[sz]ing).*"', "warning", {
    reasoning: "A clock is wrong: certificates and logs depend on it.",
    category: "time",
  }),
  rule("raid", 'alertname=~".*(Raid|RAID|Smart|SMART|DiskFailure).*"', "warning", {
    reasoning: "A disk fails or failed.",
    category: "hardware",
  }),
  rule("target-missing", 'alertname="TargetDown"', "warning", {
    reasoning: "Prometheus cannot read some targets.",
    category: "monitoring",
  }),
  rule("down", 'alertname=~".*(Down|Unavailable|Unreachable|Outage|Absent)"', "error", {
    confidence: 0.7,
    reasoning: "The name of the alert says that something is not available.",
    category: "availability",
  }),
  rule("certificate", 'alertname=~".*(Cert|Certificate)\\\\w*(Expir|Renew)\\\\w*"', "warning", {
    reasoning: "A certificate expires soon.",
    category: "security",
  }),
  rule(
    "capacity",
    'alertname=~".*(HighCPU|CPUThrottling|HighMemory|MemoryPressure|DiskPressure|FillingUp|QuotaAlmostFull|Overcommit).*"',
    "warning",
    {
      reasoning: "A resource becomes scarce.",
      category: "capacity",
    },
  ),
  rule("latency", 'alertname=~".*(Latency|Slow|Lag|Backlog).*"', "warning", {
    confidence: 0.7,
    reasoning: "Something is slow or falls behind.",
    category: "performance",
  }),
  rule("config", 'alertname=~".*(ConfigReloadFail|ConfigInvalid|ConfigDrift|OutOfSync).*"', "warning", {
    reasoning: "What runs differs from what is configured.",
    category: "configuration",
  }),
  rule("test", 'alertname=~"(Test|Dummy|Example)(Alert)?"', "noise", {
    reasoning: "The name says that it is a test.",
    category: "monitoring",
  }),
];
