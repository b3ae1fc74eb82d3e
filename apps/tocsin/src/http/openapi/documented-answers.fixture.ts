import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { pathOf } from "../paths.ts";
import { describedApi } from "./described-endpoints.fixture.ts";

/** A request of a test and its answer. */
export interface Exchange {
  readonly method: string;
  /** With or without a query. Paths below a base path are not compared. */
  readonly path: string;
  readonly sent?: unknown;
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
}

interface Operation {
  readonly key: string;
  readonly pointer: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>;
}

let ajv: Ajv2020 | undefined;

/** Operation and status of every answer that was compared, such as `GET /healthz 200`. */
export const comparedAnswers = new Set<string>();

/** Compares a real answer with the API document. Returns what is not as documented; empty: everything is. */
export function undocumentedIn({ method, path, sent, status, contentType, text }: Exchange): string[] {
  const found = operationOf(method, pathOf(path));
  // A page of the console, or no endpoint.
  if (found === undefined) return [];
  const { key, pointer, parameters, requestBody, responses } = found;
  const response = responses[status];
  if (response === undefined) return [`${key} answers ${status}, which is not documented: ${text.slice(0, 200)}`];
  comparedAnswers.add(`${key} ${status}`);
  const issues: string[] = [];
  const isTaken = status < 300 && !/"rejected":[1-9]|"issues"/.test(text);
  if (isTaken)
    for (const [name] of new URL(path, "http://localhost").searchParams)
      if (!parameters.some((one) => one.in === "query" && one.name === name))
        issues.push(`${key} has no documented parameter ${name}`);
  if (isTaken && requestBody !== undefined && typeof sent === "object")
    issues.push(...issuesOf(`${pointer}/requestBody/content/application~1json/schema`, sent, `${key} takes`));
  const types = Object.keys(response.content ?? {});
  const type = contentType?.split(";", 1)[0] ?? undefined;
  if (types.length === 0) return text === "" ? issues : [...issues, `${key} ${status} has an undocumented body`];
  if (key === "GET /" && type === "text/html") return issues;
  if (type === undefined || !types.includes(type))
    return [...issues, `${key} ${status} has the type ${type}, not ${types.join()}`];
  if (type !== "application/json") return issues;
  const place = `${pointer}/responses/${status}/content/application~1json/schema`;
  return [...issues, ...issuesOf(place, JSON.parse(text), `${key} answers ${status}:`)];
}

/**
 * Compares server-sent events with the forms that docs/stream.md describes: `incident` is an item of the list of incidents, `reset` is
 * empty, and every event has an id. Returns what is different.
 */
export function undocumentedEventsIn(text: string): string[] {
  const blocks = text.split("\n\n").filter((block) => /^(?:id|event|data):/m.test(block));
  return blocks.flatMap((block) => {
    const [, event, data] = /^id: \w+-\d+\nevent: (incident|reset)\ndata: (.*)$/.exec(block) ?? [];
    if (data === undefined) return [`this event has another form: ${block.slice(0, 200)}`];
    if (event === "incident")
      return issuesOf("/components/schemas/Incident", JSON.parse(data), "the event incident has");
    return data === "{}" ? [] : [`the event reset has ${data}`];
  });
}

function issuesOf(pointer: string, value: unknown, what: string): string[] {
  const matches = validatorOf(pointer);
  if (matches(value)) return [];
  const errors = (matches.errors ?? []).map(
    ({ instancePath, message, params }) => `${what} ${instancePath} ${message} ${JSON.stringify(params)}`,
  );
  return [...new Set(errors)].slice(0, 10);
}

function validatorOf(pointer: string): ValidateFunction {
  if (ajv === undefined) {
    ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
    ajv.addFormat("date-time", /^-?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);
    ajv.addFormat("uri", true);
    ajv.addSchema(describedApi(), "api");
  }
  return ajv.getSchema(`api#${pointer}`) ?? ajv.compile({ $ref: `api#${pointer}` });
}

function operationOf(method: string, path: string): Operation | undefined {
  const paths = Object.entries(describedApi().paths) as unknown as [string, Record<string, Operation>][];
  const steps = path.split("/");
  const matching = paths.filter(([pattern, item]) => {
    const parts = pattern.split("/");
    return (
      Object.hasOwn(item, method.toLowerCase()) &&
      parts.length === steps.length &&
      parts.every((part, at) => part.startsWith("{") || part === steps[at])
    );
  });
  const [first] = matching.toSorted(([a], [b]) => a.split("{").length - b.split("{").length);
  if (first === undefined) return undefined;
  const [pattern, item] = first;
  const escaped = encodeURIComponent(pattern.replaceAll("~", "~0").replaceAll("/", "~1"));
  const pointer = `/paths/${escaped}/${method.toLowerCase()}`;
  return { ...item[method.toLowerCase()]!, key: `${method} ${pattern}`, pointer };
}
