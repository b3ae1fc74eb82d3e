import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startService, type TestService } from "../../apps/tocsin/src/service.fixture.ts";
import { selfSigned } from "../../packages/http/test/self-signed.ts";
import { hasChromium, openChromium } from "../support/chromium.ts";
import { waitUntil } from "../support/wait-until.ts";

const people = { name: "people", token: "people=of-the-night", roles: ["ingest", "read", "operate"] };
const bearer = { authorization: `Bearer ${people.token}` };

const firing = {
  alerts: [{ status: "firing", labels: { alertname: "DiskFull", severity: "critical" }, fingerprint: "disk" }],
};

/** A service that needs a token, with one incident. */
async function guarded(server: object = {}): Promise<TestService> {
  return startService(() => ({ server: { listen: "127.0.0.1:0", auth: { tokens: [people] }, ...server } }));
}

/** Logs in as a person does: with the keyboard, on the first screen. */
async function logIn(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator("input[type=password]").focus();
  await page.keyboard.type(people.token);
  await page.keyboard.press("Enter");
  await page.locator("input[type=password]").waitFor({ state: "detached" });
}

interface Asked {
  readonly method?: string;
  readonly mode?: "no-cors";
  readonly credentials?: "include";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks with the cookies of the page, as its scripts do. Returns the status, or 0 if the browser shows no answer. */
const statusIn = (page: Page, url: string, asked: Asked = {}): Promise<number> =>
  page.evaluate<number>(
    `fetch(${JSON.stringify(url)}, ${JSON.stringify(asked)}).then(({ status }) => status, () => 0)`,
  );

describe.skipIf(!hasChromium())("a person in a browser", () => {
  let browser: Browser;
  let service: TestService;
  let context: BrowserContext;
  let page: Page;
  let url: string;
  let attacker: Server;
  let attackerPort: number;
  beforeAll(async () => {
    browser = await openChromium(["--host-resolver-rules=MAP evil.example 127.0.0.1"]);
    service = await guarded();
    url = `http://localhost:${service.tocsin.address.port}`;
    await service.ask("POST", "/api/v1/webhook/alertmanager", firing, bearer);
    attacker = createServer((_request, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Cats</title>"),
    ).listen(0, "127.0.0.1");
    await waitUntil("the other site listens", async () => attacker.listening);
    attackerPort = (attacker.address() as AddressInfo).port;
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    attacker.close();
    await service[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    context = await browser.newContext({ ignoreHTTPSErrors: true });
    page = await context.newPage();
  });
  afterEach(() => context.close());

  const incident = async () =>
    (await service.ask("GET", "/api/v1/incidents?fingerprint=disk", undefined, bearer)).body.incidents[0];

  test("logs in with the keyboard; the token is in no cookie, store or URL, and scripts see no cookie", async () => {
    await logIn(page, url);
    expect(await statusIn(page, "/api/v1/incidents")).toBe(200);
    const cookies = await context.cookies();
    expect(cookies).toMatchObject([
      { name: "tocsin_session", path: "/", httpOnly: true, sameSite: "Strict", secure: false },
    ]);
    expect(cookies[0]!.expires * 1_000 - Date.now()).toBeGreaterThan(11 * 3_600_000);
    const seen = await page.evaluate<string[]>(
      "[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage), location.href]",
    );
    expect(seen[0]).toBe("");
    expect(JSON.stringify([seen, cookies])).not.toContain(people.token);
    await page.reload();
    expect(await statusIn(page, "/api/v1/incidents")).toBe(200);
  });

  test("stays on the first screen with a wrong token, and learns why", async () => {
    await page.goto(url);
    await page.locator("input[type=password]").focus();
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.locator("text=/not known|wrong|unknown/i").first().waitFor();
    expect(await context.cookies()).toEqual([]);
  });

  describe.each(["127.0.0.1", "localhost"])("who visits a page of another site at %s", (host) => {
    beforeEach(async () => {
      await logIn(page, url);
      await page.goto(`http://${host}:${attackerPort}/`);
    });

    test("changes nothing by its scripts", async () => {
      const { id } = await incident();
      const resolve = `${url}/api/v1/incidents/${id}/resolve`;
      const attempts: Asked[] = [
        { method: "POST", mode: "no-cors", credentials: "include" },
        { method: "POST", mode: "no-cors", credentials: "include", body: "{}" },
        { method: "POST", credentials: "include" },
        { method: "POST", credentials: "include", headers: { "x-tocsin-request": "1" } },
      ];
      for (const init of attempts) expect(await statusIn(page, resolve, init)).toBe(0);
      // Reading it would need our permission, too.
      expect(await statusIn(page, `${url}/api/v1/incidents`, { credentials: "include" })).toBe(0);
      expect(await incident()).toMatchObject({ id, wanted: { status: "firing", acknowledged: false } });
    });

    test("changes nothing by its forms", async () => {
      const { id } = await incident();
      // A form with the encoding text/plain sends `name=value`, which may be the JSON of a login.
      const [name = "", value = ""] = JSON.stringify({ token: people.token }).split("=");
      for (const path of [`/api/v1/incidents/${id}/resolve`, "/api/v1/session"]) {
        await page.goto(`http://${host}:${attackerPort}/`);
        const answered = page.waitForResponse(url + path);
        await page.evaluate(`{
          const form = document.createElement("form");
          Object.assign(form, { method: "post", action: ${JSON.stringify(url + path)}, enctype: "text/plain" });
          form.append(Object.assign(document.createElement("input"), ${JSON.stringify({ name, value })}));
          document.body.append(form);
          form.submit();
        }`);
        // From another site the cookie does not come along.
        const refused = host === "127.0.0.1" && path !== "/api/v1/session" ? 401 : 403;
        expect([path, (await answered).status()]).toEqual([path, refused]);
        await page.waitForURL(url + path);
      }
      expect(await incident()).toMatchObject({ id, wanted: { status: "firing" } });
    });

    test("does not see the console in a frame", async () => {
      const frame = JSON.stringify({ src: url });
      await page.evaluate(`document.body.append(Object.assign(document.createElement("iframe"), ${frame})); 0`);
      await waitUntil("the frame has loaded", async () => page.frames().length === 2);
      await page.frames()[1]!.waitForLoadState();
      expect(await page.frames()[1]!.locator("#page").count()).toBe(0);
    });
  });

  test("has no session at another site's name that leads here (DNS rebinding)", async () => {
    await logIn(page, url);
    const { port } = service.tocsin.address;
    await page.goto(`http://evil.example:${port}/`);
    expect(await statusIn(page, "/api/v1/incidents")).toBe(401);
    const login = { method: "POST", headers: { "x-tocsin-request": "1" }, body: JSON.stringify(people) };
    expect(await statusIn(page, "/api/v1/session", { ...login, body: JSON.stringify({ token: people.token }) })).toBe(
      421,
    );
    expect((await context.cookies()).map(({ domain }) => domain)).toEqual(["localhost"]);
  });

  test.each<[string, string]>([
    ["", "__Host-tocsin_session"],
    ["/tocsin", "__Secure-tocsin_session"],
  ])("has a secure cookie over TLS, with the base path %j", async (basePath, name) => {
    const tls = selfSigned();
    const secure = await guarded({ tls, ...(basePath !== "" && { basePath }) });
    try {
      const own = `https://localhost:${secure.tocsin.address.port}${basePath}`;
      await logIn(page, own);
      expect(await context.cookies()).toMatchObject([
        { name, path: basePath || "/", secure: true, httpOnly: true, sameSite: "Strict" },
      ]);
      expect(await statusIn(page, `${own}/api/v1/incidents`)).toBe(200);
      const write = { method: "POST", headers: { "x-tocsin-request": "1" } };
      expect(await statusIn(page, `${own}/api/v1/incidents/999/resolve`, write)).toBe(404);
      expect(await statusIn(page, `${own}/api/v1/session`, { ...write, method: "DELETE" })).toBe(204);
      expect(await context.cookies()).toEqual([]);
      expect(await statusIn(page, `${own}/api/v1/incidents`)).toBe(401);
    } finally {
      await secure[Symbol.asyncDispose]();
    }
  });
});
