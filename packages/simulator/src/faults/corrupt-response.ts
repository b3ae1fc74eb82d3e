import { json } from "../server/exchange.ts";
import type { Call, SimulatorAnswer } from "../server/exchange.ts";
import type { Fault } from "./fault.ts";

const noAnswer = { status: 0, headers: {}, body: "" } as const;

/** Applies `fault` to `answer`: returns the answer that the client gets. */
export function corruptResponse(
  fault: Fault,
  answer: SimulatorAnswer,
  call: Call | undefined,
  clockMs: number,
): SimulatorAnswer {
  switch (fault.kind) {
    case "answer":
      return retryLater(instead(fault.status, call), fault, clockMs);
    case "hang":
      return { ...noAnswer, mishap: { kind: "hang" } };
    case "reset_before":
      return { ...noAnswer, mishap: { kind: "reset", when: "before_reading" } };
    case "reset_after":
      return { ...noAnswer, mishap: { kind: "reset", when: "after_reading" } };
    case "refuse":
      return { ...noAnswer, mishap: { kind: "refused" } };
    case "half":
      return {
        ...answer,
        body: answer.body.slice(0, Math.floor(answer.body.length / 2)),
        mishap: { kind: "half", bytes: Buffer.byteLength(answer.body) },
      };
    case "slow_headers":
      return { ...answer, mishap: { kind: "slow", headersMs: fault.byMs, bodyMs: 0 } };
    case "slow_body":
      return { ...answer, mishap: { kind: "slow", headersMs: 0, bodyMs: fault.byMs } };
    case "wrong_type":
      return { ...answer, headers: { ...answer.headers, "content-type": "text/html" } };
    case "not_json":
      return { ...answer, body: "<html><body>Welcome to nginx!</body></html>" };
    case "skew":
    case "suppress":
    case "disabled":
    default:
      // A wrong clock does not change the answer, and neither does a decision behind it.
      return answer;
  }
}

/** A 429 as the receiver words it; 502 to 504 as a proxy in front of it does, not in JSON. */
function instead(status: number, call: Call | undefined): SimulatorAnswer {
  if (status === 429 && call !== undefined) return call.throttled();
  if (status >= 502 && status <= 504) {
    return {
      status,
      headers: { "content-type": "text/html" },
      body: `<html><head><title>${status}</title></head><body>The server could not answer.</body></html>`,
    };
  }
  return json(status, { status: "error", message: `Answered ${status} by a fault`, errors: [] });
}

function retryLater(answer: SimulatorAnswer, fault: Fault, clockMs: number): SimulatorAnswer {
  if (fault.retryAfterMs === undefined) return answer;
  const value =
    fault.retryAfterAs === "date"
      ? new Date(clockMs + fault.retryAfterMs).toUTCString()
      : String(Math.ceil(fault.retryAfterMs / 1000));
  return { ...answer, headers: { ...answer.headers, "retry-after": value } };
}
