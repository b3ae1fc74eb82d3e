import type { Violation } from "../server/exchange.ts";
import { isRecord } from "../server/json-body.ts";

/** Keywords that strict schemas must not use. */
const refused = ["allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"];

const maxLevels = 10;

/**
 * The rules for schemas whose answers are guaranteed. `allRequired`: every property has to be required, as OpenAI demands.
 * Anthropic demands only that objects take no further properties.
 */
export function strictSchemaViolations(
  schema: unknown,
  at: string,
  { allRequired }: { readonly allRequired: boolean },
): Violation[] {
  if (!isRecord(schema)) return [{ field: at, reason: "must be an object" }];
  if (schema["type"] !== "object") return [{ field: at, reason: "the root must be of type object" }];
  const found: Violation[] = [];
  visit(schema, at, 0, allRequired, found);
  return found;
}

function visit(schema: unknown, at: string, level: number, allRequired: boolean, found: Violation[]): void {
  if (!isRecord(schema)) return;
  if (level > maxLevels) return void found.push({ field: at, reason: `is deeper than ${maxLevels} levels` });
  for (const keyword of refused) {
    if (Object.hasOwn(schema, keyword)) found.push({ field: at, reason: `'${keyword}' is not permitted` });
  }
  if (schema["type"] === "object") {
    if (schema["additionalProperties"] !== false)
      found.push({ field: at, reason: "'additionalProperties' is required to be supplied and to be false" });
    const properties = isRecord(schema["properties"]) ? schema["properties"] : {};
    const required = Array.isArray(schema["required"]) ? (schema["required"] as unknown[]) : [];
    for (const [name, property] of Object.entries(properties)) {
      if (allRequired && !required.includes(name))
        found.push({ field: at, reason: `'required' must include every key in properties; '${name}' is missing` });
      visit(property, `${at}.${name}`, level + 1, allRequired, found);
    }
  }
  visit(schema["items"], `${at}[]`, level + 1, allRequired, found);
  for (const keyword of ["anyOf", "oneOf"]) {
    const choices = schema[keyword];
    if (Array.isArray(choices)) choices.forEach((choice) => visit(choice, at, level + 1, allRequired, found));
  }
}
