import { type Endpoint, isBlank, type Labels, type Notification, TemplateContext } from "@tocsin/core";
import { relatedChangesIn } from "../shared/changes.ts";
import { webLinksOf } from "../shared/links.ts";
import { classificationBlocks } from "./classification-blocks.ts";
import { type Block, context, most, mrkdwn, section } from "./blocks.ts";
import { mrkdwnDate, mrkdwnLine, mrkdwnLink, mrkdwnText } from "./mrkdwn.ts";

/** The parts of the target that the message needs besides the alert. */
export type Wording = Pick<Endpoint, "metadata" | "template">;

/** The description, the classification, the fields and the related changes of an alert. */
export const detailsOf = (telling: Notification, wording: Wording): Block[] => [
  ...description(telling),
  ...classificationBlocks(telling),
  ...fields(telling, wording),
  ...recentChanges(telling),
];

export function linksOf(telling: Notification, { metadata }: Wording): Block[] {
  const all = webLinksOf(telling, metadata).map(({ href, text }) => mrkdwnLink(href, mrkdwnLine(text, most.fieldName)));
  const kept: string[] = [];
  // Escaping makes some texts longer.
  for (const one of all) if ([...kept, one].join(" · ").length <= most.text) kept.push(one);
  return kept.length === 0 ? [] : [section(kept.join(" · "))];
}

/** Left out if the headline has the same text. */
function description({ alert, summary }: Notification): Block[] {
  const text = alert.annotations["description"]?.trim() ?? "";
  return isBlank(text) || text === summary.trim() ? [] : [section(mrkdwnText(text, most.text))];
}

/** The labels that locate the problem; others follow while there is room. */
const telltale = "alertname cluster namespace service job instance node host pod container team environment".split(" ");
/** Labels that the headline and the target already show. */
const unsaid = new Set(["severity", "change_event", "severity_threshold", "runbook_base_url"]);

function fields({ alert, severity }: Notification, { metadata, template }: Wording): Block[] {
  const own = template.customDetails(new TemplateContext(alert, severity, metadata));
  const rows = [...entriesOf(own), ...labelsOf(alert.labels), ...entriesOf(metadata)];
  // The first field of a name is the configured one.
  const said = new Set(unsaid);
  const shown = rows.filter(([name, value]) => {
    const says = !said.has(name) && !isBlank(name) && !isBlank(value);
    said.add(name);
    return says;
  });
  if (shown.length === 0) return [];
  const texts = shown
    .slice(0, most.fields)
    .map(([name, value]) => `*${mrkdwnLine(name, most.fieldName)}*\n${mrkdwnText(value, most.fieldValue)}`);
  const left = shown.length - texts.length;
  return [{ type: "section", fields: texts.map(mrkdwn) }, ...(left > 0 ? [context(`and ${left} more`)] : [])];
}

/** Sorted, so that the order does not depend on the source. */
function labelsOf(labels: Labels): [name: string, value: string][] {
  const names = Object.keys(labels);
  const first = telltale.filter((name) => Object.hasOwn(labels, name));
  const others = names.filter((name) => !telltale.includes(name)).toSorted();
  return [...first, ...others].map((name) => [name, labels[name]!]);
}

const entriesOf = (details: Readonly<Record<string, unknown>>): [name: string, value: string][] =>
  Object.entries(details).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);

/** The changes that may have caused the problem. */
function recentChanges(telling: Notification): Block[] {
  const lines = relatedChangesIn(telling).map(({ summary, source, timestamp = "", link }) => {
    const at = mrkdwnDate(Date.parse(timestamp)) ?? timestamp;
    const text = mrkdwnLine(summary, most.fieldValue);
    return `• ${at} ${text} (${mrkdwnLine(source, most.fieldName)})${link === undefined ? "" : ` ${mrkdwnLink(link, "Link")}`}`;
  });
  // Few enough and short enough for one section, unless the links are long.
  const kept = lines.filter((_, index) => lines.slice(0, index + 1).join("\n").length <= most.text - most.fieldName);
  return kept.length === 0 ? [] : [section(`*Recent changes*\n${kept.join("\n")}`)];
}
