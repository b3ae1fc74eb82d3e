import type { Template as ParsedTemplate } from "liquidjs";
import { z } from "zod";
import type { Alert } from "../alerts/alert.ts";
import { isBlank } from "../schema/is-blank.ts";
import { isoTime } from "../schema/iso-time.ts";
import type { Severity } from "../alerts/severity.ts";
import { compiledField } from "../schema/field.ts";
import { liquidFilters, liquidTags, refuseGoTemplate } from "./go-template.ts";
import { steppedLiquid, StepBudget, SteppedContext, StepPool, stepsPerRoute } from "./stepped-liquid.ts";

/** The values that the templates of one event can read, and the steps that they may take in total. */
export class TemplateContext {
  readonly alert: Alert;
  readonly severity: Severity;
  readonly metadata: Readonly<Record<string, unknown>>;
  #variables: object | undefined;
  #steps: StepBudget | undefined;
  readonly #pool: StepPool | undefined;

  /** @param pool shared by all targets while an alert is routed; absent: the templates render an event */
  constructor(alert: Alert, severity: Severity, metadata: Readonly<Record<string, unknown>>, pool?: StepPool) {
    this.#pool = pool;
    this.alert = alert;
    this.severity = severity;
    this.metadata = metadata;
  }

  get variables(): object {
    const { alert, severity, metadata } = this;
    return (this.#variables ??= {
      labels: alert.labels,
      annotations: alert.annotations,
      alert_name: alert.labels["alertname"],
      fingerprint: alert.fingerprint,
      severity,
      starts_at: isoTime(alert.startsAtMs),
      generator_url: alert.generatorURL,
      value_string: alert.valueString,
      metadata,
    });
  }

  get steps(): StepBudget {
    return (this.#steps ??= this.#pool ? new StepBudget(stepsPerRoute, this.#pool) : new StepBudget());
  }
}

/** Renders one field. Undefined: the template failed or its result is blank, so the field keeps its default. */
export type Render = (context: TemplateContext) => string | undefined;

/** The fields that a target can set with templates, and their defaults. */
const fieldDescriptions = {
  summary:
    "Title of the event. Otherwise annotation `summary`, `description`, or `[alertname] on <instance|namespace>`.",
  source:
    "Location of the problem. Otherwise label `instance`, `node`, `host`, `pod`, `service`, `job`, or the sender.",
  severity: "Otherwise label `severity`, or `default_severity`. Filters use those, not this template.",
  component: "Otherwise label `service`, `job`, `app` or `container`.",
  group: "Otherwise label `cluster` or `namespace`.",
  class: "Otherwise label `alertname`.",
  dedup_key: "Alerts with an equal key are one incident. Otherwise the fingerprint. Over 255 characters: its SHA-256.",
};
export type TemplateFieldName = keyof typeof fieldDescriptions;

/** Compiled templates of a target. */
export interface Template {
  readonly fields: Readonly<Partial<Record<TemplateFieldName, Render>>>;
  /** Each detail is rendered independently. One that fails is left out. */
  readonly customDetails: (context: TemplateContext) => Readonly<Record<string, unknown>>;
  /** As the user wrote them. An endpoint that is kept after its target was removed is rendered from them. */
  readonly texts: TemplateTexts;
}

/** In characters. */
const maxTemplateLength = 10_000;

/** Limits for all templates in `custom_details` together. Texts without Liquid markup are not counted. */
const maxDetails = { templates: 100, characters: 20_000 };

/**
 * Compiles a Liquid template (https://liquidjs.com) over `labels`, `annotations`, `alert_name`, `fingerprint`, `severity`,
 * `starts_at`, `generator_url`, `value_string` and `metadata`. If a label is missing, the field keeps its default, unless the
 * template has a fallback such as `{{ labels.team | default: "none" }}`. After the templates of an event have used up their
 * steps, the remaining fields keep their defaults.
 *
 * @throws Error with a message of one line that names the mistake
 */
export function compileTemplate(text: string): Render {
  const render = compileText(text);
  if (!isTemplate(text)) return constant(text);
  return ({ variables, steps }) => {
    try {
      return render(variables, steps);
    } catch {
      // If a template fails, its field keeps its default. The page is still sent.
      return undefined;
    }
  };
}

/**
 * Compiles a Liquid template over any variables. The result renders it within a budget of steps, and returns undefined for a blank
 * text. It throws an Error if the template reads a value that is missing, or takes too many steps.
 *
 * @throws Error with a message of one line that names the mistake
 */
export function compileText(text: string): (variables: object, steps: StepBudget) => string | undefined {
  if (text.length > maxTemplateLength) throw new Error(`longer than ${maxTemplateLength} characters`);
  const parsed = parse(text);
  return (variables, steps) => shown(steppedLiquid.renderSync(parsed, new SteppedContext(variables, steps)) as string);
}

const isTemplate = (text: string): boolean => text.includes("{{") || text.includes("{%");

function constant(text: string): () => string | undefined {
  const rendered = shown(text);
  return () => rendered;
}

function shown(rendered: string): string | undefined {
  const text = rendered.toWellFormed().trim();
  return isBlank(text) ? undefined : text;
}

function parse(text: string): ParsedTemplate[] {
  try {
    refuseGoTemplate(text);
    return steppedLiquid.parse(text);
  } catch (error) {
    throw new Error(explain(error as Error), { cause: error });
  }
}

/** The first line of the library's message, which continues with an excerpt of the template, and a replacement for Go's names. */
function explain({ message }: Error): string {
  const line = message.split("\n")[0]!;
  const [, kind, name = ""] = /^(undefined filter: |tag ")(\w+)/.exec(line) ?? [];
  const known = kind === 'tag "' ? liquidTags : liquidFilters;
  return Object.hasOwn(known, name) ? `${line}; write ${known[name]}` : line;
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
const json: z.ZodType<Json> = z.json();

const templateText = compiledField((text) => ({ text, render: compileTemplate(text) }));

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
          return { text: details, render: compileDetails(details, compileTemplate) };
        } catch (error) {
          context.issues.push({ code: "custom", message: (error as Error).message, input: details });
          return z.NEVER;
        }
      })
      .optional()
      .describe(`Added to the event's details. Texts at any depth are templates, at most ${maxDetails.templates}.`),
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

/**
 * Compiles the templates of an endpoint that was kept for an open incident. If this version refuses a field's template that an
 * earlier version accepted, the field keeps its default: the incident must still be resolved.
 */
export function parseTemplate(texts: TemplateTexts): Template {
  const valid = Object.entries(texts).filter(([name, text]) => templateSchema.safeParse({ [name]: text }).success);
  return { ...templateSchema.parse(Object.fromEntries(valid)), texts };
}

type RenderJson<Context> = (context: Context) => unknown;

/**
 * Compiles details whose texts, at any depth, are templates. A text that renders to undefined is left out.
 *
 * @throws Error with a message of one line if there are too many templates, or one of them is wrong
 */
export function compileDetails<Context>(
  details: Record<string, Json>,
  compile: (text: string) => RenderJson<Context>,
): (context: Context) => Record<string, unknown> {
  const templates = templatesIn(details);
  if (templates.length > maxDetails.templates) {
    throw new Error(`contains ${templates.length} templates; at most ${maxDetails.templates} are allowed`);
  }
  const characters = templates.reduce((sum, text) => sum + text.length, 0);
  if (characters > maxDetails.characters) {
    throw new Error(`contains templates of ${characters} characters; at most ${maxDetails.characters} are allowed`);
  }
  const render = compileJson(details, compile);
  return (context) => render(context) as Record<string, unknown>;
}

function templatesIn(value: Json): string[] {
  if (typeof value === "string") return isTemplate(value) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(templatesIn) : [];
}

function compileJson<Context>(value: Json, compile: (text: string) => RenderJson<Context>): RenderJson<Context> {
  if (typeof value === "string") return compile(value);
  if (typeof value !== "object" || value === null) return () => value;
  if (Array.isArray(value)) {
    const items = value.map((item) => compileJson(item, compile));
    return (context) => items.map((render) => render(context)).filter((item) => item !== undefined);
  }
  const entries = Object.entries(value).map(([key, inner]) => [key, compileJson(inner, compile)] as const);
  return (context) =>
    Object.fromEntries(entries.map(([key, render]) => [key, render(context)]).filter(([, item]) => item !== undefined));
}
