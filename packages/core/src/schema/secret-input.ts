import { z } from "zod";

/** A secret as the user writes it: itself, or where to read it. */
export type SecretInput = string | { file: string } | { env: string };

/**
 * Gives a secret's value. Injected, for core does no I/O.
 *
 * @throws Error with a plain reason ("cannot read /run/secrets/key: no such file") that holds nothing secret
 */
export type ReadSecret = (input: SecretInput) => string;

/** A secret field: a literal, `{ file: "/run/secrets/key" }` or `{ env: "NAME" }`. */
export const secretInput: z.ZodType<SecretInput, SecretInput> = z.union(
  [z.string(), z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })],
  { error: 'expected a text, { "file": "/path" } or { "env": "NAME" }' },
);

/** Whether a field takes a secret, or several, optional or not. */
export function isSecretInput(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodOptional) return isSecretInput(schema.unwrap());
  if (schema instanceof z.ZodPipe) return isSecretInput(schema.out);
  if (schema instanceof z.ZodArray) return isSecretInput(schema.element);
  // A described schema is a copy with the same definition.
  return (schema as z.ZodType).def === secretInput.def;
}
