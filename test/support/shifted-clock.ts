import { writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Returns the environment in which the program's wall clock runs ahead by `shiftMs`, in all its threads. A life with a later clock
 * stands for one that began later.
 */
export function shiftedClock(dir: string, shiftMs: number): NodeJS.ProcessEnv {
  const preload = join(dir, "shifted-clock.mjs");
  writeFileSync(
    preload,
    `const real = Date.now;
    const now = () => real() + Number(process.env.SHIFT_MS);
    globalThis.Date = class extends Date {
      constructor(...given) {
        if (given.length === 0) super(now());
        else super(...given);
      }
      static now = now;
    };`,
  );
  return { NODE_OPTIONS: `--import=${preload}`, SHIFT_MS: String(shiftMs) };
}
