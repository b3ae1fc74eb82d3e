const prefix = "payload=";

/**
 * Returns the JSON in a form with the field `payload`, which GitHub sends if the content type of a webhook was not changed. Any
 * other body is returned as it is.
 */
export function payloadOfForm(body: Buffer): Buffer {
  if (!body.subarray(0, prefix.length).equals(Buffer.from(prefix))) return body;
  const [field = ""] = body.toString().split("&", 1);
  try {
    return Buffer.from(decodeURIComponent(field.slice(prefix.length).replaceAll("+", " ")));
  } catch {
    return body;
  }
}
