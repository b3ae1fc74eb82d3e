import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTls } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { selfSigned } from "../../../../packages/http/test/self-signed.ts";
import { ApiServer } from "./api-server.fixture.ts";
import { KubernetesApi } from "./api.ts";
import type { ConnectionOptions } from "./connection.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-connection-"));
const write = (name: string, content: string | object) => {
  const path = join(dir, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
};
let server: ApiServer;
beforeAll(async () => {
  server = await ApiServer.start();
});
beforeEach(() => {
  server.requests.length = 0;
  server.tokens = new Set(["token-1"]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

const api = (o: Partial<ConnectionOptions>) => new KubernetesApi({ kubeconfig: null, env: { HOME: dir }, ...o });
const list = (one: KubernetesApi) => one.json("/api/v1/namespaces/shop/secrets", {}, new AbortController().signal);
/** Returns the token of a request. */
async function tokenOf(one: KubernetesApi): Promise<string | undefined> {
  await list(one);
  return server.requests.at(-1)?.token;
}
const cluster = () => ({ server: server.url, "certificate-authority-data": Buffer.from(server.ca).toString("base64") });

const kubeconfigOf = (token: string, more: object = {}) =>
  JSON.stringify({
    clusters: [{ name: "c", cluster: cluster() }],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
    ...more,
  });

const base64 = (pem: string) => Buffer.from(pem).toString("base64");

describe("the kubeconfig", () => {
  test("that the configuration names is used first, then KUBECONFIG, the pod's account, and the default path", async () => {
    server.tokens = new Set(["named", "env", "pod", "home"]);
    const named = server.kubeconfig(dir, { token: "named" });
    const fromEnv = join(dir, "env");
    const home = join(dir, "home");
    for (const path of [fromEnv, join(home, ".kube")]) mkdirSync(path, { recursive: true });
    const env = {
      KUBECONFIG: server.kubeconfig(fromEnv, { token: "env" }),
      HOME: home,
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: new URL(server.url).port,
    };
    write("home/.kube/config", JSON.stringify({ ...JSON.parse(kubeconfigOf("home")) }));
    mkdirSync(join(dir, "account"));
    write("account/token", "pod\n");
    write("account/ca.crt", server.ca);
    const accountDir = join(dir, "account");
    const { KUBECONFIG: _, ...pod } = env;
    expect(await tokenOf(api({ kubeconfig: named, env, accountDir }))).toBe("named");
    expect(await tokenOf(api({ env, accountDir }))).toBe("env");
    expect(await tokenOf(api({ env: pod, accountDir }))).toBe("pod");
    expect(await tokenOf(api({ env: { HOME: home }, accountDir }))).toBe("home");
    await expect(list(api({ env: { HOME: "/nowhere" }, accountDir }))).rejects.toThrow(
      "there is no kubeconfig, and Tocsin does not run in a pod with a service account",
    );
  });

  test("may consist of several files; the first that sets a value wins", async () => {
    const users = write("users.json", { users: [{ name: "u", user: { token: "token-1" } }], "current-context": "c" });
    const whole = write("whole.json", kubeconfigOf("wrong", { "current-context": "other" }));
    const kubeconfig = [join(dir, "missing"), users, whole].join(delimiter);
    expect(await tokenOf(api({ env: { KUBECONFIG: kubeconfig } }))).toBe("token-1");
  });

  test.each<[string, string | object | undefined, RegExp]>([
    ["is missing", undefined, /^cannot read .*wrong\.json \(ENOENT\)$/],
    ["is no YAML", '{"users": "s3cret-token', /^the kubeconfig, or the credential that it names, cannot be used$/],
    ["names no cluster", { users: [{ name: "u", user: { token: "s3cret-token" } }] }, /names no current cluster$/],
  ])("that %s is reported without its content", async (_, content, message) => {
    const path = join(dir, "wrong.json");
    rmSync(path, { force: true });
    if (content !== undefined) write("wrong.json", content);
    await expect(list(api({ kubeconfig: path }))).rejects.toThrow(message);
  });

  test("in YAML may name a token file, which is read again after a refusal", async () => {
    write("token", "token-1\n");
    const config = `clusters: [{ name: c, cluster: ${JSON.stringify(cluster())} }]
users: [{ name: u, user: { tokenFile: token, token: stale } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
current-context: c
`;
    const one = api({ kubeconfig: write("config.yaml", config) });
    expect(await tokenOf(one)).toBe("token-1");
    server.tokens = new Set(["token-2"]);
    write("token", "token-2\n");
    await expect(list(one)).rejects.toThrow("HTTP 401");
    expect(await tokenOf(one)).toBe("token-2");
  });

  test("may name a credential plugin, whose output is not repeated", async () => {
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "token-1" },
    };
    const plugin = (name: string, script: string) => {
      const command = write(name, `#!/bin/sh\n${script}\n`);
      chmodSync(command, 0o700);
      return server.kubeconfig(dir, { exec: { apiVersion: credential.apiVersion, command } });
    };
    const good = plugin("plugin", `echo '${JSON.stringify(credential)}'`);
    expect(await tokenOf(api({ kubeconfig: good }))).toBe("token-1");
    const bad = plugin("bad-plugin", "echo s3cret-token >&2; exit 1");
    await expect(list(api({ kubeconfig: bad }))).rejects.toThrow(
      "the kubeconfig, or the credential that it names, cannot be used",
    );
  });

  test("may name a client certificate", async () => {
    const ours = selfSigned({ names: ["tocsin"] });
    const theirs = selfSigned();
    const names: unknown[] = [];
    const secured = createTls({ ...theirs, requestCert: true, ca: [ours.cert] }, (request, response) => {
      names.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
      response.end('{"metadata":{}}');
    });
    await new Promise<void>((resolve) => secured.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = secured.address() as AddressInfo;
      const place = { server: `https://127.0.0.1:${port}`, "certificate-authority-data": base64(theirs.cert) };
      const user = { "client-certificate-data": base64(ours.cert), "client-key": "client.key" };
      write("client.key", ours.key);
      const certified = { clusters: [{ name: "c", cluster: place }], users: [{ name: "u", user }] };
      expect(await list(api({ kubeconfig: write("certified.json", kubeconfigOf("", certified)) }))).toEqual({
        metadata: {},
      });
      expect(names).toEqual(["tocsin"]);
    } finally {
      secured.close();
    }
  });

  test("may use plain http to this machine, such as to kubectl proxy, and to no other", async () => {
    const proxy = createServer((_, response) => response.end('{"metadata":{}}'));
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    try {
      const at = (url: string) =>
        write("http.json", kubeconfigOf("t", { clusters: [{ name: "c", cluster: { server: url } }] }));
      const { port } = proxy.address() as AddressInfo;
      expect(await list(api({ kubeconfig: at(`http://127.0.0.1:${port}`) }))).toEqual({ metadata: {} });
      await expect(list(api({ kubeconfig: at("http://192.0.2.1:8001") }))).rejects.toThrow("cannot be used");
    } finally {
      proxy.close();
    }
  });
});

test("a response that repeats the token is reported without it, also if the text is truncated", async () => {
  const token = "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl";
  for (const filler of [0, 275, 285, 295]) {
    const message = `${"m".repeat(filler)} ${token} ${Buffer.from(token).toString("base64")}`;
    const echo = createServer((_, response) => response.writeHead(500).end(JSON.stringify({ message })));
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    const { port } = echo.address() as AddressInfo;
    const clusters = [{ name: "c", cluster: { server: `http://127.0.0.1:${port}` } }];
    const failure = await list(api({ kubeconfig: write("echo", kubeconfigOf(token, { clusters })) })).catch(String);
    expect(failure).toContain("the server failed (HTTP 500)");
    expect(failure).not.toContain(token.slice(0, 6));
    expect(failure).not.toContain(Buffer.from(token).toString("base64").slice(0, 6));
    echo.close();
  }
});
