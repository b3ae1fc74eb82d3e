import { jsonSchemaOf, targetJsonSchema } from "@tocsin/core";
import { targetTypes } from "@tocsin/publishers";
import { configSchema } from "./schema.ts";

/** The part of JSON Schema that our schemas use. */
export interface JsonSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly not?: object;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $schema?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** Returns the JSON Schema of `tocsin.yaml`, targets included. Editors validate and complete with it. */
export function configJsonSchema(): JsonSchema {
  const { $schema, properties, ...rest } = jsonSchemaOf(configSchema) as JsonSchema;
  // References start at the root, so the definitions must be there.
  const { $schema: _, $defs = {}, ...target } = targetJsonSchema(targetTypes) as JsonSchema;
  return {
    ...($schema !== undefined && { $schema }),
    description: "The configuration of Tocsin, tocsin.yaml.",
    ...rest,
    properties: { ...properties, targets: { ...properties?.["targets"], items: target } },
    patternProperties: { "^x-": { description: "Ignored: holds what other keys refer to by anchors." } },
    $defs,
  };
}
