import { jsonSchemaOf, targetJsonSchema } from "@tocsin/core";
import { targetTypes } from "@tocsin/publishers";

import { configSchema } from "./schema.ts";

/** JSON Schema of `tocsin.yaml`, targets included: editors check and complete with it. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = jsonSchemaOf(configSchema) as Record<string, unknown> & {
    properties: { targets: { items?: unknown } };
  };
  const { $schema: _, ...target } = targetJsonSchema(targetTypes) as Record<string, unknown>;
  schema.properties.targets.items = target;
  return { $schema, title: "Tocsin", description: "The configuration of Tocsin, tocsin.yaml.", ...schema };
}
