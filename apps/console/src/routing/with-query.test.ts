import { expect, test } from "vitest";
import { withQuery } from "./with-query.ts";

test("appends the values that are there", () => {
  expect(withQuery("incidents", { state: "due", q: "", target: undefined, matcher: ["a=1", "b=2"] })).toBe(
    "incidents?state=due&matcher=a%3D1&matcher=b%3D2",
  );
  expect(withQuery("incidents", {})).toBe("incidents");
});
