import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type Answering, receive, receiveRaw, reply } from "../../http/test/receiver.ts";
import { LeapingClock } from "../test/leaping-clock.ts";
import { PagerDutyEventsClient } from "./client.ts";
import { unlimited } from "./limiter/limiter.ts";
import type { ClientOptions } from "./options.ts";

const routingKey = "5ecre75ecre75ecre75ecre75ecre7ff";
const payload = { summary: "s", source: "h", severity: "info" } as const;

/** All texts that a program could print of a value: message, stack, fields at all depths, JSON. */
function printed(value: unknown): string {
  const stack = value instanceof Error ? `${value.message}\n${value.stack}` : "";
  return [stack, inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value), String(value)].join("\n");
}

async function told(options: Partial<ClientOptions>): Promise<string> {
  const seen: unknown[] = [];
  const hooks = {
    onAttempt: (info: unknown) => void seen.push(info),
    onRetry: (info: unknown) => void seen.push(info),
    onLimit: (info: unknown) => void seen.push(info),
  };
  const given = {
    routingKey,
    limiter: unlimited,
    hooks,
    clock: new LeapingClock(),
    retry: { retries: 1 },
    proxy: false,
  } as const;
  const client = new PagerDutyEventsClient({ ...given, ...options });
  const error = await client.trigger({ payload }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  seen.push(error, client, await client.health({ checkKey: true }));
  client.close();
  return seen.map(printed).join("\n");
}

const echo: Answering = (response, { body }) =>
  reply(response, 400, { message: `cannot take ${body}`, errors: [body] });
const echo429: Answering = (response, { body }) => reply(response, 429, { message: body });
const encoded: Answering = (response) =>
  reply(response, 400, {
    message: `Basic ${Buffer.from(`user:${routingKey}`).toString("base64")}`,
    errors: [Buffer.from(routingKey).toString("hex").replace(/../g, "%$&"), "x".repeat(2_000) + routingKey],
  });
const brokenOff: Answering = (response) => {
  response.writeHead(400, { "content-length": "500" }).write(`{"message": "${routingKey.slice(0, 20)}`);
  setImmediate(() => response.destroy());
};
const leaky: NonNullable<ClientOptions["fetch"]> = (_, init) => {
  const cause = Object.assign(new Error(`could not send ${init.body}`), { code: "ECONNRESET", request: { init } });
  return Promise.reject(new TypeError("fetch failed", { cause }));
};

describe("the routing key is not in an error, a hook's argument or the client itself", () => {
  test.each([
    ["an answer that repeats the request", echo],
    ["a 429 that repeats the request", echo429],
  ])("after %s", async (_, answering) => {
    await using receiver = await receive(answering);
    const text = await told({ baseUrl: receiver.url });
    expect(text).not.toContain(routingKey);
    expect(text).toContain("[routing key]");
  });

  test("after an answer that repeats it encoded, or ends within it", async () => {
    for (const answering of [encoded, brokenOff]) {
      await using receiver = await receive(answering);
      const text = await told({ baseUrl: receiver.url });
      expect(text).not.toContain(routingKey.slice(0, 6));
      expect(text).not.toContain(Buffer.from(routingKey).toString("base64").slice(0, 8));
      expect(text).not.toContain(Buffer.from(`user:${routingKey}`).toString("base64"));
      expect(text).not.toContain("%35%65%63%72%65%37");
    }
  });

  test("after a lost connection, or one that speaks another protocol", async () => {
    for (const answer of ["", `${routingKey}\r\n\r\n`]) {
      await using receiver = await receiveRaw((socket) => socket.once("data", () => socket.end(answer)));
      expect(await told({ baseUrl: receiver.url })).not.toContain(routingKey);
    }
  });

  test("after a fetch that puts the request into its error", async () => {
    const text = await told({ fetch: leaky });
    expect(text).not.toContain(routingKey);
    expect(text).toContain("Connection lost: could not send");
    expect(text).toContain("requestSent: true");
  });

  test("or in the error for an invalid key", () => {
    const wrong = `${routingKey}0`;
    let error: unknown;
    try {
      error = new PagerDutyEventsClient({ routingKey: wrong });
    } catch (thrown) {
      error = thrown;
    }
    expect(printed(error)).not.toContain(routingKey);
  });
});
