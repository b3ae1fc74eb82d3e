import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** A token as the configuration has it: its name, and a hash of its value. */
export interface SessionToken {
  readonly name: string;
  readonly digest: Buffer;
}

/** A session ends this long after the login, seconds. */
export const sessionSeconds = 12 * 3_600;

/** By how much the clocks of replicas may differ, seconds. */
const maxSkewSeconds = 60;

/** Longer values are not read: the name of a token has 100 characters at most. */
const maxCharacters = 2_048;

const version = "v1";

interface SessionKeys {
  readonly signing: Buffer;
  readonly hashing: Buffer;
}

/**
 * Makes and checks the value of the session cookie:
 *
 *     v1.CONTENT.SIGNATURE
 *
 * The content is base64url of `[name of the token, keyed hash of its value, time of the login in seconds]`. Nothing is stored, so that each
 * replica with the key accepts the cookie of another. As the content names the token, a session ends when the token is removed or
 * its value changes. The first key of the ledger signs and all verify, so that a key can be replaced.
 */
export class SessionCookies {
  readonly #keys: readonly SessionKeys[];

  constructor(keys: readonly [Buffer, ...Buffer[]]) {
    this.#keys = keys.map((key) => ({ signing: derive(key, "session"), hashing: derive(key, "session token") }));
  }

  /** Returns the value of a cookie for a login with this token. */
  seal({ name, digest }: SessionToken, nowMs: number): string {
    const [keys] = this.#keys;
    if (keys === undefined) throw new Error("sessions need at least one key");
    const content = JSON.stringify([name, hashOf(digest, keys), Math.floor(nowMs / 1_000)]);
    const signed = `${version}.${Buffer.from(content).toString("base64url")}`;
    return `${signed}.${signatureOf(signed, keys)}`;
  }

  /** Returns the token of a login. Undefined: the value is not ours, is too old, or its token is not among these. */
  tokenOf<T extends SessionToken>(value: string, tokens: readonly T[], nowMs: number): T | undefined {
    if (value.length > maxCharacters) return undefined;
    const end = value.lastIndexOf(".");
    const signed = value.slice(0, Math.max(0, end));
    // Compares texts: different texts of base64url may mean the same bytes.
    const keys = this.#keys.find((one) => isEqual(signatureOf(signed, one), value.slice(end + 1)));
    if (keys === undefined || !signed.startsWith(`${version}.`)) return undefined;
    const content = Buffer.from(signed.slice(version.length + 1), "base64url").toString();
    const [name, hash, issuedAt] = JSON.parse(content) as [string, string, number];
    const age = Math.floor(nowMs / 1_000) - issuedAt;
    if (age >= sessionSeconds || age < -maxSkewSeconds) return undefined;
    // Several tokens may have one name, such as an old and a new one while it is replaced.
    return tokens.find((token) => token.name === name && isEqual(hashOf(token.digest, keys), hash));
  }
}

const derive = (key: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), `tocsin ${purpose} ${version}`, 32));

const signatureOf = (text: string, { signing }: SessionKeys): string =>
  createHmac("sha256", signing).update(text).digest("base64url");

const hashOf = (digest: Buffer, { hashing }: SessionKeys): string =>
  createHmac("sha256", hashing).update(digest).digest("base64url");

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
