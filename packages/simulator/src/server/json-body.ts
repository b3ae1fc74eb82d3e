import { isUtf8 } from "node:buffer";
import type { SimulatorRequest, Violation } from "./exchange.ts";

export type Parsed = { readonly value: unknown } | { readonly violation: Violation };

export const bodyBytes = (body: Uint8Array | string): number =>
  typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;

const asText = (body: Uint8Array | string): string | undefined => {
  if (typeof body === "string") return body;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // Text that is cut inside a UTF-8 character is refused; toString would hide it behind U+FFFD.
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
};

/** Parses a JSON body. A wrong content type is a violation too: vendors that are lenient today may change that. */
export function parseJsonBody(request: SimulatorRequest, mediaTypes: readonly string[]): Parsed {
  const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === undefined || !mediaTypes.includes(type)) {
    return { violation: { field: "content-type", reason: `must be ${mediaTypes.join(" or ")}` } };
  }
  return parseJson(request.body);
}

/** Parses JSON of any content type. */
export function parseJson(body: Uint8Array | string): Parsed {
  const source = asText(body);
  if (source === undefined) return { violation: { field: "body", reason: "is not UTF-8" } };
  try {
    const value: unknown = JSON.parse(source);
    // Each level takes two characters, so most bodies need no check.
    if (source.length > 2 * maxLevels && isDeeper(value, maxLevels)) {
      return { violation: { field: "body", reason: `is nested deeper than ${maxLevels} levels` } };
    }
    return { value };
  } catch {
    return { violation: { field: "body", reason: "JSON parse error" } };
  }
}

/** No vendor documents a depth. A deeper body could be parsed, but not serialized again. */
const maxLevels = 512;

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)));

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const stringOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
