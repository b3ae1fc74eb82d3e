import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, openChromium } from "../support/chromium.ts";
import { ConsolePage } from "../support/console-page.ts";
import {
  type HostileService,
  hostileTexts,
  hostileTokens,
  longText,
  startHostileService,
} from "../support/hostile-service.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const themes = ["light", "dark"] as const;

/** Pixels: a telephone, and a large screen. */
const widths = [375, 1_440] as const;

/** Each screen: its path, a text that it has when it is complete, and a status other than 200 that it shows. */
const screens: Readonly<
  Record<string, readonly [path: (at: HostileService) => string, complete: string, status?: number]>
> = {
  now: [() => "/", "alerts firing"],
  incidents: [() => "/incidents", "incidents on this page"],
  "incidents that match": [() => "/incidents?q=%3Cimg&state=told&matcher=service%3D%22shop%22", "incident"],
  incident: [({ incident }) => `/incidents/${incident}`, "Rendered event"],
  "unknown incident": [() => "/incidents/999999", "does not exist", 404],
  alerts: [() => "/alerts", "alerts on this page"],
  "alerts with a wrong matcher": [() => "/alerts?matcher=%3Cimg%20src%3Dx%3E%3D", "matcher", 400],
  targets: [() => "/targets", "Discovery"],
  "target that refuses": [() => "/targets/refusing", "Last error"],
  "target that is down": [() => "/targets/down", "Last error"],
  "unknown target": [() => `/targets/${encodeURIComponent(hostileTexts.image)}`, "target", 404],
  "dead letters": [() => "/deadletters", "dead letter"],
  "dead letter": [({ letter }) => `/deadletters/${letter}`, "Sent event"],
  "alerts that no target received": [() => "/alerts?received=none", "alert"],
  "what if without an alert": [() => "/whatif", "If this alert arrived now"],
  "list without a match": [() => "/incidents?q=zzzzzz", "No incident matches"],
  "what if": [({ fingerprint }) => `/whatif?fingerprint=${encodeURIComponent(fingerprint)}`, "As recorded"],
};

async function show({ page }: ConsolePage, at: HostileService, screen: string): Promise<void> {
  const [path, complete] = screens[screen] ?? [() => "/", ""];
  await page.goto(at.url + path(at));
  await page.locator("main h1").waitFor();
  await page.getByText(complete).first().waitFor();
  await expect.poll(() => page.locator(".loading").count(), { timeout: 20_000 }).toBe(0);
}

/** The rules of axe that a page breaks, each with its elements. */
async function axeViolations(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(axeSource);
  return page.evaluate<string[]>(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) =>
      id + ": " + html.slice(0, 200) + " " + any.map(({ message }) => message).join()).slice(0, 5)))`);
}

/** Elements that only a text believed as HTML can make, and links that lead to no web page or trust it. */
const madeByTexts = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[
    ...document.querySelectorAll("img, iframe, object, embed, base, style, bdi link, a button, script:not([src]), [onerror], [onload], [style]"),
    ...[...document.querySelectorAll("a")].filter(({ href, origin, target, rel }) =>
      !/^https?:/.test(href) || href.includes("@") ||
      (origin !== location.origin && (target !== "_blank" || rel !== "noopener noreferrer"))),
  ].map(({ outerHTML }) => outerHTML.slice(0, 300))`);

/** The text as the page names its characters that cannot be seen. */
const named = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (one) => `U+${one.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}`);

describe.skipIf(!hasChromium())("a page of the console in a storm of hostile texts", () => {
  let browser: Browser;
  let at: HostileService;
  let shown: ConsolePage;
  beforeAll(async () => {
    [browser, at] = await Promise.all([openChromium(), startHostileService()]);
    shown = await ConsolePage.open(browser, at.url, { token: hostileTokens.operate.token });
  }, 120_000);
  afterAll(async () => {
    await shown?.[Symbol.asyncDispose]();
    await browser?.close();
    await at?.[Symbol.asyncDispose]();
  });

  test.each(Object.keys(screens))("%s: shows them as text, and is accessible in both themes", async (screen) => {
    const { page, problems } = shown;
    problems.length = 0;
    await show(shown, at, screen);
    const url = page.url();
    expect(await madeByTexts(page)).toEqual([]);
    expect(await page.locator("table:not(:has(caption:not(:empty)))").count()).toBe(0);
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      const wider = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect([screen, wider]).toEqual([screen, width]);
    }
    const status = screens[screen]?.[2];
    const expected = `Failed to load resource: the server responded with a status of ${status}`;
    expect([problems.filter((problem) => !problem.startsWith(expected)), page.url()]).toEqual([[], url]);
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      expect([colorScheme, await axeViolations(page)]).toEqual([colorScheme, []]);
    }
  });

  test("the login is accessible in both themes, also after a wrong token", async () => {
    await using login = await ConsolePage.open(browser, at.url);
    const { page, problems } = login;
    await page.locator("#token:focus").waitFor();
    const expectAccessible = async (): Promise<void> => {
      for (const width of widths) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(width);
      }
      for (const colorScheme of themes) {
        await page.emulateMedia({ colorScheme });
        expect([colorScheme, await axeViolations(page)]).toEqual([colorScheme, []]);
      }
    };
    await expectAccessible();
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("This token is not known").waitFor();
    await expectAccessible();
    expect(problems).toEqual([]);
  });

  test("the notice that the page is not live is accessible in both themes", async () => {
    await using cut = await ConsolePage.open(browser, at.url, { token: hostileTokens.operate.token });
    const { page } = cut;
    await show(cut, at, "now");
    await page.route("**/events/stream", (route) => route.abort());
    await page.reload();
    await page.getByText("Not live: no connection").waitFor();
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      expect([colorScheme, await axeViolations(page)]).toEqual([colorScheme, []]);
    }
  });

  test("names characters that cannot be seen, and unfolds 100,000 characters", async () => {
    const { page, problems } = shown;
    problems.length = 0;
    await show(shown, at, "incident");
    const title = page.locator("h1");
    expect(await title.innerText()).toContain(hostileTexts.image);
    const { rightToLeft, zeroWidth, script } = hostileTexts;
    expect(await page.locator("main").innerText()).toContain(script);
    for (const text of [rightToLeft, zeroWidth]) expect(await page.locator("main").innerText()).toContain(named(text));
    const labels = page.locator(".labels");
    await labels.getByRole("button", { name: /^show [\d,]+ more characters$/ }).click();
    await expect.poll(() => labels.innerText()).toContain(longText);
    expect(problems).toEqual([]);
  });

  test("shows the focus at every element that the keyboard reaches", async () => {
    for (const screen of ["now", "incidents", "incident", "dead letters", "what if"]) {
      await show(shown, at, screen);
      const hidden: string[] = [];
      for (let presses = 0; presses < 40; presses++) {
        await shown.page.keyboard.press("Tab");
        hidden.push(
          ...(await shown.page.evaluate<string[]>(`(() => {
            const focused = document.activeElement;
            const { outlineStyle, outlineWidth } = getComputedStyle(focused);
            const { bottom, top } = focused.getBoundingClientRect();
            const isShown = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && bottom > 0 && top < innerHeight;
            return focused === document.body || isShown ? [] : [focused.outerHTML.slice(0, 200)];
          })()`)),
        );
      }
      expect([screen, hidden]).toEqual([screen, []]);
    }
  });

  test("moves nothing for a person who prefers that", async () => {
    const { page } = shown;
    await show(shown, at, "now");
    const animation = (): Promise<string> =>
      page.evaluate<string>(`(() => {
        const loading = document.body.appendChild(document.createElement("p"));
        loading.className = "loading";
        const { animationName } = getComputedStyle(loading);
        loading.remove();
        return animationName;
      })()`);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    expect(await animation()).toBe("appear");
    await page.emulateMedia({ reducedMotion: "reduce" });
    expect(await animation()).toBe("none");
    const moving =
      "[...document.querySelectorAll('*')].filter((one) => { const style = getComputedStyle(one); return parseFloat(style.transitionDuration) > 0 || style.scrollBehavior === 'smooth'; }).length";
    expect(await page.evaluate<number>(moving)).toBe(0);
  });

  test("shows a person who may only read every action disabled, with the reason, and takes none", async () => {
    await using reader = await ConsolePage.open(browser, at.url, { token: hostileTokens.read.token });
    const { page, problems } = reader;
    const writes: string[] = [];
    page.on("request", (request) => {
      if (request.method() !== "GET") writes.push(`${request.method()} ${request.url()}`);
    });
    const actions: Readonly<Record<string, readonly string[]>> = {
      incident: ["Acknowledge", "Resolve"],
      "dead letters": ["Replay all that match", "Replay", "Drop"],
      "dead letter": ["Replay", "Drop"],
      targets: ["Read all targets again"],
      "target that refuses": ["Send a test", "Check the key"],
    };
    for (const [screen, names] of Object.entries(actions)) {
      await show(reader, at, screen);
      for (const name of names) {
        const button = page.getByRole("button", { name, exact: true }).first();
        await button.focus();
        await page.keyboard.press("Enter");
        const seen = await page.evaluate<string[]>(
          "(({ ariaDisabled, attributes }) => [ariaDisabled, document.getElementById(attributes['aria-describedby']?.value)?.textContent])(document.activeElement)",
        );
        expect([screen, name, ...seen]).toEqual([
          screen,
          name,
          "true",
          'visitor may read only. Actions need the role "operate".',
        ]);
      }
    }
    expect([writes, problems]).toEqual([[], []]);
    expect(await axeViolations(page)).toEqual([]);
  });
});
