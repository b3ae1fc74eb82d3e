import { expect, test } from "vitest";
import { adviceForPage } from "./advice-for-page.ts";

test("leaves out what only helps on the command line", () => {
  expect(
    adviceForPage(
      "Check the receiver and the network. `tocsin targets show NAME` shows the last failure. `tocsin targets test NAME` does not try earlier.",
    ),
  ).toBe("Check the receiver and the network.");
  expect(adviceForPage("`tocsin deadletters list` shows the answer. Correct the target, then replay it.")).toBe(
    "Correct the target, then replay it.",
  );
});

test("keeps an advice that would be empty", () => {
  expect(adviceForPage("`tocsin doctor` lists them.")).toBe("`tocsin doctor` lists them.");
});
