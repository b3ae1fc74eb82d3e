import { inspect } from "node:util";
import type { Outcome, Publisher, Notification } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { type Act, answer, ScriptedReceiver } from "./scripted-receiver.ts";

/** Facts about a receiver that the contract needs to test its publisher. */
export interface PublisherUnderTest {
  /** Opens the publisher of a target at this URL with this credential. */
  readonly open: (at: { url: string; secret: string }) => Publisher;
  /** A well-formed credential. */
  readonly secret: string;
  /** An event that the receiver accepts. */
  readonly telling: Notification;
  /** How the receiver answers. */
  readonly accepts: Act;
  readonly refuses: Act;
  /** The start of an accepting answer whose rest never comes, and what it means. */
  readonly half: { readonly act: string; readonly means: Outcome["kind"] };
}

const never = () => new AbortController().signal;

/** Kinds that mean: try again. `ambiguous` also means: it was perhaps delivered. */
const again = expect.stringMatching(/^(retry|ambiguous)$/) as string;

/**
 * The promises of every publisher, on real sockets: one attempt per call, an outcome for everything that the receiver and the
 * network do, never an exception, never a credential in visible text, and the truth about whether a request left.
 */
export function publisherContract(name: string, given: PublisherUnderTest): void {
  const { secret, telling } = given;

  async function attempt(
    act: Act | undefined,
    use: (publisher: Publisher, receiver: ScriptedReceiver) => Promise<Outcome>,
  ): Promise<Outcome> {
    await using receiver = await ScriptedReceiver.open(...(act ? [act] : []));
    await using publisher = given.open({ url: receiver.url, secret });
    return await use(publisher, receiver);
  }
  const publish = (publisher: Publisher) => publisher.publish(telling, never());

  describe(`publisher contract: ${name}`, () => {
    test("makes one attempt, as JSON, and returns accepted", async () => {
      await using receiver = await ScriptedReceiver.open(given.accepts);
      await using publisher = given.open({ url: receiver.url, secret });
      expect(await publish(publisher)).toMatchObject({ kind: "accepted", receipt: expect.any(String) });
      expect(receiver.requests).toHaveLength(1);
      expect(receiver.requests[0]!.head).toMatch(/^content-type: application\/(\w+\.)*(\w+\+)?json/im);
      expect(JSON.parse(receiver.requests[0]!.body)).toBeTypeOf("object");
    });

    test("sends the same request for the same event", async () => {
      await using receiver = await ScriptedReceiver.open(answer(500), given.accepts);
      await using publisher = given.open({ url: receiver.url, secret });
      await publish(publisher);
      await publish(publisher);
      const [first, second] = receiver.requests;
      expect(second!.body).toBe(first!.body);
    });

    test("returns refused for an answer that will not change", async () => {
      expect(await attempt(given.refuses, publish)).toMatchObject({ kind: "refused", detail: expect.any(String) });
    });

    test("returns the wait that a throttling receiver asks for", async () => {
      const outcome = await attempt(answer(429, "", { "retry-after": "7" }), publish);
      expect(outcome).toMatchObject({ kind: "retry", reason: "rate_limited", retryAfterMs: 7_000, status: 429 });
    });

    test.each([500, 502, 503, 504])("tries again after a %i", async (status) => {
      expect(await attempt(answer(status, "<html>"), publish)).toMatchObject({ kind: again, reason: "server", status });
    });

    test.each([401, 403])("returns blocked after a %i", async (status) => {
      expect(await attempt(answer(status), publish)).toMatchObject({
        kind: "blocked",
        state: "unauthorized",
        reason: "auth",
      });
    });

    test("returns ambiguous for a request without an answer in time", async () => {
      const outcome = await attempt(undefined, (publisher, receiver) =>
        abortedOnArrival(publisher, receiver, timedOut()),
      );
      expect(outcome).toMatchObject({ kind: "ambiguous", reason: "timeout" });
      expect(outcome).not.toHaveProperty("receiverClosed");
    });

    test("returns interrupted, not a failure of the receiver, for an attempt that we interrupt", async () => {
      const outcome = await attempt(undefined, (publisher, receiver) =>
        abortedOnArrival(publisher, receiver, undefined),
      );
      expect(outcome).toMatchObject({ kind: "interrupted", left: true });
    });

    test("sends nothing after an interruption", async () => {
      await using receiver = await ScriptedReceiver.open();
      await using publisher = given.open({ url: receiver.url, secret });
      expect(await publisher.publish(telling, AbortSignal.abort())).toMatchObject({ kind: "interrupted", left: false });
      expect(await publisher.publish(telling, AbortSignal.abort(timedOut()))).toMatchObject({
        kind: "retry",
        reason: "timeout",
      });
      expect(receiver.requests).toEqual([]);
    });

    test("returns retry for a refused connection", async () => {
      const receiver = await ScriptedReceiver.open();
      const { url } = receiver;
      await receiver[Symbol.asyncDispose]();
      await using publisher = given.open({ url, secret });
      expect(await publish(publisher)).toMatchObject({ kind: "retry", reason: "network" });
    });

    test("tries again after a reset before anything was read", async () => {
      const outcome = await attempt(undefined, (publisher, receiver) => {
        receiver.refusesConnections = true;
        return publish(publisher);
      });
      expect(outcome).toMatchObject({ kind: again, reason: "network" });
    });

    test("returns ambiguous if the connection was reset after the request", async () => {
      const outcome = await attempt((socket) => void socket.resetAndDestroy(), publish);
      expect(outcome).toMatchObject({ kind: "ambiguous", reason: "network", receiverClosed: true });
    });

    test("reports that the receiver closed the connection without an answer", async () => {
      const outcome = await attempt((socket) => void socket.end(), publish);
      expect(outcome).toMatchObject({ kind: "ambiguous", reason: "network", receiverClosed: true });
    });

    test("does not report its own close, after an answer that is not HTTP, as the receiver's", async () => {
      const outcome = await attempt((socket) => void socket.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"), publish);
      expect(outcome).toMatchObject({ kind: "ambiguous", reason: "network" });
      expect(outcome).not.toHaveProperty("receiverClosed");
    });

    test("returns retry for a failed handshake, which lets nothing through", async () => {
      await using receiver = await ScriptedReceiver.open();
      receiver.refusesConnections = true;
      await using publisher = given.open({ url: receiver.url.replace("http:", "https:"), secret });
      expect(await publish(publisher)).toMatchObject({
        kind: "retry",
        reason: expect.stringMatching(/^(tls|network)$/),
      });
    });

    test("classifies an incomplete answer by its status", async () => {
      const outcome = await attempt((socket) => void socket.end(given.half.act), publish);
      expect(outcome.kind).toBe(given.half.means);
    });

    test("reads an answer of any size without storing it", async () => {
      const outcome = await attempt(answer(500, "x".repeat(5_000_000)), publish);
      expect(outcome).toMatchObject({ kind: again, status: 500 });
      expect(JSON.stringify(outcome).length).toBeLessThan(2_000);
    });

    test("continues after the receiver closed idle connections", async () => {
      await using receiver = await ScriptedReceiver.open(given.accepts, given.accepts);
      await using publisher = given.open({ url: receiver.url, secret });
      expect(await publish(publisher)).toMatchObject({ kind: "accepted" });
      await receiver.closeConnections();
      expect(["accepted", "retry", "ambiguous"]).toContain((await publish(publisher)).kind);
    });

    test.each([202, 400, 401, 429, 500])("shows no credential, even when a %i repeats the request", async (status) => {
      const echo: Act = (socket, request) => answer(status, request.head + request.body)(socket, request);
      const outcome = await attempt(echo, publish);
      expect(shown(outcome)).not.toContain(secret);
    });

    test("shows no credential in its printed form or in its payload", async () => {
      await using publisher = given.open({ url: "http://127.0.0.1:9", secret });
      expect(shown(publisher)).not.toContain(secret);
      expect(shown(publisher.render(telling))).not.toContain(secret);
    });

    test("accepts a classification with any texts, and shows no credential that they repeat", async () => {
      await using receiver = await ScriptedReceiver.open(given.accepts);
      await using publisher = given.open({ url: receiver.url, secret });
      const text = `<!channel> \u0000 lone \udc00 ${secret} ${"💥".repeat(10_000)}`;
      const words = { reasoning: text, recommendations: [text], category: text, model: secret };
      const classified: Notification = {
        ...telling,
        classification: { severity: "error", confidence: 0.5, provider: "openai", applied: true, ...words },
      };
      expect(await publisher.publish(classified, never())).toMatchObject({ kind: "accepted" });
      expect(receiver.requests[0]!.body.isWellFormed()).toBe(true);
      expect(shown(publisher.render(classified))).not.toContain(secret);
    });

    test("renders what it sends", async () => {
      await using receiver = await ScriptedReceiver.open(given.accepts);
      await using publisher = given.open({ url: receiver.url, secret });
      await publish(publisher);
      expect(JSON.parse(receiver.requests[0]!.body)).toMatchObject(publisher.render(telling) as object);
    });
  });

  async function abortedOnArrival(publisher: Publisher, receiver: ScriptedReceiver, reason: unknown): Promise<Outcome> {
    const controller = new AbortController();
    const arrived = receiver.arrival();
    const outcome = publisher.publish(telling, controller.signal);
    await arrived;
    controller.abort(reason);
    return await outcome;
  }
}

const timedOut = () => new DOMException("The attempt took too long", "TimeoutError");

const shown = (value: unknown): string => inspect(value, { depth: null, showHidden: true }) + JSON.stringify(value);
