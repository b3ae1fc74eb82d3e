import { z } from "zod";

/** A single value, or a list of at least one: `critical` means `["critical"]`. */
export function oneOrMany<Out, In>(item: z.ZodType<Out, In>): z.ZodType<Out[], In | In[]> {
  const list = z.array(item).min(1, "must not be empty; leave it out to allow all").meta({ oneOrMany: true });
  // Not a union: for a union, zod only reports that no alternative fits.
  return z.preprocess((value) => (Array.isArray(value) || value === undefined ? value : [value]), list) as never;
}

/**
 * A text that is compiled when the config is read. An error is reported at the text's path, so a running system has no invalid
 * pattern, expression or template.
 *
 * @param compile throws an Error whose message names the mistake in one line
 */
export function compiledField<Out>(compile: (text: string) => Out): z.ZodType<Out, string> {
  return z.string().transform((text, context) => {
    try {
      return compile(text);
    } catch (error) {
      context.issues.push({ code: "custom", message: (error as Error).message, input: text });
      return z.NEVER;
    }
  });
}

/** JSON Schema (2020-12) of the input that a user writes, for editors and the generated docs. */
export function jsonSchemaOf(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema }) => {
      if (!jsonSchema["oneOrMany"]) return;
      const { type, items, minItems } = jsonSchema;
      for (const key of ["oneOrMany", "type", "items", "minItems"]) delete jsonSchema[key];
      jsonSchema.anyOf = [items as z.core.JSONSchema.BaseSchema, { type: type!, items: items!, minItems: minItems! }];
    },
  });
}
