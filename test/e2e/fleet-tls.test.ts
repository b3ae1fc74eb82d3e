import { postgresPrograms, TestPostgres } from "@tocsin/test";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { selfSigned } from "../../packages/http/test/self-signed.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const password = "password-of-the-ledger";
const encryptionKey = Buffer.alloc(32, 7).toString("base64");
const servers = new AsyncDisposableStack();
const place = servers.use(tempDir());
const own = selfSigned({ names: ["localhost"] });
const foreign = selfSigned({ names: ["localhost"] });
const misnamed = selfSigned({ names: ["db.example.com"] });
let postgres: TestPostgres;
let elsewhere: TestPostgres;
let plain: TestPostgres;

beforeAll(async () => {
  const [programs] = postgresPrograms();
  if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
  const open = async (tls?: { cert: string; key: string }) =>
    servers.use(await TestPostgres.open({ programs, password, ...(tls && { tls }) }));
  [postgres, elsewhere, plain] = await Promise.all([open(own), open(misnamed), open()]);
  for (const [name, text] of Object.entries({
    own: own.cert,
    foreign: foreign.cert,
    misnamed: misnamed.cert,
    password,
  }))
    writeFileSync(join(place.path, name), text);
});
afterAll(() => servers.disposeAsync());

const file = (name: string) => ({ file: join(place.path, name) });
const at = ({ port }: TestPostgres, more = "") => `postgres://postgres@localhost:${port}/postgres${more}`;
const start = (ledger: object, env = {}) => Service.start({ config: { ledger: { encryptionKey, ...ledger } }, env });

/** Whether each of the three connections of a service with this ledger is encrypted. */
async function encrypted(ledger: object, env = {}): Promise<unknown> {
  await using service = await start(ledger, env);
  const client = new pg.Client({ connectionString: postgres.url.replace("postgres@", `postgres:${password}@`) });
  await client.connect();
  const connections = await waitUntil("it has all its connections", async () => {
    const { rows } = await client.query<{ ssl: boolean }>(
      "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'tocsin'",
    );
    return rows.length >= 3 && rows;
  });
  await client.end();
  await service.kill();
  return connections.map(({ ssl }) => ssl);
}

test("a ledger is reached over TLS if its authority is trusted and the server has the requested name", async () => {
  const byFile = { url: at(postgres), tls: { ca: file("own") }, password: file("password") };
  expect(await encrypted(byFile)).toEqual([true, true, true]);
  const env = { LEDGER_PASSWORD: password, LEDGER_CA: own.cert };
  const byEnv = {
    url: at(postgres, "?sslmode=verify-full"),
    password: { env: "LEDGER_PASSWORD" },
    tls: { ca: { env: "LEDGER_CA" } },
  };
  expect(await encrypted(byEnv, env)).toEqual([true, true, true]);
});

const untrusted =
  "the server's certificate is not signed by a trusted authority; name its authority in `ledger.tls.ca`";

test.for([
  ["an authority that did not sign it", () => ({ url: at(postgres), tls: { ca: file("foreign") } }), untrusted],
  ["the system's authorities alone", () => ({ url: at(postgres, "?sslmode=verify-full") }), untrusted],
  [
    "another name",
    () => ({ url: at(elsewhere), tls: { ca: file("misnamed") } }),
    "Host: localhost. is not in the cert's altnames: DNS:db.example.com",
  ],
  [
    "a server that encrypts nothing",
    () => ({ url: at(plain), tls: { ca: file("own") } }),
    "The server does not support SSL connections",
  ],
  [
    "a wrong password",
    () => ({ url: at(postgres), tls: { ca: file("own") }, password: "another-password" }),
    'password authentication failed for user "postgres"',
  ],
] as const)("a ledger is refused behind %s, in a sentence", async ([, ledger, says]) => {
  const refused = await start({ password: file("password"), ...ledger() }).then(
    (service) => service[Symbol.asyncDispose](),
    (error: Error) => error.message,
  );
  expect(refused).toContain(says);
  expect(refused).not.toContain(password);
});

test("verify-ca trusts the authority, whatever the server's name", async () => {
  await using service = await start({
    url: at(elsewhere, "?sslmode=verify-ca"),
    tls: { ca: file("misnamed") },
    password: file("password"),
  });
  expect((await service.get("/readyz")).status).toBe(200);
  await service.kill();
  service.configure({
    ledger: {
      url: at(elsewhere, "?sslmode=verify-ca"),
      tls: { ca: file("own") },
      password: file("password"),
      encryptionKey,
    },
  });
  await expect(service.start()).rejects.toThrow(untrusted);
});
