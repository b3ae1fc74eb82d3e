import { describe, expect, test } from "vitest";
import { z } from "zod";
import { describedApi, describedEndpoints } from "./described-endpoints.fixture.ts";
import { isJson } from "./endpoint-description.ts";
import { endpointDescriptions } from "./endpoint-descriptions.ts";
import { openApiDocument } from "./open-api-document.ts";

describe("the descriptions of endpoints", () => {
  const keys = describedEndpoints.map(({ method, path }) => `${method} ${path}`);

  test("exist for every endpoint, and for nothing else", () => {
    expect(Object.keys(endpointDescriptions).toSorted()).toEqual(keys.toSorted());
  });

  test("have the query parameters that the list of endpoints names", () => {
    for (const { method, path, does } of describedEndpoints) {
      const named = Array.from(does.matchAll(/[?&](\w+)=/g), ([, name]) => name);
      const { query = {} } = endpointDescriptions[`${method} ${path}` as `GET /${string}`]!;
      expect({ path, missing: named.filter((name) => !Object.hasOwn(query, name!)) }).toEqual({ path, missing: [] });
    }
  });

  test("say of every answer that is no error, and of errors, which ones there are", () => {
    for (const [key, { answers, errors = [] }] of Object.entries(endpointDescriptions))
      expect({ key, count: Object.keys(answers).length + errors.length }).not.toEqual({ key, count: 0 });
  });

  test("list the fields of answers completely: no object is open by mistake", () => {
    const open: string[] = [];
    const names: string[] = [];
    for (const [key, { answers }] of Object.entries(endpointDescriptions))
      for (const answer of Object.values(answers)) {
        if (!isJson(answer)) continue;
        names.push(key);
        if (hasOpenObject(z.toJSONSchema(answer))) open.push(key);
      }
    expect(names.length).toBeGreaterThan(30);
    // The document does not describe itself.
    expect(open).toEqual(["GET /api/v1/openapi.json"]);
  });
});

/** A missing `additionalProperties` accepts unknown fields too. */
function hasOpenObject(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  const { type, additionalProperties = {} } = schema as { type?: unknown; additionalProperties?: unknown };
  const isOpen = type === "object" && JSON.stringify(additionalProperties) === "{}";
  return isOpen || Object.values(schema).some(hasOpenObject);
}

test("an object is open if it accepts unknown fields, at any depth", () => {
  const within = (one: z.ZodType) => hasOpenObject(z.toJSONSchema(z.strictObject({ list: z.array(one) })));
  expect([
    within(z.strictObject({ a: z.string() })),
    within(z.record(z.string(), z.string())),
    within(z.looseObject({ a: z.string() })),
    within(z.record(z.string(), z.unknown())),
  ]).toEqual([false, false, true, true]);
  expect(hasOpenObject({ type: "object", properties: {} })).toBe(true);
});

describe("the document", () => {
  const { paths, components, info, servers } = describedApi() as unknown as {
    readonly paths: Record<string, Record<string, { operationId: string; security: object[]; servers?: object[] }>>;
    readonly components: { readonly schemas: Record<string, object> };
    readonly info: object;
    readonly servers: object[];
  };

  test("has every endpoint once, with an operation id of its own", () => {
    const ids = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(describedEndpoints.length);
  });

  test("refers only to schemas that it has", () => {
    const references = JSON.stringify({ paths, components }).matchAll(/"\$ref":"([^"]*)"/g);
    const missing = Array.from(references, ([, to = ""]) => to).filter(
      (to) => !Object.hasOwn(components.schemas, to.replace("#/components/schemas/", "")),
    );
    expect(missing).toEqual([]);
  });

  test("names the role of each endpoint, and basic authentication only for senders", () => {
    expect(paths["/api/v1/incidents"]!["get"]!.security).toEqual([
      { bearer: ["read"] },
      { cookie: ["read"] },
      { mutualTLS: ["read"] },
    ]);
    expect(paths["/api/v2/alerts"]!["post"]!.security).toContainEqual({ basic: ["ingest"] });
    expect(paths["/healthz"]!["get"]!.security).toEqual([]);
  });

  test("marks a deprecated endpoint, and no other", () => {
    const key = "GET /healthz";
    const descriptions = {
      ...endpointDescriptions,
      [key]: { ...endpointDescriptions[key]!, deprecated: true as const },
    };
    const marked = openApiDocument({
      version: "1.2.3",
      basePath: undefined,
      endpoints: describedEndpoints,
      descriptions,
    });
    const found = Object.entries(marked.paths).flatMap(([path, item]) =>
      Object.values(item).flatMap((operation) => ("deprecated" in operation ? [[path, operation["deprecated"]]] : [])),
    );
    expect(found).toEqual([["/healthz", true]]);
  });

  test("has the version of the program and the base path, except for probes and metrics", () => {
    expect([info, servers]).toEqual([expect.objectContaining({ version: "0.0.0" }), [{ url: "/" }]]);
    const below = openApiDocument({ version: "1.2.3", basePath: "/tocsin", endpoints: describedEndpoints });
    expect(below["servers"]).toEqual([{ url: "/tocsin" }]);
    const serversOf = (path: string) => below.paths[path]!["get"]!["servers"];
    expect([serversOf("/metrics"), serversOf("/healthz"), serversOf("/api/v1/incidents")]).toEqual([
      [{ url: "/" }],
      [{ url: "/" }],
      undefined,
    ]);
  });
});
