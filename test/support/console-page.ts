import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { waitUntil } from "./wait-until.ts";

/** Runs in the page before its scripts: a violation of its Content-Security-Policy becomes an error of the console. */
const reportViolations = `document.addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP: " + event.violatedDirective + " " + event.blockedURI + " " + event.sample));`;

/** A console in a tab of its own context, and everything that went wrong there. */
export class ConsolePage implements AsyncDisposable {
  readonly page: Page;
  /** Errors, violations of the policy, dialogs, tabs that were opened and requests to other origins. */
  readonly problems: string[] = [];
  readonly #origin: string;

  private constructor(page: Page, url: string) {
    this.page = page;
    this.#origin = new URL(url).origin;
  }

  /** Opens `url`, and logs in there if a token is given: with the keyboard, on the first screen. */
  static async open(
    browser: Browser,
    url: string,
    { token, ...options }: BrowserContextOptions & { readonly token?: string } = {},
  ): Promise<ConsolePage> {
    const context = await browser.newContext(options);
    const opened = new ConsolePage(await context.newPage(), url);
    await opened.#watch();
    await opened.page.goto(url);
    if (token !== undefined) await opened.#logIn(token);
    return opened;
  }

  async #watch(): Promise<void> {
    const { page, problems } = this;
    await page.addInitScript(reportViolations);
    page.on("console", (message) => {
      // A page that must log in learns it from this answer.
      const isLogin = message.text().includes("status of 401");
      if (message.type() === "error" && !isLogin) problems.push(`${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("dialog", (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("popup", (other) => problems.push(`tab: ${other.url()}`));
    page.context().on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== this.#origin && protocol !== "data:") problems.push(`request: ${request.url()}`);
    });
  }

  async #logIn(token: string): Promise<void> {
    await this.page.locator("input[type=password]:focus").waitFor();
    await this.page.keyboard.type(token);
    await this.page.keyboard.press("Enter");
    await this.page.locator("header nav").waitFor();
  }

  /** Presses Tab, or Shift+Tab, until an element has the focus whose text or address matches. */
  async tabTo(wanted: RegExp, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
    const passed: string[] = [];
    await waitUntil(`${key} leads to ${wanted}`, async () => {
      for (let presses = 0; presses < 100; presses++) {
        await this.page.keyboard.press(key);
        const focused = await this.focused();
        passed.push(focused);
        if (wanted.test(focused)) return true;
      }
      throw new Error(passed.join(" | "));
    });
  }

  /** Text and address of the element that has the focus. */
  focused(): Promise<string> {
    return this.page.evaluate<string>(
      "(({ textContent, href }) => `${textContent} ${href ?? ''}`)(document.activeElement ?? {})",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}
