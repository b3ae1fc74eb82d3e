import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startService, type TestService } from "../../apps/tocsin/src/service.fixture.ts";
import { webhookAlert } from "../support/alerts.ts";
import { hasChromium, openChromium } from "../support/chromium.ts";
import { ConsolePage } from "../support/console-page.ts";
import { freePort } from "../support/free-port.ts";

const token = "people-of-the-night";
const headers = { authorization: `Bearer ${token}` };

/** A service at its `publicUrl`, which events link to. */
async function startAt(port: number, more: object = {}): Promise<TestService> {
  const auth = { tokens: [{ name: "night", token, roles: ["ingest", "read", "operate"] }] };
  const publicUrl = `http://localhost:${port}`;
  return startService(() => ({ server: { listen: `127.0.0.1:${port}`, publicUrl, auth }, ...more }));
}

const alertOf = (name: string) => {
  const alert = webhookAlert(name, "firing");
  return { ...alert, labels: { ...alert.labels, service: "shop" } };
};

/** Every action is a key, as for a person without a mouse. */
describe.skipIf(!hasChromium())("a person with a keyboard", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser.close());

  test("follows the link of a page, sees why and what changed, and acknowledges at the receiver", async () => {
    const port = await freePort();
    await using service = await startAt(port);
    const change = {
      id: "build-4711",
      summary: "Deployed shop 1.27.0",
      labels: { service: "shop" },
      timestamp: new Date(Date.now() - 60_000).toISOString(),
      links: [{ href: "https://ci.example.com/4711", text: "Build" }],
    };
    expect((await service.ask("POST", "/api/v1/changes", change, headers)).status).toBe(202);
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alertOf("db-1")] }, headers);
    const paged = () => service.simulator.incidents().find(({ dedup_key }) => dedup_key === "db-1");
    const { events } = await service.until("the page has arrived", paged);
    const links = events[0]?.["links"] as readonly { readonly href: string }[];
    const link = links.find(({ href }) => href.startsWith(`http://localhost:${port}/`));

    await using console = await ConsolePage.open(browser, link?.href ?? "", { token });
    const { page, problems } = console;
    await page.locator("h1", { hasText: "The disk of db-1 is full" }).waitFor();
    expect(page.url()).toBe(link?.href);
    const why = page.getByRole("region", { name: "Why it is in this state" });
    await expect.poll(() => why.innerText()).toMatch(/accepted|delivered/i);
    await console.tabTo(/Build https:\/\/ci\.example\.com\/4711/);
    expect(await page.getByRole("region", { name: "Related changes" }).innerText()).toContain(change.summary);
    await console.tabTo(/^Acknowledge/, "Shift+Tab");
    await page.keyboard.press("Enter");
    await page.getByText("Acknowledged. Tocsin sends it").waitFor();
    expect(problems).toEqual([]);
    await expect.poll(() => paged()?.status, { timeout: 10_000 }).toBe("acknowledged");
  });

  test("finds that a target was down, replays its dead letters at once, and they arrive", async () => {
    const port = await freePort();
    await using service = await startAt(port, {
      // The first failure of an event is the last one.
      delivery: { retry: { initial: "1s", max: "1s", giveUpAfter: "1ms" } },
    });
    service.simulator.setFaults("answer 500");
    const alerts = ["db-1", "db-2", "db-3"].map(alertOf);
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts }, headers);

    await using console = await ConsolePage.open(browser, `http://localhost:${port}/`, { token });
    const { page, problems } = console;
    const letters = page.locator(".totals a[href$='/deadletters']");
    await expect.poll(() => letters.innerText(), { timeout: 30_000 }).toBe("3");
    await console.tabTo(/^3 .*\/deadletters$/);
    await page.keyboard.press("Enter");
    const rows = page.getByRole("table", { name: "Dead letters" }).locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(3);
    await page.keyboard.press("j");
    expect(await console.focused()).toMatch(/^trigger db-\d .*\/deadletters\/\d+$/);

    service.simulator.setFaults("");
    await page.keyboard.press("Shift+Tab");
    await console.tabTo(/^Replay all 3 that match/, "Shift+Tab");
    await page.keyboard.press("Enter");
    await expect.poll(() => console.focused()).toMatch(/^Yes, replay all 3 that match/);
    await page.keyboard.press("Enter");
    await page.getByText("3 dead letters replayed.").waitFor();
    expect(problems).toEqual([]);
    const open = () => service.simulator.incidents().map(({ dedup_key, status }) => `${dedup_key} ${status}`);
    await expect
      .poll(() => open().toSorted(), { timeout: 30_000 })
      .toEqual(["db-1 triggered", "db-2 triggered", "db-3 triggered"]);
  });

  test("finds an incident with / j k Enter, returns with Esc to the same row, and reads the keys with ?", async () => {
    const port = await freePort();
    await using service = await startAt(port);
    const alerts = ["web-1", "web-2", "db-1"].map(alertOf);
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts }, headers);
    await using console = await ConsolePage.open(browser, `http://localhost:${port}/`, { token });
    const { page, problems } = console;
    await page.getByRole("heading", { name: "Problems" }).waitFor();
    await page.keyboard.press("/");
    await page.locator("[data-search]:focus").waitFor();
    await page.keyboard.type("disk of web");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/incidents?q=disk+of+web");
    const rows = page.getByRole("table").locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(2);
    await page.keyboard.press("Escape");
    const [first = "", second = ""] = await rows.locator("[data-row]").allInnerTexts();
    for (const key of ["j", "j", "k"]) await page.keyboard.press(key);
    expect(await console.focused()).toContain(first);
    await page.keyboard.press("j");
    expect(await console.focused()).toContain(second);
    await page.keyboard.press("Enter");
    await page.locator("h1", { hasText: second }).waitFor();
    await page.keyboard.press("Escape");
    await page.waitForURL("**/incidents?q=disk+of+web");
    await expect.poll(() => rows.count()).toBe(2);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(problems).toEqual([]);
  });
});
