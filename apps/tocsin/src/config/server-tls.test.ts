import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { selfSigned } from "../../../../packages/http/test/self-signed.ts";
import { ConfigError } from "./config-error.ts";
import { readConfig } from "./config.ts";
import { certificateWarnings } from "./certificates.ts";
import { serverExpiries, type ServerTls } from "./server-tls.ts";

const own = selfSigned();
const other = selfSigned();
const clients = [{ name: "am", san: "am.example", roles: ["ingest"] }];

function issuesOf(server: object, others: object = {}): string[] {
  try {
    readConfig({ server, ...others }, { dir: "/nowhere", env: {} });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
}

const encrypted = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
  type: "pkcs8",
  format: "pem",
  cipher: "aes-256-cbc",
  passphrase: "secret",
});
const weak = generateKeyPairSync("rsa", { modulusLength: 512 }).privateKey.export({ type: "pkcs8", format: "pem" });
const broken = own.cert.replace(/\n[^\n]{20}/, "\nAAAAAAAAAAAAAAAAAAAA");

describe("a start is refused with one sentence that names the key", () => {
  const expectedKey = "server.tls.key: expected a private key as PEM, without a passphrase";
  const expectedCert = "server.tls.cert: expected a certificate as PEM, followed by its intermediates";
  const foreignKey = "server.tls.key: does not belong to the certificate in `server.tls.cert`";

  test.each<[string, object, string[]]>([
    [
      "no certificate",
      { key: own.key },
      ['server.tls.cert: expected a text, { "file": "/path" } or { "env": "NAME" }'],
    ],
    [
      "a missing file",
      { cert: { file: "tls.crt" }, key: own.key },
      ["server.tls.cert: cannot read /nowhere/tls.crt: ENOENT"],
    ],
    ["a text that is no certificate", { cert: "text", key: own.key }, [expectedCert]],
    ["a key in place of the certificate", { cert: own.key, key: own.key }, [expectedCert]],
    ["a broken certificate", { cert: broken, key: own.key }, [expectedCert]],
    ["a broken intermediate", { cert: own.cert + broken, key: own.key }, [expectedCert]],
    ["a cut intermediate", { cert: own.cert + other.cert.slice(0, 200), key: own.key }, [expectedCert]],
    ["a certificate in place of the key", { cert: own.cert, key: own.cert }, [expectedKey]],
    ["an encrypted key", { cert: own.cert, key: encrypted }, [expectedKey]],
    ["the key of another certificate", { cert: own.cert, key: other.key }, [foreignKey]],
    ["a key of another kind", { cert: own.cert, key: weak }, [foreignKey]],
    ["a version that is not secure", { ...own, minVersion: "1.1" }, ['server.tls.minVersion: expected "1.2" or "1.3"']],
    ["an unknown key", { ...own, ciphers: "ALL" }, ["server.tls.ciphers: unknown key"]],
  ])("%s", (_, tls, issues) => {
    expect(issuesOf({ tls })).toEqual(issues.map((issue) => expect.stringContaining(issue)));
  });

  test("authorities that are no certificates, or broken ones", () => {
    for (const clientCa of ["text", own.key, own.cert + broken])
      expect(issuesOf({ tls: { ...own, clientCa }, auth: { clients } })).toEqual([
        "server.tls.clientCa: expected the certificates of authorities as PEM",
      ]);
  });

  test("authorities without clients, clients without authorities, and clients with disabled authentication", () => {
    const tls = { ...own, clientCa: other.cert };
    expect(issuesOf({ tls })).toEqual([
      "server.tls.clientCa: needs `server.auth.clients`, which says what each client may do",
    ]);
    expect(issuesOf({ tls: own, auth: { clients } })).toEqual([
      "server.auth.clients: needs `server.tls.clientCa`, which checks the certificates of clients",
    ]);
    expect(issuesOf({ tls, auth: { clients, disabled: true } })).toEqual([
      "server.auth.disabled: must not be true if there are clients",
    ]);
  });
});

test("clients with certificates protect a listener beyond loopback, TLS alone does not", () => {
  const listen = "0.0.0.0:9877";
  expect(issuesOf({ listen, tls: { ...own, clientCa: other.cert }, auth: { clients } })).toEqual([]);
  expect(issuesOf({ listen, tls: own })).toEqual([expect.stringMatching(/^server\.listen: listening beyond loopback/)]);
});

describe("a source that demands a signature", () => {
  const tokens = [{ name: "ci", token: "t".repeat(32), roles: ["ingest"] }];
  const issue = "sources[0].name: must be the name of a token or client with the role `ingest`, because `hmac` is set";

  test.each<[string, object, string, string[]]>([
    ["may have the name of a client", { clients }, "am", []],
    ["may have the name of a client beside tokens", { clients, tokens }, "am", []],
    ["may have the name of a token beside clients", { clients, tokens }, "ci", []],
    ["must not have another name if there are only clients", { clients }, "grafana", [issue]],
    [
      "must not have the name of a client that only reads",
      { clients: [{ ...clients[0], roles: ["read"] }] },
      "am",
      [issue],
    ],
  ])("%s", (_, auth, name, issues) => {
    const sources = [{ name, hmac: { secret: "signing-secret" } }];
    expect(issuesOf({ tls: { ...own, clientCa: other.cert }, auth }, { sources })).toEqual(issues);
  });
});

test("an expired certificate does not prevent a start", () => {
  expect(issuesOf({ tls: selfSigned({ fromMs: 0, toMs: 86_400_000 }) })).toEqual([]);
});

const hourMs = 3_600_000;
const until = (hours: number) => selfSigned({ fromMs: 0, toMs: hours * hourMs }).cert;

describe("the validity of the certificates", () => {
  const tls: ServerTls = {
    cert: until(3) + until(2),
    key: own.key,
    clientCa: until(5) + until(4),
    minVersion: "1.2",
  };

  test("ends with the first certificate of a file that expires", () => {
    expect(serverExpiries(tls).map(({ name, validToMs }) => [name, validToMs / hourMs])).toEqual([
      ["server.tls.cert", 2],
      ["server.tls.clientCa", 4],
    ]);
    expect(serverExpiries(undefined)).toEqual([]);
  });

  test("has a warning outside of its time", () => {
    expect(certificateWarnings(serverExpiries(tls), 1 * hourMs)).toEqual([]);
    expect(certificateWarnings(serverExpiries(tls), 2 * hourMs)).toEqual([
      "server.tls.cert: a certificate expired at 1970-01-01T02:00:00.000Z",
    ]);
    expect(certificateWarnings(serverExpiries(tls), 4 * hourMs)).toHaveLength(2);
    expect(certificateWarnings(serverExpiries(tls), -hourMs)[0]).toBe(
      "server.tls.cert: a certificate is not valid before 1970-01-01T00:00:00.000Z",
    );
  });
});
