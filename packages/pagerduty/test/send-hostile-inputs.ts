import { Simulator, type SimulatorAnswer } from "@tocsin/simulator";
import { PagerDutyEventsClient } from "../src/client.ts";
import { PagerDutyValidationError } from "../src/errors.ts";
import { unlimited } from "../src/limiter/limiter.ts";
import type { Fetch } from "../src/transport/fetch-transport.ts";
import { HostileInputs } from "./hostile-input.ts";
import { documentedSchemas } from "./documented-schema.ts";

/** A fetch that calls a simulator in this process. Its answers have no body, so they need no turn of the event loop. */
export function fetchOf(
  simulator: Simulator,
  look: (body: string, path: string, answer: SimulatorAnswer) => void = () => {},
): Fetch {
  return (url, { method, headers, body = "" }) => {
    const path = new URL(url).pathname;
    const answer = simulator.handle({ method, path, headers, body });
    look(body, path, answer);
    return Promise.resolve({ status: answer.status, headers: new Headers(answer.headers), body: null });
  };
}

const calls = ["trigger", "acknowledge", "resolve", "change"] as const;

/**
 * Sends `count` generated inputs, up to 20 MB large, to the strict simulator, and checks each accepted body against the schema
 * that PagerDuty documents.
 *
 * @returns the number of accepted inputs, the number that the client refused, and the events that the simulator refused
 * @throws Error with the input's seed after any other result
 */
export async function sendHostileInputs(count: number) {
  await using simulator = new Simulator({ limit: { limit: 0 }, lean: true });
  const schemas = documentedSchemas();
  let seed = 0;
  const fetch = fetchOf(simulator, (body, path, { status }) => {
    const check = schemas[path === "/v2/enqueue" ? "alert" : "change"];
    if (status === 202 && !check(JSON.parse(body))) throw new Error(JSON.stringify(check.errors));
  });
  const keys = ["0123456789abcdef0123456789abcdef", "R028DIE06SNKNO6V5ACSLRV7Y0TUVG7T"];
  const options = { fetch, limiter: unlimited, retry: { retries: 0 } };
  const clients = keys.map((routingKey) => new PagerDutyEventsClient({ ...options, routingKey }));
  const came = { accepted: 0, invalid: 0 };
  for (; seed < count; seed++) {
    const call = calls[seed % 11 < 6 ? 0 : seed % 4]!;
    // 25 of them are large, from 2 kB to 20 MB, evenly on a logarithmic scale.
    const bytes = seed % (count / 25) === 0 ? 2000 * 10 ** (4 * (seed / count)) : undefined;
    const input = new HostileInputs(seed).input(call, bytes);
    try {
      await clients[seed % 9 === 0 ? 1 : 0]![call](input as never);
      came.accepted++;
    } catch (error) {
      if (!(error instanceof PagerDutyValidationError)) throw new Error(`seed ${seed}`, { cause: error });
      came.invalid++;
    }
  }
  return { ...came, refused: simulator.refused() };
}
