import { isIPv6 } from "node:net";
import { isRandomWord } from "./is-random-word.ts";
import {
  authorizationWords,
  ipv4Addresses,
  ipv6Candidates,
  mailAddresses,
  namedSecrets,
  secretShapes,
  urlCredentials,
} from "./secret-shapes.ts";

export interface RedactTextOptions {
  readonly keepIp: boolean;
}

export const redacted = "[redacted]";

/** Longer texts are cut before they are searched; a model sees far less of them. In UTF-16 units. */
const maxLength = 100_000;

const words = /(sha256:)?[\w+/=~.-]{16,}/g;

/** Removes what must not leave from a text: credentials, random words, e-mail addresses, IP addresses. Takes linear time. */
export function redactText(text: string, { keepIp }: RedactTextOptions): string {
  let clean = text.length > maxLength ? text.slice(0, maxLength) : text;
  for (const shape of secretShapes) clean = clean.replace(shape, redacted);
  clean = clean
    .replace(urlCredentials, `://${redacted}@`)
    .replace(authorizationWords, (whole: string, scheme: string, gap: string, value: string) =>
      /^[a-z]+$/i.test(value) ? whole : `${scheme}${gap}${redacted}`,
    )
    .replace(namedSecrets, `$1${redacted}`)
    .replace(mailAddresses, redacted);
  if (!keepIp)
    clean = clean.replace(ipv4Addresses, redacted).replace(ipv6Candidates, (word) => (isIPv6(word) ? redacted : word));
  return clean.replace(words, (word: string, digest: string | undefined) =>
    digest !== undefined && /^sha256:[\da-f]{64}$/.test(word) ? word : withoutRandom(word),
  );
}

/** Of a path or a host with a port, only the random parts are removed. */
function withoutRandom(word: string): string {
  if (!isRandomWord(word)) return word;
  // Base64 has `/` too, so parts are judged alone only if they make a difference.
  const parts = word.split(/([/=])/);
  const judged = parts.map((part) => (isRandomWord(part) ? redacted : part));
  const rest = judged.filter((part) => part !== redacted).join("");
  return judged.includes(redacted) &&
    !isRandomWord(rest) &&
    rest.length < word.length / 2 + 20 &&
    /\.[a-z]{2,}\/|^\//.test(word)
    ? judged.join("")
    : redacted;
}
