import { parseDurationMs } from "../../duration.ts";
import type { NoPress } from "../../receivers/slack/slack-app.ts";
import { json } from "../exchange.ts";
import type { SimulatorAnswer, SimulatorRequest } from "../exchange.ts";
import { expect, readObject } from "./read-body.ts";
import type { SimulatorControls } from "./simulator-controls.ts";

/** `POST /_sim/slack-app` */
export function setSlackApp(simulator: SimulatorControls, request: SimulatorRequest): unknown {
  const { url = null, signing_secret: secret = null, edit_window: window = null } = readObject(request);
  const editWindowMs = window === null ? undefined : parseDurationMs(window);
  expect(url === null || (typeof url === "string" && URL.canParse(url)), "url", "expected a URL, or null for none");
  expect(secret === null || (typeof secret === "string" && secret !== ""), "signing_secret", "expected a secret");
  expect((url === null) === (secret === null), "signing_secret", "expected with url, and only with it");
  expect(window === null || editWindowMs !== undefined, "edit_window", 'expected seconds or a duration such as "5m"');
  simulator.setSlackApp({
    ...(url !== null && { url }),
    ...(secret !== null && { signingSecret: secret }),
    ...(editWindowMs !== undefined && { editWindowMs }),
  });
  return simulator.slackApp();
}

const whyNoPress: Readonly<Record<NoPress, string>> = {
  no_message: "no message has this ts",
  no_button: "the message has no such button",
  no_app: "the app has no URL: set it by POST /_sim/slack-app",
};

/** Actions of people in Slack, below `/_sim/messages/{ts}`. Undefined: the route is another one. */
export function slackControls(
  simulator: SimulatorControls,
  request: SimulatorRequest,
  route: string,
): SimulatorAnswer | undefined {
  const [, verb, ts, press] = /^(POST|DELETE) \/_sim\/messages\/([^/]+)(\/press)?$/.exec(route) ?? [];
  if (ts === undefined || (verb === "POST") !== (press !== undefined)) return undefined;
  if (verb === "DELETE") {
    return simulator.deleteMessage(ts) ? json(200, {}) : problem(404, whyNoPress.no_message);
  }
  const { action, user = "ada", forged = false, age = 0 } = readObject(request);
  const ageMs = parseDurationMs(age);
  expect(typeof action === "string" && action !== "", "action", "expected acknowledge, resolve or an action_id");
  expect(typeof user === "string" && user !== "", "user", "expected a person's name");
  expect(typeof forged === "boolean", "forged", "expected true or false");
  expect(ageMs !== undefined, "age", 'expected seconds or a duration such as "10m"');
  const pressed = simulator.press({ ts, action, user, forged, ageMs });
  return typeof pressed === "string" ? problem(404, whyNoPress[pressed]) : json(202, pressed);
}

const problem = (status: number, message: string): SimulatorAnswer =>
  json(status, { error: { code: "not_found", message, issues: [] } });
