import { readFileSync } from "node:fs";
import type { Severity } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { tellingOf } from "../../test/pagerduty.ts";
import { apiKey, rootlyTargetOf } from "../../test/rootly.ts";
import { Transport } from "@tocsin/http";
import { rootlyPublisher } from "./index.ts";

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Json }>> };
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

const file = new URL("../../../../docs/receivers/rootly.openapi.json", import.meta.url);
/** The calls and bodies that Rootly documents (docs/receivers/rootly.md). */
const documented = JSON.parse(readFileSync(file, "utf8")) as OpenApi;

/** The schema with every reference replaced by what it refers to. */
const inlined = (schema: unknown): Json =>
  JSON.parse(
    JSON.stringify(schema, (_, value: unknown) => {
      const ref = typeof value === "object" && value !== null ? (value as Json)["$ref"] : undefined;
      return typeof ref === "string" ? inlined(documented.components.schemas[ref.split("/").at(-1)!]) : value;
    }),
  ) as Json;

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly body: string;
}

/** Every kind of call that the publisher makes, as the receiver saw it. */
async function askedOfAll(): Promise<Asked[]> {
  const asked: Asked[] = [];
  const simulator = new Simulator({ limit: { receiver: "rootly", limit: 0 } });
  const transport = new Transport();
  const answer = (method: string, at: { origin: string; path: string }, body: string) => {
    const { pathname, searchParams } = new URL(at.origin + at.path);
    const path = pathname.replace(/alerts\/[^/]+/, "alerts/{id}");
    asked.push({ method: method.toLowerCase(), path, query: [...searchParams.keys()], body });
    const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/vnd.api+json" };
    const answered = simulator.handle({ method, path: at.path, headers, body });
    return Promise.resolve({ kind: "answered" as const, retryAfter: undefined, ...answered });
  };
  transport.post = ({ method = "POST", address, body }) => answer(method, address, body);
  transport.get = ({ address }) => answer("GET", address, "");
  const target = rootlyTargetOf({
    alert_urgency_ids: { critical: "u1", warning: "u2" },
    service_ids: ["s"],
    group_ids: ["g"],
    environment_ids: ["e"],
  });
  const publish = (action: "trigger" | "acknowledge" | "resolve", dedupKey: string, severity: Severity = "critical") =>
    rootlyPublisher(target, { transport, version: "0" }).publish(
      tellingOf({ action, dedupKey, severity }),
      new AbortController().signal,
    );
  for (let i = 0; i < 60; i++) await publish("trigger", `key-${i}`, "warning");
  for (const action of ["trigger", "acknowledge", "resolve"] as const) await publish(action, "key-59");
  expect(simulator.refused()).toEqual([]);
  expect(simulator.incidents().at(-1)).toMatchObject({ status: "resolved", severity: "critical" });
  return asked;
}

const operationOf = ({ method, path }: Asked) => documented.paths[path]?.[method];

describe("docs/receivers/rootly.openapi.json", async () => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const asked = await askedOfAll();

  test("names every path, method and query that the publisher uses", () => {
    const calls = new Set(asked.map(({ method, path }) => `${method} ${path}`));
    expect(calls).toEqual(
      new Set([
        "post /v1/alerts",
        "patch /v1/alerts/{id}",
        "get /v1/alerts",
        "post /v1/alerts/{id}/acknowledge",
        "post /v1/alerts/{id}/resolve",
      ]),
    );
    for (const one of asked) {
      const known = operationOf(one)?.parameters?.map(({ name }) => name) ?? [];
      expect([one.path, operationOf(one) !== undefined, one.query.filter((name) => !known.includes(name))]).toEqual([
        one.path,
        true,
        [],
      ]);
    }
    expect(new Set(asked.flatMap(({ query }) => query)).size).toBeGreaterThan(3);
  });

  test("allows every body that the publisher sends, and refuses flat JSON", () => {
    const bodies = asked.filter(({ body }) => body !== "");
    expect(new Set(bodies.map(({ path, method }) => `${method} ${path}`)).size).toBe(3);
    const validators = new Map(
      [...new Set(bodies.map(operationOf))].map((operation) => {
        const { schema } = operation!.requestBody!.content["application/vnd.api+json"]!;
        return [operation, ajv.compile(inlined(schema))];
      }),
    );
    for (const one of bodies) {
      const validate = validators.get(operationOf(one))!;
      expect([one.path, validate(JSON.parse(one.body)), validate.errors]).toEqual([one.path, true, null]);
      // Other tools send flat JSON.
      expect(validate({ data: { type: "alerts", attributes: { severity: "critical" } } })).toBe(false);
    }
  });

  test("asks for no body where the publisher sends none", () => {
    const bare = asked.filter(({ method, body }) => method === "post" && body === "");
    expect(bare.length).toBeGreaterThan(0);
    for (const one of bare) expect(operationOf(one)!.requestBody).toBeUndefined();
  });
});
