import type { metricQuestions } from "../apps/tocsin/src/telemetry/metric-questions.ts";

/** One panel of the dashboard. */
export interface DashboardPanel {
  readonly title: string;
  /** The question that the panel answers: its action is the panel's description. */
  readonly question: keyof typeof metricQuestions;
  /** The question's queries that the panel shows, by index, with their legends. */
  readonly legends: Readonly<Record<number, string>>;
  /** A unit of Grafana: https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts */
  readonly unit: string;
  /** A value from which on the panel is red, or below which if `redBelow`. */
  readonly limit?: number;
  readonly redBelow?: boolean;
  /** For series that are states: the text and colour of each value. Absent: a graph. */
  readonly states?: Readonly<Record<number, readonly [text: string, color: string]>>;
}

const refusing = { 1: ["accepts nothing", "red"] } as const;

/** All panels, two in a row, the most urgent ones first. */
export const dashboardPanels: readonly DashboardPanel[] = [
  {
    title: "Criticals delivered within a minute (objective 99 %)",
    question: "timeToDelivery",
    legends: { 1: "last hour" },
    unit: "percentunit",
    limit: 0.99,
    redBelow: true,
  },
  {
    title: "Oldest due critical",
    question: "oldestDueCritical",
    legends: { 0: "{{target}}" },
    unit: "s",
    limit: 120,
  },
  {
    title: "Time to delivery by severity (p95)",
    question: "timeToDelivery",
    legends: { 0: "{{severity}}" },
    unit: "s",
    limit: 60,
  },
  { title: "Incidents by state", question: "incidents", legends: { 0: "{{state}}" }, unit: "short" },
  { title: "Attempts by outcome", question: "errorRate", legends: { 3: "{{outcome}} {{reason}}" }, unit: "reqps" },
  { title: "Failed attempts by target", question: "errorRate", legends: { 2: "{{target}}" }, unit: "percentunit" },
  {
    title: "Targets that accept nothing",
    question: "targetsThatAcceptNothing",
    legends: { 0: "{{target}}: {{state}}" },
    unit: "short",
    states: refusing,
  },
  {
    title: "Breakers that are not closed",
    question: "targetsThatAcceptNothing",
    legends: { 1: "{{target}}" },
    unit: "short",
    states: { 1: ["half open", "orange"], 2: ["open", "red"] },
  },
  { title: "Dead letters", question: "incidents", legends: { 2: "{{target}}: {{reason}}" }, unit: "short", limit: 1 },
  { title: "Events that wait", question: "incidents", legends: { 1: "{{target}}" }, unit: "short" },
  {
    title: "Limiter headroom (of 120 in a minute)",
    question: "limiterHeadroom",
    legends: { 0: "{{target}}" },
    unit: "short",
    limit: 24,
    redBelow: true,
  },
  { title: "Waits at the limiter (p95)", question: "limiterHeadroom", legends: { 1: "{{target}}" }, unit: "s" },
  {
    title: "Alerts received",
    question: "eventRate",
    legends: { 1: "{{status}}" },
    unit: "cps",
  },
  {
    title: "Refused requests and rejected alerts",
    question: "refusals",
    legends: { 0: "requests: {{reason}}", 1: "alerts: {{source}} {{status}}" },
    unit: "cps",
  },
  {
    title: "Expected sources that are silent",
    question: "refusals",
    legends: { 2: "{{source}}" },
    unit: "short",
    states: { 1: ["silent", "red"] },
  },
  {
    title: "Canaries that failed",
    question: "confirmation",
    legends: { 0: "{{target}}" },
    unit: "short",
    states: { 0: ["failed", "red"] },
  },
  {
    title: "Time until a receiver confirms an incident (p95)",
    question: "confirmation",
    legends: { 1: "{{target}}" },
    unit: "s",
  },
  {
    title: "Events that PagerDuty accepted",
    question: "eventRate",
    legends: { 0: "{{publisher}}: {{event_type}}" },
    unit: "cps",
  },
  { title: "PagerDuty's API latency (p95)", question: "apiLatency", legends: { 0: "p95" }, unit: "s", limit: 5 },
  {
    title: "Time until an alert is on disk (p99)",
    question: "ledgerCommits",
    legends: { 0: "p99" },
    unit: "s",
    limit: 0.5,
  },
  { title: "Delay of the event loop", question: "load", legends: { 1: "{{instance}}" }, unit: "s", limit: 0.5 },
  {
    title: "Places of targets and rollouts that cannot be read",
    question: "configurationAndDiscovery",
    legends: { 1: "{{source}}: {{where}}", 3: "rollouts: {{where}} {{kind}}" },
    unit: "short",
    states: { 1: ["stale", "red"] },
  },
  {
    title: "Replicas with mistakes in their configuration",
    question: "configurationAndDiscovery",
    legends: { 0: "{{instance}}" },
    unit: "short",
    states: { 0: ["reload failed", "red"] },
  },
  { title: "CPU", question: "load", legends: { 0: "{{instance}}" }, unit: "none" },
  { title: "Resident memory", question: "load", legends: { 2: "{{instance}}" }, unit: "bytes" },
];
