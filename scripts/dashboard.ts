import {
  type Dashboard,
  DashboardCursorSync,
  type DataQuery,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  MappingType,
  type Panel,
  SortOrder,
  ThresholdsMode,
  TooltipDisplayMode,
  type ValueMapping,
  VariableRefresh,
  VisibilityMode,
} from "@grafana/schema";
import type * as stateTimeline from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as timeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import { metricQuestions, type MetricQuestion } from "../apps/tocsin/src/telemetry/metric-questions.ts";
import { registeredMetrics } from "../apps/tocsin/src/telemetry/metrics-page.ts";
import { type DashboardPanel, dashboardPanels } from "./dashboard-panels.ts";

interface PrometheusQuery extends DataQuery {
  readonly expr: string;
  readonly legendFormat: string;
}

/** The data source that the reader chooses, so that the file fits every Grafana. */
const datasource = { type: "prometheus", uid: "${datasource}" };

/** The labels by which the variable `target` selects series. */
const targetLabels = ["target", "publisher"];

const selectorsOf = new Map(
  registeredMetrics().flatMap(({ name, kind, labelNames }) => {
    const label = labelNames.find((one) => targetLabels.includes(one));
    const selectors = ['job=~"$job"', ...(label === undefined ? [] : [`${label}=~"$target"`])].join(",");
    const suffixes = kind === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    return suffixes.map((suffix) => [name + suffix, selectors] as const);
  }),
);

/** Adds selectors for the jobs and targets that the reader has chosen. */
const forChosen = (query: string): string =>
  query.replace(/\b([a-z]\w*)\b(?:\{([^}]*)\})?/g, (found: string, name: string, selectors: string | undefined) => {
    const chosen = selectorsOf.get(name);
    if (chosen === undefined) return found;
    return `${name}{${selectors === undefined ? "" : `${selectors},`}${chosen}}`;
  });

/** Grafana does not know the addresses of our pages. */
const withoutLinks = (markdown: string): string => markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, "docs/$1");

function descriptionOf({ reading, action }: MetricQuestion): string {
  return withoutLinks([...(reading === undefined ? [] : [reading]), `**Action:** ${action}`].join("\n\n"));
}

const queriesOf = ({ question, legends }: DashboardPanel): PrometheusQuery[] =>
  Object.entries(legends).map(([index, legendFormat]) => {
    const query = metricQuestions[question].queries[Number(index)];
    if (query === undefined) throw new Error(`The question ${question} has no query ${index}`);
    return { refId: String.fromCharCode(65 + Number(index)), datasource, expr: forChosen(query), legendFormat };
  });

function thresholdsOf({ limit, redBelow = false }: DashboardPanel) {
  const [lower, upper] = redBelow ? ["red", "green"] : ["green", "red"];
  const steps =
    limit === undefined
      ? [{ color: "green", value: null }]
      : [
          { color: lower, value: null },
          { color: upper, value: limit },
        ];
  return { mode: ThresholdsMode.Absolute, steps };
}

const mappingsOf = (states: NonNullable<DashboardPanel["states"]>): ValueMapping[] => [
  {
    type: MappingType.ValueToText,
    options: Object.fromEntries(Object.entries(states).map(([value, [text, color]]) => [value, { text, color }])),
  },
];

const legend = { displayMode: LegendDisplayMode.List, placement: "bottom", showLegend: true, calcs: [] } as const;
const tooltip = { mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending };

/** The part of a panel that depends on its kind: a graph, or a line of states for each series. */
function kindOf(panel: DashboardPanel): Pick<Panel, "type" | "fieldConfig" | "options"> {
  const { unit, limit, states } = panel;
  if (states === undefined) {
    const custom: timeSeries.FieldConfig = {
      fillOpacity: 10,
      showPoints: VisibilityMode.Auto,
      ...(limit !== undefined && { thresholdsStyle: { mode: GraphThresholdsStyleMode.Dashed } }),
    };
    const options: timeSeries.Options = { legend: { ...legend, calcs: [] }, tooltip };
    return {
      type: "timeseries",
      fieldConfig: {
        defaults: { unit, min: 0, thresholds: thresholdsOf(panel), custom: { ...custom } },
        overrides: [],
      },
      options: { ...options },
    };
  }
  const options: stateTimeline.Options = {
    legend: { ...legend, showLegend: false, calcs: [] },
    tooltip,
    rowHeight: 0.9,
    showValue: VisibilityMode.Auto,
  };
  return {
    type: "state-timeline",
    fieldConfig: { defaults: { unit, mappings: mappingsOf(states), noValue: "none", custom: {} }, overrides: [] },
    options: { ...options },
  };
}

const width = 12;
const height = 8;

const variable = (name: string, label: string, query: string) =>
  ({
    name,
    label,
    type: "query",
    datasource,
    query: { query, refId: name },
    refresh: VariableRefresh.onTimeRangeChanged,
    includeAll: true,
    allValue: ".*",
    multi: true,
    current: { text: "All", value: "$__all" },
  }) as const;

/** The dashboard of `deploy/grafana/tocsin.json`. */
export const dashboard: Dashboard = {
  uid: "tocsin",
  title: "Tocsin",
  description: "Delivery of alerts by Tocsin. docs/runbooks.md describes the alerts, docs/metrics.md the metrics.",
  tags: ["tocsin", "alerting"],
  schemaVersion: 39,
  version: 1,
  editable: true,
  graphTooltip: DashboardCursorSync.Crosshair,
  refresh: "30s",
  time: { from: "now-6h", to: "now" },
  timezone: "browser",
  templating: {
    list: [
      { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
      variable("job", "Job", "label_values(tocsin_build_info, job)"),
      variable("target", "Target", 'label_values(tocsin_attempts_total{job=~"$job"}, target)'),
    ],
  },
  panels: dashboardPanels.map((panel, index): Panel => {
    const column = index % 2;
    return {
      id: index + 1,
      title: panel.title,
      description: descriptionOf(metricQuestions[panel.question]),
      datasource,
      gridPos: { x: column * width, y: ((index - column) / 2) * height, w: width, h: height },
      ...kindOf(panel),
      targets: queriesOf(panel).map((query) => ({ ...query })),
    };
  }),
};
