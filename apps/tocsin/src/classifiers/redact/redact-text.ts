import { isIPv4, isIPv6 } from "node:net";
import { looksSecret } from "./looks-secret.ts";

export const marks = { secret: "[secret]", email: "[email]", ip: "[ip]" } as const;

export interface RedactTextOptions {
  readonly keepIp: boolean;
}

/** More of a text is not read, and not sent. */
const maxLength = 20_000;

const pem = /-----BEGIN [^-\n]{1,80}-----[^]*?(?:-----END [^-\n]{1,80}-----|$)/g;

/** `password=…`, `"token": "…"`, `Authorization: Bearer …`: the value is removed, whatever it looks like. */
const assigned =
  /((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|apikey|access[_-]?key(?:[_-]?id)?|private[_-]?key|routing[_-]?key|integration[_-]?key|service[_-]?key|account[_-]?key|sharedaccesskey|client[_-]?secret|credentials?|authorization|auth|cookie|session(?:[_-]?id)?|signature|sig)(?:\\{0,8}["'])?\s{0,3}(?:=>|[=:]|%3D)\s{0,3})(?:(?:bearer|basic|token|digest)\s{1,3})?(\\{1,8}"[^"\\]{0,2000}|"[^"]{0,2000}"|'[^']{0,2000}'|[^\s,;&"'}\])]+)/gi;

/** `--password …`, as in a command line. */
const option = /(--?(?:password|passwd|token|secret|api-?key)\s{1,3})[^\s"'-][^\s"']*/gi;

/** `user:password@host` without a scheme, also as the drivers of Go write it. An image's tag stands before its digest. */
const userinfo = /[\w.-]{1,64}:[^\s@/:"'()[\]]{1,256}@(?!sha\d)(?=[\w[(])/g;

/** A routing key of PagerDuty that is no hexadecimal number. */
const routingKey = /(?<!\w)R[0-9A-Z]{31}(?!\w)/g;

/** `Bearer …` without a name before it. */
const scheme = /\b(bearer|basic)(\s{1,3})(?=[\w+/.~-]{0,200}[\d=])[\w+/=.~-]{8,}/gi;

const url = /\b([a-z][a-z0-9+.-]{1,30}):\/\/([^\s"'<>`]{1,4000})/gi;

/** `dir@1004.service` is a unit of systemd. */
const email =
  /[\w.!#$%&'*+/=?^{|}~-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}(?!service\b|socket\b|timer\b|mount\b|device\b|slice\b|scope\b)[a-z]{2,24}\b/gi;

/** Digits and dots, or hexadecimal groups and colons; whether it is an address is decided by `node:net`. */
const v4 = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)/g;
const v6 = /(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}(?![\w:])/gi;

/** What no word contains: words are judged one by one. */
const word = /[^\s"'`<>()[\]{},;|]+/g;

/** Removes credentials, e-mail addresses and IP addresses from a text. Pure; its time is linear in the length of the text. */
export function redactText(text: string, { keepIp }: RedactTextOptions): string {
  let redacted = text
    .slice(0, maxLength)
    .replaceAll(pem, marks.secret)
    .replaceAll(url, (_, name: string, rest: string) => `${name}://${redactedUrl(rest)}`)
    .replaceAll(assigned, (_, name: string) => `${name}${marks.secret}`)
    .replaceAll(option, `$1${marks.secret}`)
    .replaceAll(userinfo, `${marks.secret}@`)
    .replaceAll(routingKey, marks.secret)
    .replaceAll(scheme, (_, name: string, space: string) => `${name}${space}${marks.secret}`)
    .replaceAll(email, marks.email);
  if (!keepIp)
    redacted = redacted
      .replaceAll(v4, (address) => (isIPv4(address) ? marks.ip : address))
      .replaceAll(v6, (address) => (isIPv6(address) ? marks.ip : address));
  return redacted.replaceAll(word, redactedWord);
}

/** Host and path stay. A user, a password, a query and a fragment may be credentials; so may a part of the path. */
function redactedUrl(rest: string): string {
  const [place = ""] = rest.split(/[?#]/, 1);
  const slash = place.indexOf("/");
  const authority = slash === -1 ? place : place.slice(0, slash);
  const path = slash === -1 ? "" : place.slice(slash);
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  return host + path.split("/").map(redactedWord).join("/");
}

const redactedWord = (one: string): string => {
  if (!looksSecret(one)) return one;
  // `name=value` and `name:value`: the name stays.
  const [, name = ""] = /^([a-z][\w.-]{0,40}[=:])(?!\/)/i.exec(one) ?? [];
  return name !== "" && !looksSecret(name) && one.length > name.length ? `${name}${marks.secret}` : marks.secret;
};
