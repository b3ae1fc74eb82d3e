import type { FastifyRequest } from "fastify";
import { LargeJson, maxMemberValues, skipBlanks, valueAt } from "../ingest/large-json.ts";
import { jsonSize } from "./json-limits.ts";
import { isAlertmanagerApi } from "./paths.ts";
import { badRequest, Problem } from "./problem.ts";

/**
 * Returns the JSON value of a body, or undefined for an empty body. A value that would take long to parse stays a `LargeJson`, which only
 * some endpoints take.
 *
 * @throws Problem 400 or 413
 */
export function parseBody(bytes: Buffer, { url, routeOptions }: FastifyRequest): unknown {
  if (bytes.length === 0) return undefined;
  const { values, excess } = jsonSize(bytes);
  if (excess !== undefined) throw tooMuch(excess);
  const { takesLargeJson, maxValues = maxMemberValues } = routeOptions.config;
  if (values > maxValues) {
    if (takesLargeJson === true) return new LargeJson(bytes);
    throw tooMuch(`more than ${maxValues} values`);
  }
  // `JSON.parse`, because fastify's parser refuses `__proto__`, which is an ordinary label name here.
  const value = parsed(bytes.toString()) ?? (isAlertmanagerApi(url) ? parsed(firstValue(bytes)) : undefined);
  if (value === undefined) throw badRequest({ path: "", message: "expected JSON" });
  return value.json;
}

function parsed(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Like Alertmanager, ignores the text after the first value of a body. */
function firstValue(bytes: Buffer): string {
  const start = skipBlanks(bytes, 0);
  return bytes.toString("utf8", start, valueAt(bytes, start).end);
}

const tooMuch = (what: string): Problem => new Problem(413, "body_too_complex", `the request body has ${what}`);
