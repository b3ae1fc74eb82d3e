import { z } from "zod";

/** A secret as the user writes it: the value itself, or a reference to a file or variable that contains it. */
export type SecretInput = string | { file: string } | { env: string };

/**
 * Returns a secret's value. It is passed in, because core does no I/O.
 *
 * @throws Error with a plain reason ("cannot read /run/secrets/key: no such file") that contains nothing secret
 */
export type ReadSecret = (input: SecretInput) => string;

/** A secret field: a literal, `{ file: "/run/secrets/key" }` or `{ env: "NAME" }`. */
export const secretInput: z.ZodType<SecretInput, SecretInput> = z.union(
  [z.string(), z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })],
  { error: 'expected a text, { "file": "/path" } or { "env": "NAME" }' },
);

/** Whether a field takes one or several secrets, optional or not. */
export function isSecretInput(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodOptional) return isSecretInput(schema.unwrap());
  if (schema instanceof z.ZodPipe) return isSecretInput(schema.out);
  if (schema instanceof z.ZodArray) return isSecretInput(schema.element);
  // Compares definitions, because `describe` makes a copy of the schema with the same definition.
  return (schema as z.ZodType).def === secretInput.def;
}
