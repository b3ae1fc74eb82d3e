import { Text } from "./text.tsx";

/** A JSON value as text. */
export function JsonView({ value, most = 4_000 }: { readonly value: unknown; readonly most?: number }) {
  return (
    <pre tabIndex={0}>
      <Text value={typeof value === "string" ? value : JSON.stringify(value, undefined, 2)} most={most} />
    </pre>
  );
}
