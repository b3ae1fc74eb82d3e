import { signal } from "@preact/signals";

/** The present time for ages on the page, ms since epoch. It advances every 5 s while the page is visible. */
export const nowMs = signal(Date.now());

const tickMs = 5_000;

function tick(): void {
  if (document.visibilityState === "visible") nowMs.value = Date.now();
}

export function startClock(): void {
  setInterval(tick, tickMs);
  document.addEventListener("visibilitychange", tick);
}
