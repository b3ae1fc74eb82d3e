import { request } from "node:http";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { VirtualClock } from "@tocsin/test";
import type { FastifyReply, FastifyRequest } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startService, type TestService } from "../service.fixture.ts";
import { ServedConsole } from "./served-console.ts";

const browser = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

interface Served {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Unlike fetch, leaves the body as it was sent. */
const get = ({ tocsin }: TestService, path: string, headers: Record<string, string> = browser, method = "GET") =>
  new Promise<Served>((resolve, reject) => {
    request({ ...tocsin.address, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.once("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    })
      .once("error", reject)
      .end();
  });

const filesIn = (html: Buffer): string[] =>
  Array.from(html.toString().matchAll(/ (?:src|href)="([^"]*\/assets\/[^"]+)"/g), ([, path = ""]) => path);

const screens = [
  "/",
  "/?x=1",
  "/incidents",
  "/incidents/",
  "/incidents/5",
  "/alerts",
  "/targets",
  "/targets/pager",
  "/targets/team-a/pager",
  "/targets/team-a%2Fpager",
  "/deadletters",
  "/deadletters/7",
  "/whatif",
];

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

describe.each(["", "/team.a/tocsin"])("a service with the base path %j", (base) => {
  let service: TestService;
  let index: Served;
  beforeAll(async () => {
    const tokens = [{ name: "people", token: "people-token", roles: ["read"] }];
    const server = { listen: "127.0.0.1:0", auth: { tokens }, ...(base !== "" && { basePath: base }) };
    service = await startService(() => ({ server }));
    index = await get(service, base === "" ? "/" : base);
  }, 120_000);
  afterAll(() => service[Symbol.asyncDispose]());

  test("answers a browser with one page for all screens, without a login; data needs one", async () => {
    expect([index.status, index.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(index.body.toString()).toContain(`<html data-base="${base}"`);
    for (const path of screens) {
      const { status, body } = await get(service, base + path);
      expect([path, status, body.equals(index.body)]).toEqual([path, 200, true]);
    }
    expect((await get(service, `${base}/api/v1/incidents`)).status).toBe(401);
  });

  test("forbids everything that the page does not need", async () => {
    for (const path of ["/", "/incidents/5", ...filesIn(index.body).map((file) => file.slice(base.length))]) {
      const { status, headers } = await get(service, base + path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers).toMatchObject({
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      });
    }
    expect(index.body.toString()).not.toMatch(/<style|<base|\son\w+=|\sstyle=|<script(?![^>]*\ssrc=)/);
  });

  test("names files by absolute paths, which browsers keep; they ask again for the page itself", async () => {
    const files = filesIn(index.body);
    expect(files.some((file) => file.endsWith(".js"))).toBe(true);
    expect(files.some((file) => file.endsWith(".css"))).toBe(true);
    for (const file of files) {
      expect(file.startsWith(`${base}/assets/`)).toBe(true);
      const { headers } = await get(service, file);
      expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
      expect(headers["content-type"]).toMatch(file.endsWith(".js") ? /^text\/javascript;/ : /^text\/css;/);
    }
    expect(index.headers["cache-control"]).toBe("no-cache");
  });

  test("sends a file that the browser has only once", async () => {
    const { etag } = index.headers as { etag: string };
    expect(etag).toMatch(/^"[\w-]+"$/);
    for (const known of [etag, `W/${etag}`, `"a", ${etag}`]) {
      const again = await get(service, `${base}/incidents/9`, { ...browser, "if-none-match": known });
      expect([again.status, again.body.length, again.headers["content-security-policy"]]).toEqual([304, 0, policy]);
    }
    expect((await get(service, `${base}/`, { ...browser, "if-none-match": '"other"' })).status).toBe(200);
  });

  test("compresses as the browser accepts it", async () => {
    const [script = ""] = filesIn(index.body);
    const plain = await get(service, script);
    const answerIn = async (accepted: string) => {
      const { headers, body } = await get(service, script, { "accept-encoding": accepted });
      expect(headers["vary"]).toContain("accept-encoding");
      return { encoding: headers["content-encoding"], etag: headers["etag"], body };
    };
    const brotli = await answerIn("gzip, deflate, br");
    const gzip = await answerIn("br;q=0, gzip;q=0.5");
    expect([brotli.encoding, gzip.encoding]).toEqual(["br", "gzip"]);
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(gzip.body.length).toBeLessThan(plain.body.length / 2);
    expect(new Set([brotli.etag, gzip.etag, plain.headers["etag"]]).size).toBe(3);
    for (const accepted of ["identity", "", "*;q=0", "gzip;q=0, br;q=0.0"])
      expect((await answerIn(accepted)).encoding).toBeUndefined();
  });

  test("answers HEAD, and other methods with 405", async () => {
    const head = await get(service, `${base}/incidents`, browser, "HEAD");
    expect([head.status, head.body.length, head.headers["content-length"]]).toEqual([200, 0, `${index.body.length}`]);
    expect((await get(service, `${base}/incidents`, browser, "POST")).headers).toMatchObject({ allow: "GET, HEAD" });
  });

  test("has no other files", async () => {
    const paths = [
      "/assets/x.js",
      "/assets/",
      "/assets/..%2Findex.html",
      "/assets/../index.html",
      "/index.html",
      "/now",
    ];
    for (const path of paths) expect([path, (await get(service, base + path)).status]).toEqual([path, 404]);
  });

  test("answers other programs with the list of endpoints", async () => {
    for (const headers of [{ accept: "*/*" }, {}, { accept: "application/json" }] as Record<string, string>[]) {
      const { headers: answered, body } = await get(service, `${base}/`, headers);
      expect(answered).toMatchObject({ "content-type": "text/plain; charset=utf-8", vary: "accept" });
      expect(body.toString()).toMatch(/^Tocsin \S+ runs here\.\n\nGET {4}\/ /);
    }
  });
});

/** Returns the status and the body of an answer. */
async function indexOf(served: ServedConsole): Promise<[number, string]> {
  let status = 200;
  const reply = {
    code: (code: number) => ((status = code), reply),
    type: () => reply,
    header: () => reply,
    headers: () => reply,
  };
  const body = await served.index({ headers: {} } as FastifyRequest, reply as unknown as FastifyReply);
  return [status, body.toString()];
}

describe("the page", () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-console-"));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), '<html><script src="./assets/a-12345678.js"></script></html>');
  writeFileSync(join(folder, "assets/a-12345678.js"), "a");
  afterAll(() => rmSync(folder, { recursive: true }));

  test("is found once, at the first request, however many come at the same time", async () => {
    let found = 0;
    const served = new ServedConsole({
      basePath: "/tocsin",
      log: { error: () => {} },
      clock: new VirtualClock(),
      folder: async () => (found++, folder),
    });
    expect(found).toBe(0);
    const answers = await Promise.all([indexOf(served), indexOf(served), indexOf(served)]);
    const html = '<html data-base="/tocsin"><script src="/tocsin/assets/a-12345678.js"></script></html>';
    expect([found, answers]).toEqual([
      1,
      [
        [200, html],
        [200, html],
        [200, html],
      ],
    ]);
  });

  test("that cannot be built is a clear text and a line in the log, and is tried again after ten seconds", async () => {
    const clock = new VirtualClock();
    const lines: unknown[] = [];
    let isBroken = true;
    const served = new ServedConsole({
      basePath: undefined,
      log: { error: (fields) => void lines.push(fields) },
      clock,
      folder: async () => {
        if (isBroken) throw new Error("vite is missing");
        return folder;
      },
    });
    const [status, text] = await indexOf(served);
    expect(status).toBe(503);
    expect(text).toMatch(/not available; the API works\.\n\nvite is missing\n\n.*npm ci/);
    isBroken = false;
    expect((await indexOf(served))[0]).toBe(503);
    expect(lines).toMatchObject([{ event: "console_unavailable" }]);
    await clock.advance(10_000);
    expect((await indexOf(served))[0]).toBe(200);
  });
});
