import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

const version = "v1";
const ivBytes = 12;
const tagBytes = 16;

/**
 * Encrypts the credentials of targets in the ledger. With several keys, the first encrypts and all decrypt, so that a key can
 * be replaced while incidents that it sealed are open. Identities are derived from the last key, which such a replacement
 * keeps.
 */
export class CredentialVault {
  readonly #sealing: readonly Buffer[];
  readonly #naming: Buffer;

  constructor(keys: readonly [Buffer, ...Buffer[]]) {
    this.#sealing = keys.map((key) => derive(key, "seal"));
    this.#naming = derive(keys.at(-1) ?? keys[0], "identity");
  }

  /** Encrypts with AES-256-GCM and a random nonce: `v1.` and base64url of nonce, tag and text. */
  seal(text: string): string {
    const [key] = this.#sealing;
    if (key === undefined) throw new Error("a vault has at least one key");
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv("aes-256-gcm", key, iv);
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return `${version}.${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url")}`;
  }

  /** Decrypts. Undefined if none of our keys fits, or the text was changed. */
  open(sealed: string): string | undefined {
    if (!sealed.startsWith(`${version}.`)) return undefined;
    const bytes = Buffer.from(sealed.slice(version.length + 1), "base64url");
    if (bytes.byteLength < ivBytes + tagBytes) return undefined;
    const iv = bytes.subarray(0, ivBytes);
    const tag = bytes.subarray(ivBytes, ivBytes + tagBytes);
    for (const key of this.#sealing) {
      const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
      decipher.setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString("utf8");
      } catch {
        // Encrypted with another key, or not encrypted by us.
      }
    }
    return undefined;
  }

  /** Returns an identity for a secret: the same for the same text, without revealing anything of it. */
  identity(
    kind: "endpoint" | "credential" | "access" | "trial" | "drill" | "ledger" | "reader" | "own alert",
    text: string,
  ): string {
    return createHmac("sha256", this.#naming).update(`${kind}\0${text}`).digest("base64url").slice(0, 22);
  }
}

const derive = (key: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), `tocsin ${purpose} ${version}`, 32));
