import type { SimulatorRequest } from "../exchange.ts";
import { isRecord, parseJson } from "../json-body.ts";
import { SettingError } from "../../setting-error.ts";

/** @throws SettingError when the body is not JSON */
export function readBody(request: SimulatorRequest): unknown {
  const parsed = parseJson(request.body);
  expect("value" in parsed, "", "expected JSON");
  return parsed.value;
}

/** The body as an object; a bare list counts as its member `listName`. */
export function readObject(request: SimulatorRequest, listName?: string): Record<string, unknown> {
  const body = readBody(request);
  if (isRecord(body)) return body;
  if (listName !== undefined && (Array.isArray(body) || body === null)) return { [listName]: body };
  throw new SettingError([{ path: "", message: "expected an object" }]);
}

export const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

/** Throws unless it holds. */
export function expect(holds: boolean, path: string, message: string): asserts holds {
  if (!holds) throw new SettingError([{ path, message }]);
}

/** `?limit=`: a whole number. */
export function readLimit(query: URLSearchParams, missing: number): number {
  const limit = Number(query.get("limit") ?? missing);
  expect(Number.isInteger(limit) && limit >= 0, "limit", "expected a whole number");
  return limit;
}
