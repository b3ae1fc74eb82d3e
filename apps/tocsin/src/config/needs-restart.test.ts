import { expect, test } from "vitest";
import { selfSigned } from "../../../../packages/http/test/self-signed.ts";
import { readConfig } from "./config.ts";
import { needsRestart } from "./needs-restart.ts";

const key = (byte: number) => Buffer.alloc(32, byte).toString("base64");
const postgres = (more: object = {}) => ({
  ledger: { url: "postgres://tocsin@db/tocsin", password: "a", encryptionKey: key(1), tls: { ca: "CA" }, ...more },
});
const [first, second] = [selfSigned(), selfSigned()];
const tls = (pair: object) => ({ server: { tls: pair } });
const mutual = (clientCa: string) => ({
  server: { tls: { ...first, clientCa }, auth: { clients: [{ name: "a", san: "a.example", roles: ["read"] }] } },
});
const traces = (more: object = {}) => ({ telemetry: { traces: { otlp: "http://me:a@otlp", ...more } } });
const read = (input: object) => readConfig(input, { dir: "/srv", env: {} });

test.each<[string, object, object, string[]]>([
  ["nothing", {}, {}, []],
  ["a target", {}, { targets: [{}] }, []],
  ["a token", {}, { server: { auth: { tokens: [{ name: "a", token: "t", roles: ["read"] }] } } }, []],
  ["the address", {}, { server: { listen: "127.0.0.1:1" } }, ["server.listen"]],
  ["the address of the probes", {}, { server: { probes: { listen: ":9879" } } }, ["server.probes.listen"]],
  ["the base path", {}, { server: { basePath: "/tocsin" } }, ["server.basePath"]],
  ["HTTP to HTTPS", {}, tls(first), ["server.tls"]],
  ["the certificate and its key", tls(first), tls(second), []],
  ["the lowest version of TLS", tls(first), tls({ ...first, minVersion: "1.3" }), []],
  ["whether clients are asked for a certificate", tls(first), mutual(first.cert), ["server.tls.clientCa"]],
  ["the authority of client certificates", mutual(first.cert), mutual(second.cert), []],
  ["the ledger's file", {}, { ledger: { url: "sqlite:other.db" } }, ["ledger.url"]],
  ["the kind of ledger", {}, postgres(), ["ledger.url", "ledger.encryptionKey", "ledger.password", "ledger.tls.ca"]],
  ["the database's password", postgres(), postgres({ password: "b" }), ["ledger.password"]],
  ["the database's authority", postgres(), postgres({ tls: { ca: "OTHER" } }), ["ledger.tls.ca"]],
  ["the database's host", postgres(), postgres({ url: "postgres://tocsin@other/tocsin" }), ["ledger.url"]],
  ["a key", postgres(), postgres({ encryptionKey: [key(2), key(1)] }), ["ledger.encryptionKey"]],
  ["a key that stays", postgres(), postgres({ encryptionKey: [key(1)] }), []],
  ["a limit", {}, { delivery: { retry: { max: "1m" }, concurrency: 2 } }, ["delivery.retry", "delivery.concurrency"]],
  ["the collector of traces", {}, traces(), ["telemetry.traces"]],
  ["the password of the collector", traces(), traces({ otlp: "http://me:b@otlp" }), ["telemetry.traces"]],
  ["the share of traces", traces(), traces({ sample: 0.1 }), ["telemetry.traces"]],
  ["nothing of the traces", traces(), traces(), []],
  ["the level of logs", {}, { telemetry: { logs: { level: "debug" } } }, []],
])("a change of %s needs a restart if the service cannot apply it", (_, before, after, keys) => {
  expect(needsRestart(read(before), read(after)).toSorted()).toEqual(keys.toSorted());
});
