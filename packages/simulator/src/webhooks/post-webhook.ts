import type { PostWebhook } from "./webhook-sender.ts";

/** Sends a webhook over the network. Does not follow redirects. */
export const postWebhook: PostWebhook = async ({ url, headers, body, timeoutMs }) => {
  const signal = AbortSignal.timeout(timeoutMs);
  const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
  await answer.arrayBuffer();
  return answer.status;
};
