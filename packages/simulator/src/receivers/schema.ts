import type { Violation } from "../server/exchange.ts";
import { isRecord } from "../server/json-body.ts";

/**
 * The part of JSON Schema that the receivers' documents need, plus three rules of their prose:
 * lengths count code points, `notBlank`, and `format: "https"`.
 */
export type Schema =
  | {
      readonly type: "object";
      readonly properties?: Readonly<Record<string, Schema>>;
      readonly required?: readonly string[];
      readonly additionalProperties?: boolean;
      readonly nullable?: boolean;
    }
  | {
      readonly type: "array";
      readonly items: Schema;
      readonly minItems?: number;
      readonly maxItems?: number;
      readonly nullable?: boolean;
    }
  | StringSchema
  | {
      readonly type: "integer" | "number" | "boolean";
      readonly minimum?: number;
      readonly maximum?: number;
      readonly nullable?: boolean;
    }
  | { readonly type: readonly ("string" | "number" | "boolean")[]; readonly nullable?: boolean }
  | { readonly enum: readonly string[]; readonly type?: "string"; readonly nullable?: boolean };

interface StringSchema {
  readonly type: "string";
  readonly format?: "date-time" | "url" | "https";
  /** In code points. */
  readonly maxLength?: number;
  readonly notBlank?: boolean;
  readonly nullable?: boolean;
}

/** Every violation, not the first. `at` names the place, `payload.links[0].href`. */
export function violations(schema: Schema, value: unknown, at = ""): Violation[] {
  const found: Violation[] = [];
  visit(schema, value, at, found);
  return found;
}

function visit(schema: Schema, value: unknown, at: string, found: Violation[]): void {
  if (value === null && schema.nullable === true) return;
  if ("enum" in schema) return visitEnum(schema.enum, value, at, found);
  if (typeof schema.type !== "string") {
    if (!schema.type.some((type) => typeof value === type)) {
      add(found, at, `must be one of ${schema.type.join(", ")}`);
    }
    return;
  }
  switch (schema.type) {
    case "object":
      return visitObject(schema, value, at, found);
    case "array":
      return visitArray(schema, value, at, found);
    case "string":
      return visitString(schema, value, at, found);
    case "integer":
    case "number":
    case "boolean":
      return visitScalar(schema, value, at, found);
  }
}

function visitObject(
  schema: Extract<Schema, { type: "object" }>,
  value: unknown,
  at: string,
  found: Violation[],
): void {
  if (!isRecord(value)) return add(found, at, "must be an object");
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) add(found, under(at, name), "is missing or blank");
  }
  for (const name in value) {
    const property = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined;
    if (property !== undefined) visit(property, value[name], under(at, name), found);
    else if (schema.additionalProperties === false) add(found, under(at, name), "is not a known attribute");
  }
}

function visitArray(schema: Extract<Schema, { type: "array" }>, value: unknown, at: string, found: Violation[]): void {
  if (!Array.isArray(value)) return add(found, at, "must be an array");
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    add(found, at, `has too few items (minimum is ${schema.minItems})`);
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    add(found, at, `has too many items (maximum is ${schema.maxItems})`);
  }
  for (const [index, item] of value.entries()) visit(schema.items, item, `${at}[${index}]`, found);
}

function visitString(schema: StringSchema, value: unknown, at: string, found: Violation[]): void {
  if (typeof value !== "string") return add(found, at, "must be a string");
  if (schema.notBlank === true && value.trim() === "") return add(found, at, "is missing or blank");
  // Half a surrogate pair is what a cut by UTF-16 units leaves. JSON can carry it, most parsers cannot.
  if (!value.isWellFormed()) add(found, at, "is not well-formed Unicode");
  if (schema.maxLength !== undefined && codePointsExceed(value, schema.maxLength)) {
    add(found, at, `is too long (maximum is ${schema.maxLength} characters)`);
  }
  if (schema.format !== undefined && !formats[schema.format].test(value)) {
    add(found, at, formats[schema.format].says);
  }
}

function visitScalar(
  schema: { readonly type: "integer" | "number" | "boolean"; readonly minimum?: number; readonly maximum?: number },
  value: unknown,
  at: string,
  found: Violation[],
): void {
  const fits = schema.type === "integer" ? Number.isInteger(value) : typeof value === schema.type;
  if (!fits) return add(found, at, `must be ${schema.type === "integer" ? "an integer" : `a ${schema.type}`}`);
  if (schema.minimum !== undefined && (value as number) < schema.minimum) {
    add(found, at, `must be at least ${schema.minimum}`);
  }
  if (schema.maximum !== undefined && (value as number) > schema.maximum) {
    add(found, at, `must be at most ${schema.maximum}`);
  }
}

function visitEnum(allowed: readonly string[], value: unknown, at: string, found: Violation[]): void {
  if (typeof value === "string" && allowed.includes(value)) return;
  if (value === undefined || value === null || value === "") return add(found, at, "is missing or blank");
  const quoted = allowed.map((one) => `'${one}'`);
  const list = quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  add(found, at, `is invalid (must be one of the following: ${list})`);
}

const add = (found: Violation[], at: string, says: string): void => {
  found.push({ field: at === "" ? "body" : at, reason: `'${at === "" ? "body" : at}' ${says}` });
};

const under = (at: string, name: string): string => (at === "" ? name : `${at}.${name}`);

/** Counts no further than it must. */
export const codePointsExceed = (value: string, limit: number): boolean => {
  if (value.length <= limit) return false;
  let count = 0;
  for (const _ of value) if (++count > limit) return true;
  return false;
};

/** ISO 8601 with a zone; the vendors' own samples write `+0000` without a colon. */
const iso8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

const isInstant = (value: string): boolean =>
  iso8601.test(value) && !Number.isNaN(Date.parse(value.replace(",", ".").replace(/([+-]\d\d)(\d\d)$/, "$1:$2")));

const formats = {
  "date-time": { test: isInstant, says: "is not an ISO 8601 time with a zone" },
  url: { test: (value: string) => URL.canParse(value), says: "is not a URL" },
  https: {
    test: (value: string) => value.startsWith("https://") && URL.canParse(value),
    says: "must be served over https",
  },
} as const;
