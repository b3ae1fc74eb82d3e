import type { z } from "zod";
import { secretInput } from "./secret-input.ts";

type Schema = z.core.$ZodType;

/** The parts of a schema. Each kind of schema has some of them. */
interface Parts {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly options?: readonly Schema[];
  readonly getter?: () => Schema;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly element?: Schema;
  readonly valueType?: Schema;
}

const partsOf = (schema: Schema): Parts => (schema as z.ZodType).def;

/** The schemas of the value at a path. There are several if the schema contains a union. */
export function schemasAt(schema: Schema, path: readonly PropertyKey[]): Schema[] {
  return path.reduce<Schema[]>((schemas, key) => schemas.flatMap((one) => unwrapped(one)).flatMap(at(key)), [schema]);
}

/** Lists the keys that an object may have there. A schema that allows any key lists none. */
export const keysOf = (schemas: readonly Schema[]): string[] =>
  schemas.flatMap((one) => unwrapped(one)).flatMap((one) => knownKeys(partsOf(one).shape ?? {}));

/** Keys worth suggesting: not those that the schema refuses with any value. */
const knownKeys = (shape: Readonly<Record<string, Schema>>): string[] =>
  Object.entries(shape).flatMap(([key, schema]) =>
    unwrapped(schema).every((one) => partsOf(one).type === "never") ? [] : [key],
  );

/**
 * Says whether the schema expects a secret at a path, above it or below it, or does not know the path. Values there are not
 * shown: a user may have written a token in the place of a list of tokens.
 */
export function isSecretAt(schema: Schema, path: readonly PropertyKey[]): boolean {
  const around = path.some((_, length) => schemasAt(schema, path.slice(0, length)).some(isSecret));
  const here = schemasAt(schema, path);
  return around || here.length === 0 || here.some((one) => holdsSecret(one, new Set()));
}

/** Compares definitions, because `describe` makes a copy of the schema with the same definition. */
const isSecret = (schema: Schema): boolean => partsOf(schema) === partsOf(secretInput);

function holdsSecret(schema: Schema, seen: Set<Schema>): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  const { type, shape = {}, element, valueType } = partsOf(schema);
  if (isSecret(schema) || type === "unknown" || type === "any") return true;
  const below = [
    ...inside(schema),
    ...Object.values(shape),
    ...[element, valueType].filter((one) => one !== undefined),
  ];
  return below.some((one) => holdsSecret(one, seen));
}

/** The schemas inside a wrapper (optional, default, transform, union). */
function inside(schema: Schema): Schema[] {
  const { innerType, in: input, options = [], getter } = partsOf(schema);
  return [innerType, input, getter?.(), ...options].filter((one) => one !== undefined);
}

/** Removes wrappers. A schema that refers to itself is opened once. */
function unwrapped(schema: Schema, seen = new Set<Schema>()): Schema[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const wrapped = isSecret(schema) ? [] : inside(schema);
  return wrapped.length === 0 ? [schema] : wrapped.flatMap((one) => unwrapped(one, seen));
}

const at =
  (key: PropertyKey) =>
  (schema: Schema): Schema[] => {
    const { shape, element, valueType } = partsOf(schema);
    const own = shape && typeof key === "string" && Object.hasOwn(shape, key) ? shape[key] : undefined;
    return [own ?? element ?? valueType].filter((one) => one !== undefined);
  };
