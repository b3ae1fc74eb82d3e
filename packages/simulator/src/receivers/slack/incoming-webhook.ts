import { text } from "../../server/exchange.ts";
import type { Call, Receiver, Region, Served, SimulatorRequest, Violation } from "../../server/exchange.ts";
import { pathOf } from "../../server/exchange.ts";
import type { SimulatorState } from "../../state/state.ts";
import { isRecord, parseJsonBody, stringOf } from "../../server/json-body.ts";
import { messageFault } from "./message.ts";

/** `/services/T…/B…/…`: the path is the credential. */
const webhookPath = /^\/services\/T[0-9A-Z]+\/B[0-9A-Z]+\/[0-9A-Za-z]+$/;

/** Slack's incoming webhooks: plain text answers, `ok` for success. */
export function slackIncomingWebhook(state: SimulatorState): Receiver {
  return {
    name: "slack",
    takes: (path) => path.startsWith("/services/"),
    read: (request, region) => readCall(state, request, region),
  };
}

const throttled = () => text(429, "rate_limited");

const refuse = (status: number, error: string, violations: readonly Violation[]): Served => ({
  answer: text(status, error),
  violations,
});

function readCall(state: SimulatorState, request: SimulatorRequest, region: Region): Call {
  const path = pathOf(request.path);
  const key = state.hasher.hash(path);
  const isKnown = webhookPath.test(path) && state.keysOf("slack").has(key);
  return {
    action: "message",
    key,
    charge: isKnown ? { limit: "slack", region, key } : undefined,
    throttled,
    serve(atMs) {
      if (!isKnown) return refuse(404, "no_service", [{ field: "path", reason: "no such webhook" }]);
      if (request.method !== "POST")
        return refuse(405, "invalid_payload", [{ field: "method", reason: "must be POST" }]);
      const parsed = parseJsonBody(request, ["application/json"]);
      if ("violation" in parsed) return refuse(400, "invalid_payload", [parsed.violation]);
      if (!isRecord(parsed.value)) {
        return refuse(400, "invalid_payload", [{ field: "body", reason: "is not an object" }]);
      }
      const message = parsed.value;
      const fault = messageFault(message);
      if (fault !== undefined) return refuse(400, fault.error, fault.violations);
      state.messages.put({
        // A webhook posts to the one channel that it was installed for.
        channel: `C${key.slice(0, 10).toUpperCase()}`,
        ts: state.messages.makeTs(atMs),
        key,
        postedAtMs: atMs,
        threadTs: stringOf(message["thread_ts"]),
        text: stringOf(message["text"]) ?? "",
        blocks: message["blocks"],
        attachments: message["attachments"],
        updates: 0,
      });
      return { answer: text(200, "ok"), effect: "posted" };
    },
  };
}
