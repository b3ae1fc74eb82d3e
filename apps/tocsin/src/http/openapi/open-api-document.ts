import { jsonSchemaOf, targetJsonSchema } from "@tocsin/core";
import { targetTypes } from "@tocsin/publishers";
import { z } from "zod";
import { isWithoutBasePath } from "../base-path.ts";
import type { Endpoint } from "../endpoint.ts";
import { isAlertmanagerApi } from "../paths.ts";
import { answerParts } from "./answer-parts.ts";
import { endpointDescriptions } from "./endpoint-descriptions.ts";
import { type EndpointDescription, type EndpointDescriptions, isJson } from "./endpoint-description.ts";
import { errorStatusesOf } from "./error-statuses.ts";
import { securityOf, securitySchemes } from "./security.ts";

/** The part of an endpoint that the document shows. */
export type DocumentedEndpoint = Pick<Endpoint, "method" | "path" | "role" | "does" | "isProbe">;

export interface OpenApiOptions {
  /** The version of the program. */
  readonly version: string;
  readonly basePath: string | undefined;
  readonly endpoints: readonly DocumentedEndpoint[];
  /** @default endpointDescriptions */
  readonly descriptions?: EndpointDescriptions;
}

type Json = Readonly<Record<string, unknown>>;

export interface OpenApiDocument extends Json {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

const about = `Tocsin records alerts durably and delivers them to its targets.

The version of this document is the version of the program. Within \`/api/v1\` fields and endpoints are added, and none is removed or
changes its meaning; ignore fields that you do not know. docs/api.md has the whole policy, and examples.`;

/** Returns the OpenAPI 3.1 document of the API. Pure, and takes tens of milliseconds. */
export function openApiDocument({
  version,
  basePath,
  endpoints,
  descriptions = endpointDescriptions,
}: OpenApiOptions): OpenApiDocument {
  const described = endpoints.map((endpoint) => ({
    endpoint,
    key: keyOf(endpoint),
    ...descriptionOf(endpoint, descriptions),
  }));
  const schemas = convert(described);
  const paths: Record<string, Record<string, Json>> = {};
  for (const one of described) {
    const { endpoint } = one;
    const path = endpoint.path.replaceAll(/:(\w+)/g, "{$1}");
    const item = (paths[path] ??= {});
    item[endpoint.method.toLowerCase()] = {
      operationId: operationIdOf(endpoint),
      summary: endpoint.does,
      ...(one.deprecated && { deprecated: true }),
      tags: [tagOf(endpoint.path)],
      security: securityOf(endpoint.role),
      ...(basePath !== undefined && isWithoutBasePath(endpoint) && { servers: [{ url: "/" }] }),
      parameters: parametersOf(one, schemas),
      ...(one.body && {
        requestBody: {
          required: one.isBodyOptional !== true,
          content: { "application/json": { schema: schemas.of(`${one.key} body`) } },
        },
      }),
      responses: responsesOf(one, schemas),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tocsin",
      version,
      description: about,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: basePath ?? "/" }],
    paths,
    components: { schemas: schemas.components, securitySchemes },
  };
}

type Described = EndpointDescription & { readonly endpoint: DocumentedEndpoint; readonly key: string };

const keyOf = ({ method, path }: DocumentedEndpoint): string => `${method} ${path}`;

function descriptionOf(endpoint: DocumentedEndpoint, descriptions: EndpointDescriptions): EndpointDescription {
  const described = (descriptions as Readonly<Record<string, EndpointDescription>>)[keyOf(endpoint)];
  if (described === undefined) throw new Error(`${keyOf(endpoint)} has no description in endpoint-descriptions.ts`);
  return described;
}

const operationIdOf = ({ method, path }: DocumentedEndpoint): string =>
  [method.toLowerCase(), ...path.split(/[^A-Za-z0-9]+/).filter(Boolean)]
    .map((word, at) => (at === 0 ? word : word[0]!.toUpperCase() + word.slice(1)))
    .join("");

const tagOf = (path: string): string =>
  /^\/api\/v(?:1\/([\w-]+)|(2))/.exec(path)?.slice(1).find(Boolean) ?? "operations";

function parametersOf({ endpoint, key, query = {} }: Described, schemas: Converted): Json[] {
  const inPath = Array.from(endpoint.path.matchAll(/:(\w+)/g), ([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.keys(query).map((name) => {
    const { description, ...schema } = schemas.of(`${key} ?${name}`);
    return { name, in: "query", ...(description !== undefined && { description }), schema };
  });
  return [...inPath, ...inQuery];
}

function responsesOf({ endpoint, key, answers, errors = [] }: Described, schemas: Converted): Json {
  const problem = isAlertmanagerApi(endpoint.path) ? "ProblemText" : "Problem";
  const refusals = [...new Set([...errorStatusesOf(endpoint), ...errors])].map((status): [number, Json] => [
    status,
    json(phrases[status] ?? "Error", { $ref: `#/components/schemas/${problem}` }),
  ]);
  const wanted = Object.entries(answers).map(([status, answer]): [string, Json] => {
    if (answer === null) return [status, { description: "Done. The answer has no body." }];
    if (isJson(answer)) return [status, json(phrases[Number(status)] ?? "Done", schemas.of(`${key} ${status}`))];
    const { contentType, description } = answer;
    return [status, { description, content: { [contentType]: { schema: { type: "string" } } } }];
  });
  // Later entries replace earlier ones: an endpoint may answer 503 in its own form.
  return Object.fromEntries([...refusals, ...wanted]);
}

const json = (description: string, schema: Json): Json => ({
  description,
  content: { "application/json": { schema } },
});

const phrases: Readonly<Record<number, string>> = {
  200: "Done",
  202: "Accepted and recorded",
  400: "The request has mistakes; `issues` names them",
  401: "Neither a known token nor an accepted client certificate, or a wrong signature",
  403: "The token or client lacks the role, or a page of another site sent the request",
  404: "There is no such object",
  409: "The state of the object does not allow it",
  413: "The body is too large or too complex",
  415: "The body has an unknown compression",
  421: "The server has no such host name",
  429: "Too many failed logins from this address",
  500: "The request failed in the service; its log has the details",
  503: "The ledger or the service cannot serve the request now; repeat it later",
};

interface Converted {
  /** The schemas that others refer to. */
  readonly components: Json;
  of(name: string): Json;
}

/** Converts all schemas at once, so that those with an id become components that the others refer to. */
function convert(described: readonly Described[]): Converted {
  const outputs: Record<string, z.ZodType> = { problem: answerParts.problem, text: answerParts.problemText };
  const inputs: Record<string, z.ZodType> = {};
  for (const { key, query = {}, body, answers } of described) {
    for (const [name, schema] of Object.entries(query)) inputs[`${key} ?${name}`] = schema;
    if (body !== undefined) inputs[`${key} body`] = body;
    for (const [status, answer] of Object.entries(answers)) if (isJson(answer)) outputs[`${key} ${status}`] = answer;
  }
  const answered = moved(z.toJSONSchema(z.object(outputs)));
  const asked = moved(jsonSchemaOf(z.object(inputs)));
  const { $schema: _, $defs = {}, ...target } = moved(targetJsonSchema(targetTypes)) as Json & { $defs?: Json };
  const components = { ...defsOf(asked), ...defsOf(answered), ...$defs, TargetDefinition: target };
  const all = { ...(asked["properties"] as Json), ...(answered["properties"] as Json) };
  return {
    components: Object.fromEntries(
      Object.entries(components).map(([name, schema]) => [name, withoutId(schema as Json)]),
    ),
    of: (name) => all[name] as Json,
  };
}

const defsOf = (schema: Json): Json => (schema["$defs"] ?? {}) as Json;

const withoutId = (schema: Json): Json => Object.fromEntries(Object.entries(schema).filter(([name]) => name !== "id"));

/** References lead to the place that OpenAPI has for shared schemas. */
const moved = (schema: unknown): Json =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
