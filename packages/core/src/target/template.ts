import { Liquid, type Template as ParsedTemplate } from "liquidjs";
import { z } from "zod";
import type { Alert } from "../model/alert.ts";
import { isBlank } from "../model/blank.ts";
import { isoTime } from "../model/iso-time.ts";
import type { Severity } from "../model/severity.ts";
import { compiled } from "../schema/field.ts";

/** What a template may speak of. */
export interface TemplateContext {
  readonly alert: Alert;
  readonly severity: Severity;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Renders one field. Undefined: it failed or came out blank, so the field keeps its default. */
export type Render = (context: TemplateContext) => string | undefined;

/** The fields that a target can put into its own words, and what they say otherwise. */
const fieldDescriptions = {
  summary: "Title. Otherwise annotation `summary`, `description`, or `[alertname] on <instance|namespace>`.",
  source: "Where the problem is. Otherwise label `instance`, `node`, `host`, `pod`, `service`, `job`, or the sender.",
  severity: "Otherwise label `severity`, or `default_severity`. Filters look at those, not at this.",
  component: "Otherwise label `service`, `job`, `app` or `container`.",
  group: "Otherwise label `cluster` or `namespace`.",
  class: "Otherwise label `alertname`.",
  dedup_key: "Alerts with an equal key are one incident. Otherwise the fingerprint. Over 255 characters: its SHA-256.",
};
export type TemplateFieldName = keyof typeof fieldDescriptions;

/** Compiled templates of a target. */
export interface Template {
  readonly fields: Readonly<Partial<Record<TemplateFieldName, Render>>>;
  /** Each detail by itself: one that fails is left out. */
  readonly customDetails: (context: TemplateContext) => Readonly<Record<string, unknown>>;
  /** As written; an endpoint that outlives its target is rendered from this. */
  readonly texts: TemplateTexts;
}

/** Hostile or unlucky templates end here, not in the event loop. Characters, ms, and roughly characters made. */
const limits = { parseLimit: 10_000, renderLimit: 100, memoryLimit: 1_000_000 };

const liquid = new Liquid({
  ...limits,
  // Without this, a template could read files from the working directory.
  templates: {},
  ownPropertyOnly: true,
  strictFilters: true,
  strictVariables: true,
  lenientIf: true,
  timezoneOffset: 0,
  locale: "en-US",
});
for (const tag of ["include", "render", "layout", "block"]) delete liquid.tags[tag];

/**
 * Compiles a Liquid template (https://liquidjs.com) over `labels`, `annotations`, `alert_name`, `fingerprint`, `severity`,
 * `starts_at`, `generator_url`, `value_string` and `metadata`. A label that is missing makes the field fall back to its
 * default; `{{ labels.team | default: "nobody" }}` says otherwise.
 *
 * @throws Error with what is wrong, in one line
 */
export function compileTemplate(text: string): Render {
  const parsed = parse(text);
  return (context) => {
    try {
      const rendered = (liquid.renderSync(parsed, scopeOf(context)) as string).toWellFormed().trim();
      return isBlank(rendered) ? undefined : rendered;
    } catch {
      // Whatever a template does wrong costs its field, never the page.
      return undefined;
    }
  };
}

function parse(text: string): ParsedTemplate[] {
  try {
    return liquid.parse(text);
  } catch (error) {
    // Liquid goes on with an excerpt of the template.
    throw new Error((error as Error).message.split("\n")[0], { cause: error });
  }
}

function scopeOf({ alert, severity, metadata }: TemplateContext): object {
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    alert_name: alert.labels["alertname"],
    fingerprint: alert.fingerprint,
    severity,
    starts_at: isoTime(alert.startsAtMs),
    generator_url: alert.generatorURL,
    value_string: alert.valueString,
    metadata,
  };
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
const json: z.ZodType<Json> = z.json();

const templateText = compiled((text) => ({ text, render: compileTemplate(text) }));

/** The schema of `template`. */
export const templateSchema = z
  .strictObject({
    ...(Object.fromEntries(
      Object.entries(fieldDescriptions).map(([name, says]) => [name, templateText.optional().describe(says)]),
    ) as Record<TemplateFieldName, z.ZodOptional<typeof templateText>>),
    custom_details: z
      .record(z.string(), json)
      .transform((details, context) => {
        try {
          return { text: details, render: compileDetails(details) };
        } catch (error) {
          context.issues.push({ code: "custom", message: (error as Error).message, input: details });
          return z.NEVER;
        }
      })
      .optional()
      .describe("Added to the event's details; texts at any depth are templates."),
  })
  .transform(({ custom_details: details, ...fields }): Template => {
    const given = Object.entries(fields).flatMap(([name, field]) => (field ? [[name, field] as const] : []));
    return {
      fields: Object.fromEntries(given.map(([name, { render }]) => [name, render])),
      customDetails: details?.render ?? (() => ({})),
      texts: {
        ...Object.fromEntries(given.map(([name, { text }]) => [name, text])),
        ...(details && { custom_details: details.text }),
      },
    };
  });

export type TemplateTexts = z.input<typeof templateSchema>;

/** Compiles what a valid target was kept with. */
export const parseTemplate = (texts: TemplateTexts): Template => templateSchema.parse(texts);

type RenderJson = (context: TemplateContext) => unknown;

function compileDetails(details: Record<string, Json>): (context: TemplateContext) => Record<string, unknown> {
  const render = compileJson(details);
  return (context) => render(context) as Record<string, unknown>;
}

function compileJson(value: Json): RenderJson {
  if (typeof value === "string") return compileTemplate(value);
  if (typeof value !== "object" || value === null) return () => value;
  if (Array.isArray(value)) {
    const items = value.map(compileJson);
    return (context) => items.map((render) => render(context)).filter((item) => item !== undefined);
  }
  const entries = Object.entries(value).map(([key, inner]) => [key, compileJson(inner)] as const);
  return (context) =>
    Object.fromEntries(entries.map(([key, render]) => [key, render(context)]).filter(([, item]) => item !== undefined));
}
