import type { WebhookSender } from "./webhook-sender.ts";

/** Sends webhooks when they are due, in real time. Returns a function that stops it; running attempts are not cut off. */
export function startDeliveryLoop(sender: WebhookSender, clock: { now(): number }): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const plan = (): void => {
    clearTimeout(timer);
    const dueAtMs = sender.nextDueAtMs;
    if (isStopped || dueAtMs === undefined) return;
    timer = setTimeout(pump, Math.max(0, dueAtMs - clock.now()));
    timer.unref();
  };
  const pump = (): void => {
    sender.deliver().then(plan, plan);
  };
  sender.onDue = plan;
  plan();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    sender.onDue = undefined;
  };
}
