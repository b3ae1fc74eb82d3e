import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { Simulator } from "../../src/index.ts";
import { alertEvent, changeEvent } from "../../src/receivers/pagerduty/event-schema.ts";
import * as rootlySchema from "../../src/receivers/rootly/rootly-schema.ts";
import { violations } from "../../src/receivers/schema.ts";
import type { Schema } from "../../src/receivers/schema.ts";
import { post } from "../requests.ts";

/** The fields and types that PagerDuty and Rootly document, written down apart from the simulator's own schemas. */
const readDescription = (name: string): OpenApi =>
  JSON.parse(readFileSync(new URL(`../../../../docs/receivers/${name}`, import.meta.url), "utf8")) as OpenApi;

interface OpenApi {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Json> };
}

interface Operation {
  readonly requestBody?: {
    readonly content: Record<string, { readonly schema: Json; readonly examples?: Record<string, { value: unknown }> }>;
  };
}

type Json = Readonly<Record<string, unknown>>;

/** The demands of a schema alone: without texts, without examples, without the rules that only the simulator has. */
function demands(schema: Json, schemas: Readonly<Record<string, Json>>): Json {
  const ref = schema["$ref"];
  if (typeof ref === "string") return demands(schemas[ref.split("/").at(-1) ?? ""] ?? {}, schemas);
  const { properties, items, required, format, oneOf } = schema;
  const kept: Record<string, unknown> = {};
  if (schema["nullable"] === true) kept["nullable"] = true;
  if (schema["enum"] !== undefined) return { ...kept, enum: [...(schema["enum"] as string[])].toSorted() };
  for (const word of ["type", "minItems", "minimum", "maximum"])
    if (schema[word] !== undefined) kept[word] = schema[word];
  if (Array.isArray(oneOf)) kept["type"] = (oneOf as Json[]).map((one) => one["type"]);
  // A closed object without properties equals an object that names no properties.
  if (schema["additionalProperties"] === false) kept["additionalProperties"] = false;
  if (format !== undefined) kept["format"] = format === "https" ? "url" : format;
  if (Array.isArray(required) && required.length > 0) kept["required"] = [...(required as string[])].toSorted();
  if (properties !== undefined && Object.keys(properties as object).length > 0) {
    kept["properties"] = Object.fromEntries(
      Object.entries(properties as Record<string, Json>).map(([name, one]) => [name, demands(one, schemas)]),
    );
  }
  if (items !== undefined) kept["items"] = demands(items as Json, schemas);
  return kept;
}

const ours = (schema: Schema): Json => demands(schema as unknown as Json, {});

describe("docs/receivers/pagerduty.openapi.json", () => {
  const { paths, components } = readDescription("pagerduty.openapi.json");
  const contentOf = (path: string) => paths[path]?.["post"]?.requestBody?.content["application/json"];

  test.each<[string, Schema]>([
    ["/enqueue", alertEvent],
    ["/change/enqueue", changeEvent],
  ])("demands the same as the simulator's schema for %s", (path, schema) => {
    expect(ours(schema)).toEqual(demands(contentOf(path)?.schema ?? {}, components.schemas));
  });

  test("names these two operations only", () => {
    expect(Object.keys(paths).toSorted()).toEqual(["/change/enqueue", "/enqueue"]);
  });

  test.each(["/enqueue", "/change/enqueue"])("gives examples for %s that the simulator accepts", (path) => {
    const examples = Object.values(contentOf(path)?.examples ?? {});
    expect(examples.length).toBeGreaterThan(0);
    for (const { value } of examples) expect(new Simulator().handle(post(`/v2${path}`, value)).status).toBe(202);
  });

  test("refuses the same bodies as the simulator, except where only PagerDuty's text states the rule", () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const described = ajv.compile(inlined(contentOf("/enqueue")?.schema ?? {}, components.schemas));
    const [example] = Object.values(contentOf("/enqueue")?.examples ?? {});
    const statedInText = /missing or blank|too long|https|URL|ISO 8601/;
    const bodies = [...mutations(example?.value)].map((body) => ({
      body,
      isValid: described(body),
      found: violations(alertEvent, body).map(({ reason }) => reason),
    }));
    expect(bodies.filter(({ isValid }) => !isValid).length).toBeGreaterThan(50);
    expect(bodies.filter(({ isValid, found }) => !isValid && found.length === 0)).toEqual([]);
    expect(bodies.filter(({ isValid, found }) => isValid && !found.every((says) => statedInText.test(says)))).toEqual(
      [],
    );
  });
});

describe("docs/receivers/rootly.openapi.json", () => {
  const { schemas } = readDescription("rootly.openapi.json").components;

  test.each<[string, Schema]>([
    ["new_alert", rootlySchema.newAlert],
    ["update_alert", rootlySchema.updateAlert],
    ["resolve_alert", rootlySchema.resolveAlert],
    ["snooze_alert", rootlySchema.snoozeAlert],
    ["escalate_alert", rootlySchema.escalateAlert],
    ["new_incident", rootlySchema.newIncident],
    ["update_incident", rootlySchema.updateIncident],
    ["resolve_incident", rootlySchema.moveIncident("resolution_message")],
    ["mitigate_incident", rootlySchema.moveIncident("mitigation_message")],
    ["cancel_incident", rootlySchema.moveIncident("cancellation_message")],
  ])("demands the same as the simulator's schema for %s", (name, schema) => {
    expect(ours(schema)).toEqual(demands(schemas[name] ?? {}, schemas));
  });
});

/** Replaces every reference by what it refers to. */
function inlined(schema: unknown, schemas: Readonly<Record<string, Json>>): Json {
  return JSON.parse(
    JSON.stringify(schema, (_, value: unknown) => {
      const ref = typeof value === "object" && value !== null ? (value as Json)["$ref"] : undefined;
      return typeof ref === "string" ? inlined(schemas[ref.split("/").at(-1) ?? ""], schemas) : value;
    }),
  ) as Json;
}

/** The value with each of its places removed, and replaced by each of a few things. */
function* mutations(value: unknown): Generator {
  for (const other of [null, 1, "text", "", true, [], {}, [1]]) yield other;
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    const place = value as Record<string, unknown>;
    const without = Array.isArray(value) ? value.filter((_, index) => String(index) !== key) : { ...place };
    if (!Array.isArray(without)) delete without[key];
    yield without;
    for (const mutated of mutations(place[key])) {
      yield Array.isArray(value) ? value.with(Number(key), mutated) : { ...place, [key]: mutated };
    }
  }
}
