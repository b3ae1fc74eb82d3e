import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { keyFile } from "../config/key-file.ts";
import { CredentialVault } from "./credential-vault.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-vault-"));
afterAll(() => rmSync(dir, { recursive: true }));

const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const text = '{"routingKey":"0123456789abcdef0123456789abcdef","name":"é\u{1F514}"}';

describe("a vault", () => {
  test("decrypts what it encrypted, and the result reveals nothing", () => {
    const vault = new CredentialVault([first]);
    const sealed = vault.seal(text);
    expect(vault.open(sealed)).toBe(text);
    expect(sealed).not.toContain("0123456789abcdef");
    expect(Buffer.from(sealed.slice(3), "base64url").toString("latin1")).not.toContain("routingKey");
    expect(vault.seal(text)).not.toBe(sealed);
  });

  test("decrypts with any of its keys, encrypts with the first, and does not decrypt with a foreign key", () => {
    const [old, rotated, only] = [
      new CredentialVault([first]),
      new CredentialVault([second, first]),
      new CredentialVault([second]),
    ];
    expect(rotated.open(old.seal(text))).toBe(text);
    expect(only.open(rotated.seal(text))).toBe(text);
    expect(only.open(old.seal(text))).toBeUndefined();
  });

  test("does not decrypt a changed or truncated text, or one that is not encrypted", () => {
    const vault = new CredentialVault([first]);
    const sealed = vault.seal(text);
    const bytes = Buffer.from(sealed.slice(3), "base64url");
    for (let at = 0; at < bytes.byteLength; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect(vault.open(`v1.${changed.toString("base64url")}`)).toBeUndefined();
    }
    for (const wrong of ["", "v1.", "v1.AAAA", "v2.AAAA", sealed.slice(0, -3)])
      expect(vault.open(wrong)).toBeUndefined();
  });

  test("keeps identities of secrets after a new first key, and separates endpoints from credentials", () => {
    const [old, rotated] = [new CredentialVault([first]), new CredentialVault([second, first])];
    expect(rotated.identity("credential", "key")).toBe(old.identity("credential", "key"));
    expect(old.identity("credential", "key")).not.toBe(old.identity("endpoint", "key"));
    expect(old.identity("credential", "key")).not.toBe(new CredentialVault([second]).identity("credential", "key"));
    expect(old.identity("credential", "key")).toMatch(/^[\w-]{22}$/);
  });
});

describe("a key file", () => {
  test("is created once, readable by its owner only", () => {
    const path = join(dir, "new", "tocsin.db.key");
    const made = keyFile(path);
    expect(made.made).toBe(true);
    expect(made.key.byteLength).toBe(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(keyFile(path)).toEqual({ key: made.key, made: false });
    expect(Buffer.from(readFileSync(path, "utf8"), "base64")).toEqual(made.key);
  });

  test("that holds something else is refused and not changed", () => {
    const path = join(dir, "wrong.key");
    writeFileSync(path, "not a key\n");
    expect(() => keyFile(path)).toThrow("expected 32 bytes in base64");
    expect(readFileSync(path, "utf8")).toBe("not a key\n");
  });
});
