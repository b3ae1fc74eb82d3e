import { expect, test } from "vitest";
import { notifications, notSent } from "./notification.ts";

test("asks whether a callback takes actions only if the publisher reads it", () => {
  const asked: string[] = [];
  const notify = notifications(
    () => undefined,
    (target) => asked.push(target) > 0,
  );
  const facts = {
    dedupKey: "k",
    severity: "critical",
    summary: "down",
    sender: "",
    firing: 1,
    alertJson: "{}",
  } as const;
  const notification = notify({ ...facts, action: "trigger", target: "chat", event: notSent(1) });
  expect(asked).toEqual([]);
  expect(notification.actions).toBe(true);
  expect(asked).toEqual(["chat"]);
});
