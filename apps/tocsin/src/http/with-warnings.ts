/** Adds `warnings` to the body of an answer if there are any. */
export const withWarnings = <Body extends object>(
  body: Body,
  warnings: readonly string[],
): Body & { readonly warnings?: readonly string[] } => ({ ...body, ...(warnings.length > 0 && { warnings }) });
