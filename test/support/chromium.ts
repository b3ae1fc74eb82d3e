import { type Browser, chromium } from "playwright-core";
import { hasTool } from "../../apps/tocsin/src/debian-tool.fixture.ts";

const executablePath = "/usr/bin/chromium";

/** Whether Debian's Chromium is installed. It must be where CI is set. */
export const hasChromium = (): boolean => hasTool(executablePath, "chromium");

/** Starts Chromium without requests of its own. `args`: more of its options. */
export const openChromium = (args: readonly string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...args,
    ],
  });
