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
  test("opens what it sealed, and shows nothing of it", () => {
    const vault = new CredentialVault([first]);
    const sealed = vault.seal(text);
    expect(vault.open(sealed)).toBe(text);
    expect(sealed).not.toContain("0123456789abcdef");
    expect(Buffer.from(sealed.slice(3), "base64url").toString("latin1")).not.toContain("routingKey");
    expect(vault.seal(text)).not.toBe(sealed);
  });

  test("opens with any of its keys, seals with the first, and opens nothing of a stranger", () => {
    const [old, rotated, only] = [
      new CredentialVault([first]),
      new CredentialVault([second, first]),
      new CredentialVault([second]),
    ];
    expect(rotated.open(old.seal(text))).toBe(text);
    expect(only.open(rotated.seal(text))).toBe(text);
    expect(only.open(old.seal(text))).toBeUndefined();
  });

  test("opens nothing that was changed, cut, or is no seal", () => {
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

  test("names secrets alike after a new key was put first, and endpoints apart from credentials", () => {
    const [old, rotated] = [new CredentialVault([first]), new CredentialVault([second, first])];
    expect(rotated.identity("credential", "key")).toBe(old.identity("credential", "key"));
    expect(old.identity("credential", "key")).not.toBe(old.identity("endpoint", "key"));
    expect(old.identity("credential", "key")).not.toBe(new CredentialVault([second]).identity("credential", "key"));
    expect(old.identity("credential", "key")).toMatch(/^[\w-]{22}$/);
  });
});

describe("a key file", () => {
  test("is made once, for its owner alone", () => {
    const path = join(dir, "new", "tocsin.db.key");
    const made = keyFile(path);
    expect(made.made).toBe(true);
    expect(made.key.byteLength).toBe(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(keyFile(path)).toEqual({ key: made.key, made: false });
    expect(Buffer.from(readFileSync(path, "utf8"), "base64")).toEqual(made.key);
  });

  test("that holds something else is refused and left as it is", () => {
    const path = join(dir, "wrong.key");
    writeFileSync(path, "not a key\n");
    expect(() => keyFile(path)).toThrow("expected 32 bytes in base64");
    expect(readFileSync(path, "utf8")).toBe("not a key\n");
  });
});
