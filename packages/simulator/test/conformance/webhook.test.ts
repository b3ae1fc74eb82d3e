import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { Simulator } from "../../src/index.ts";
import { post, TestClock } from "../requests.ts";

/** The generic webhook receiver: Standard Webhooks 1.0.0, judged beside its reference library. */

const signingSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const otherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

const setUp = () => {
  const clock = new TestClock();
  const simulator = new Simulator({ clock });
  simulator.setWebhookSecrets("oncall", [signingSecret]);
  return { clock, simulator };
};

const signed = (clock: TestClock, body: string, options: { id?: string; secret?: string; ageS?: number } = {}) => {
  const id = options.id ?? "msg_1";
  const at = new Date(clock.nowMs - (options.ageS ?? 0) * 1000);
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(options.secret ?? signingSecret).sign(id, at, body),
  };
};

const testBody = '{"test": 2432232314}';

describe("signatures", () => {
  test("match the reference library", () => {
    const { clock, simulator } = setUp();
    expect(simulator.handle(post("/webhook/oncall", testBody, signed(clock, testBody))).status).toBe(200);
    expect(simulator.deliveries()).toMatchObject([
      { name: "oncall", id: "msg_1", signed: true, repeat: false, body: { test: 2432232314 } },
    ]);
  });

  test("match the check values of the specification", () => {
    const simulator = new Simulator({ clock: { now: () => 1614265330_000 } });
    simulator.setWebhookSecrets("oncall", [signingSecret]);
    const headers = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    expect(simulator.handle(post("/webhook/oncall", testBody, headers)).status).toBe(200);
    expect(simulator.handle(post("/webhook/oncall", `${testBody} `, headers)).status).toBe(401);
  });

  test.each<[string, string, (headers: Record<string, string>) => void]>([
    ["no id", "webhook-id", (headers) => delete headers["webhook-id"]],
    ["no timestamp", "webhook-timestamp", (headers) => delete headers["webhook-timestamp"]],
    ["no signature", "webhook-signature", (headers) => delete headers["webhook-signature"]],
    ["a full stop in the id", "webhook-id", (headers) => (headers["webhook-id"] = "a.b")],
    ["a timestamp that is no number", "webhook-timestamp", (headers) => (headers["webhook-timestamp"] = "now")],
    [
      "another version",
      "webhook-signature",
      (headers) => (headers["webhook-signature"] = headers["webhook-signature"]?.replace("v1,", "v1a,") ?? ""),
    ],
    ["a wrong signature", "webhook-signature", (headers) => (headers["webhook-signature"] = "v1,AAAA")],
  ])("with %s: 401", (_, field, spoil) => {
    const { clock, simulator } = setUp();
    const headers = signed(clock, testBody);
    spoil(headers);
    expect(simulator.handle(post("/webhook/oncall", testBody, headers)).status).toBe(401);
    expect(simulator.refused().map((row) => row.field)).toEqual([field]);
    expect(simulator.deliveries()).toEqual([]);
  });

  test("under another secret: 401; one right one among several will do", () => {
    const { clock, simulator } = setUp();
    const wrong = signed(clock, testBody, { secret: otherSecret });
    expect(simulator.handle(post("/webhook/oncall", testBody, wrong)).status).toBe(401);
    const both = {
      ...wrong,
      "webhook-signature": `${wrong["webhook-signature"]} ${signed(clock, testBody)["webhook-signature"]}`,
    };
    expect(simulator.handle(post("/webhook/oncall", testBody, both)).status).toBe(200);
  });

  test.each([
    [299, 200],
    [301, 401],
    [-299, 200],
    [-301, 401],
  ])("made %i s ago are answered %i: five minutes either way", (ageS, status) => {
    const { clock, simulator } = setUp();
    expect(simulator.handle(post("/webhook/oncall", testBody, signed(clock, testBody, { ageS }))).status).toBe(status);
  });

  test("are judged by the receiver's clock, however wrong it is", () => {
    const { clock, simulator } = setUp();
    simulator.setFaults("on webhook skew -10m");
    expect(simulator.handle(post("/webhook/oncall", testBody, signed(clock, testBody))).status).toBe(401);
  });

  test("are not asked for where no secret is set", () => {
    const { simulator } = setUp();
    expect(simulator.handle(post("/webhook/other", "anything", {})).status).toBe(200);
    expect(simulator.deliveries()).toMatchObject([{ name: "other", id: null, signed: false, body: "anything" }]);
  });
});

describe("deliveries", () => {
  test("with an id seen before have no further effect, whatever their content", () => {
    const { clock, simulator } = setUp();
    const body = JSON.stringify({ type: "incident.trigger", data: { dedupKey: "a", summary: "disk full" } });
    for (const _ of [1, 2]) simulator.handle(post("/webhook/oncall", body, signed(clock, body)));
    expect(simulator.deliveries().map((row) => row.repeat)).toEqual([false, true]);
    expect(simulator.incidents()).toMatchObject([
      { receiver: "webhook", dedup_key: "a", summary: "disk full", events: [{}] },
    ]);
  });

  test("that name a dedup key and a status open, acknowledge and resolve", () => {
    const simulator = new Simulator();
    const send = (event: string) => simulator.handle(post("/webhook/x", { data: { dedup_key: "a", status: event } }));
    const statuses = ["firing", "acknowledged", "resolved", "resolved"].map((event) => {
      send(event);
      return simulator.incidents()[0]?.status;
    });
    expect(statuses).toEqual(["triggered", "acknowledged", "resolved", "resolved"]);
    expect(simulator.requests().at(-1)?.effect).toBe("dropped");
  });
});
