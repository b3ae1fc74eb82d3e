import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { changeSteadily } from "../support/change-steadily.ts";
import { hasChromium, openChromium } from "../support/chromium.ts";
import { ConsolePage } from "../support/console-page.ts";
import { Fleet } from "../support/fleet.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { waitUntil } from "../support/wait-until.ts";

const due = 10_000;
const perSecond = 200;
const pageSize = 50;
/** Each page costs a sixth of a second while two replicas, PostgreSQL and Chromium share two processors. */
const pages = 60;
/** How long the page is cut off, and how many changes pass at least meanwhile. */
const cutMs = 30_000;
const missedChanges = 2_000;

const startsAt = "2026-01-01T00:00:00Z";
const severities = ["critical", "error", "warning"];

/** The nth alert with its mth severity. */
const alertOf = (n: number, m: number) =>
  webhookAlert(`disk-${n}`, "firing", { startsAt, severity: severities[m % 3]! });

/** The rows of the list, as `id severity`. */
const rowsOf = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[...document.querySelectorAll("main tbody tr")].map((row) =>
    row.querySelector("[data-row]").pathname.split("/").at(-1) + " " + row.querySelector(".severity").innerText.trim())`);

const idsOf = (rows: readonly string[]): string[] => rows.map((row) => row.split(" ")[0]!);

/** Notes each time at which the page shows a row twice or rows in another order than before. */
const watchRows = `{
  const ids = () => [...document.querySelectorAll("main tbody [data-row]")].map(({ pathname }) => pathname);
  const before = ids().join();
  window.moved = [];
  new MutationObserver(() => {
    const now = ids();
    if (new Set(now).size < now.length || now.join() !== before) window.moved.push(now.join());
  }).observe(document.querySelector("main"), { childList: true, subtree: true });
}`;

describe.skipIf(!hasChromium())("the list of incidents", () => {
  test(`shows each of ${due} due incidents once on its pages, while ${perSecond} of them change each second and its stream is cut, at two replicas`, async () => {
    await using stack = new AsyncDisposableStack();
    const pagerduty = stack.use(await PagerDuty.open());
    const target = pagerduty.target({ rate_limit: { limit: 5, per: "60s" } });
    const fleet = stack.use(await Fleet.start({ replicas: 2, config: { targets: [target] } }));
    const [one, two] = fleet.replicas;
    const between = stack.use(await TcpProxy.open(one!.port, two!.port));
    // One after the other, so that the last ones are the newest.
    for (let first = 0; first < due; first += 1_000)
      await (first % 2_000 ? one! : two!).webhook(Array.from({ length: 1_000 }, (_, n) => alertOf(first + n, 0)));
    const browser = await openChromium();
    stack.defer(() => browser.close());
    const url = `http://${between.address}`;
    const { page, problems } = stack.use(await ConsolePage.open(browser, `${url}/incidents`));
    await expect.poll(async () => (await rowsOf(page)).length, { timeout: 20_000 }).toBe(pageSize);
    const listed = async () => {
      const { incidents } = (await two!.get(`/api/v1/incidents?limit=${pageSize}`)).body;
      return incidents.map(({ id, severity }: { id: number; severity: string }) => `${id} ${severity}`);
    };
    const first = idsOf(await rowsOf(page));
    expect(await page.locator(".stream").innerText()).toBe("live");

    /** Each batch at the other replica. */
    const change = (alerts: readonly object[]) => fleet.replicas[batches++ % 2]!.webhook(alerts);
    let batches = 0;
    // The newest alerts change most often: they are on the first page.
    using changes = changeSteadily(perSecond, (numbers) =>
      change(numbers.map((n) => alertOf(due - 1 - (n % 400), Math.floor(n / 400) + 1))),
    );
    await page.evaluate(watchRows);
    await waitUntil("rows change", async () => (await rowsOf(page)).some((row) => row.endsWith(" error")));
    between.refuses = true;
    between.cut();
    const atCut = changes.count;
    const cutAtMs = performance.now();
    await page.getByText("Not live: no connection").waitFor();
    await waitUntil(
      "many changes were missed for long",
      () => performance.now() - cutAtMs >= cutMs && changes.count - atCut > missedChanges,
      { withinMs: 3 * cutMs },
    );
    expect(problems.every((problem) => problem.includes("net::ERR_"))).toBe(true);
    // No later change repairs what the page missed.
    const rate = await changes.end();
    console.info(`${changes.count} changes, ${Math.round(rate)} a second`);
    between.refuses = false;
    await page.getByRole("button", { name: "Try now" }).click();
    await page.getByText("Not live: no connection").waitFor({ state: "detached" });
    problems.length = 0;
    const now = await listed();
    expect(idsOf(now)).toEqual(first);
    await expect.poll(() => rowsOf(page), { timeout: 15_000 }).toEqual(now);

    // The pages behind it, while changes go on.
    const expected: string[] = [];
    for (let cursor = ""; expected.length < pages * pageSize;) {
      const { body } = await one!.get(`/api/v1/incidents?limit=500${cursor && `&cursor=${cursor}`}`);
      expected.push(...body.incidents.map(({ id }: { id: number }) => String(id)));
      cursor = body.nextCursor;
    }
    const next = Math.floor(changes.count / 400) + 2;
    using more = changeSteadily(perSecond, (numbers) =>
      change(numbers.map((n) => alertOf(due - 1 - ((n * 7) % 5_000), next))),
    );
    await waitUntil("the page is live again", async () => (await rowsOf(page)).join() !== now.join());
    expect(await page.evaluate<string[]>("window.moved")).toEqual([]);
    const seen: string[] = [];
    for (let read = 0; read < pages; read++) {
      const rows = idsOf(await rowsOf(page));
      seen.push(...rows);
      await page.getByRole("button", { name: "Older" }).click();
      await page.locator(`[data-row][href$="/${rows[0]}"]`).waitFor({ state: "detached" });
      await page.locator("[data-row]").first().waitFor();
    }
    await more.end();
    expect(new Set(expected).size).toBe(expected.length);
    expect(seen).toEqual(expected.slice(0, pages * pageSize));
    expect(problems).toEqual([]);
  });
});
