/** Quotes a text for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

export interface CurlRequest {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly body?: unknown;
}

/** The request as a command. The token comes from the environment of the shell, since the page does not know it. */
export function curlCommand({ method = "GET", url, body }: CurlRequest): string {
  return [
    "curl",
    ...(method === "GET" ? [] : [`-X ${method}`]),
    `-H "Authorization: Bearer $TOCSIN_TOKEN"`,
    ...(body === undefined ? [] : ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
    quoted(url),
  ].join(" ");
}
