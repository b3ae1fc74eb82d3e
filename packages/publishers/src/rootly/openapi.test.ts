import { existsSync, readFileSync } from "node:fs";
import { tellingOf } from "../../test/pagerduty.ts";
import { apiKey, rootlyTargetOf } from "../../test/rootly.ts";
import { Ajv } from "ajv";
import { Simulator } from "@tocsin/simulator";
import { describe, expect, test } from "vitest";
import { Transport } from "../transport.ts";
import { rootlyPublisher } from "./index.ts";

/* Rootly's own description lies beside the checkout where it has been put there; it is not ours to copy. */
type Json = Readonly<Record<string, unknown>>;
interface OpenApi {
  readonly paths: Record<
    string,
    Record<
      string,
      {
        readonly parameters?: readonly { readonly name: string }[];
        readonly requestBody?: { readonly content: Record<string, { readonly schema: Json }> };
      }
    >
  >;
  readonly components: { readonly schemas: Record<string, Json> };
}

const file = new URL("../../../../../shared/reference/rootly.openapi.json", import.meta.url);
const official = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as OpenApi) : undefined;
if (!official)
  process.stderr.write(
    "Skipped: rootly.openapi.json is not beside this checkout; our requests are not compared with it.\n",
  );

/** The schema with every reference replaced by what it refers to. */
const inlined = (schema: unknown): Json =>
  JSON.parse(
    JSON.stringify(schema, (_, value: unknown) => {
      const ref = typeof value === "object" && value !== null ? (value as Json)["$ref"] : undefined;
      return typeof ref === "string" ? inlined(official!.components.schemas[ref.split("/").at(-1)!]) : value;
    }),
  ) as Json;

describe.skipIf(official === undefined)("Rootly's official description", () => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const target = rootlyTargetOf({
    alert_urgency_ids: { critical: "u" },
    service_ids: ["s"],
    group_ids: ["g"],
    environment_ids: ["e"],
  });

  test.each(["trigger", "resolve"] as const)("takes the body of a %s", (action) => {
    const path = action === "trigger" ? "/v1/alerts" : "/v1/alerts/{id}/resolve";
    const { content } = official!.paths[path]!["post"]!.requestBody!;
    expect(Object.keys(content)).toEqual(["application/vnd.api+json"]);
    const validate = ajv.compile(inlined(content["application/vnd.api+json"]!.schema));
    const shown = rootlyPublisher(target, { transport: new Transport(), version: "0" }).render(tellingOf({ action }));
    const body = action === "trigger" ? shown : (shown as { body: unknown }).body;
    expect([validate(body), validate.errors]).toEqual([true, null]);
    // It can be refused at all: flat JSON is what others sent.
    expect(validate({ data: { type: "alerts", attributes: { severity: "critical" } } })).toBe(false);
    expect(validate({ data: { type: "alert" } })).toBe(false);
  });

  test("knows every path, method and query that is used", async () => {
    const { requests, queries } = await askedOfAll();
    for (const [method, path] of requests)
      expect([method, path, Object.hasOwn(official!.paths[path] ?? {}, method)]).toEqual([method, path, true]);
    const known = official!.paths["/v1/alerts"]!["get"]!.parameters!.map(({ name }) => name);
    expect(known).toEqual(expect.arrayContaining(queries));
    expect(queries.length).toBeGreaterThan(3);
  });
});

/** Every kind of call that the publisher makes, as the receiver saw it. */
async function askedOfAll() {
  const asked: [method: string, path: string][] = [];
  const queries = new Set<string>();
  const simulator = new Simulator();
  const transport = new Transport();
  const answer = (method: string, url: string, body: string) => {
    const { pathname, searchParams } = new URL(url);
    asked.push([method.toLowerCase(), pathname.replace(/alerts\/[^/]+/, "alerts/{id}")]);
    for (const name of searchParams.keys()) queries.add(name);
    const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/vnd.api+json" };
    const { status, body: said } = simulator.handle({ method, path: pathname + new URL(url).search, headers, body });
    return { kind: "answered" as const, status, body: said, retryAfter: undefined };
  };
  transport.post = ({ address, body }) => Promise.resolve(answer("POST", address.origin + address.path, body));
  transport.get = ({ address }) => Promise.resolve(answer("GET", address.origin + address.path, ""));
  const { signal } = new AbortController();
  const open = () => rootlyPublisher(rootlyTargetOf(), { transport, version: "0" });
  for (let i = 0; i < 60; i++) {
    simulator.setLimit({ receiver: "rootly", limit: 0 });
    await open().publish(tellingOf({ dedupKey: `key-${i}` }), signal);
  }
  for (const action of ["acknowledge", "resolve", "check"] as const)
    await open().publish(tellingOf({ action, dedupKey: "key-59" }), signal);
  return { requests: asked, queries: [...queries] };
}
