import { expect, test } from "vitest";
import { readConfig } from "./config.ts";
import { needsRestart } from "./needs-restart.ts";

const key = (byte: number) => Buffer.alloc(32, byte).toString("base64");
const postgres = (more: object = {}) => ({
  ledger: { url: "postgres://tocsin@db/tocsin", password: "a", encryptionKey: key(1), tls: { ca: "CA" }, ...more },
});
const read = (input: object) => readConfig(input, { dir: "/srv", env: {} });

test.each<[string, object, object, string[]]>([
  ["nothing", {}, {}, []],
  ["a target", {}, { targets: [{}] }, []],
  ["a token", {}, { server: { auth: { tokens: [{ name: "a", token: "t", roles: ["read"] }] } } }, []],
  ["the address", {}, { server: { listen: "127.0.0.1:1" } }, ["server.listen"]],
  ["the base path", {}, { server: { basePath: "/tocsin" } }, ["server.basePath"]],
  ["the ledger's file", {}, { ledger: { url: "sqlite:other.db" } }, ["ledger.url"]],
  ["the kind of ledger", {}, postgres(), ["ledger.url", "ledger.encryptionKey", "ledger.password", "ledger.tls.ca"]],
  ["the database's password", postgres(), postgres({ password: "b" }), ["ledger.password"]],
  ["the database's authority", postgres(), postgres({ tls: { ca: "OTHER" } }), ["ledger.tls.ca"]],
  ["the database's host", postgres(), postgres({ url: "postgres://tocsin@other/tocsin" }), ["ledger.url"]],
  ["a key", postgres(), postgres({ encryptionKey: [key(2), key(1)] }), ["ledger.encryptionKey"]],
  ["a key that stays", postgres(), postgres({ encryptionKey: [key(1)] }), []],
  ["a limit", {}, { delivery: { retry: { max: "1m" }, concurrency: 2 } }, ["delivery.retry", "delivery.concurrency"]],
  ["the level of logs", {}, { telemetry: { logs: { level: "debug" } } }, []],
])("a change of %s needs a restart if the service cannot apply it", (_, before, after, keys) => {
  expect(needsRestart(read(before), read(after)).toSorted()).toEqual(keys.toSorted());
});
