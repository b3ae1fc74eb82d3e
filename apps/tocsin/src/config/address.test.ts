import { expect, test } from "vitest";
import { isLoopbackListener } from "./address.ts";

test.each([
  ["localhost", true],
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  // DNS may answer them with another address of this machine.
  ["app.localhost", false],
  ["localhost.", false],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.7", false],
  ["example.com", false],
])("a listener at %s is reachable from this machine alone: %s", (host, is) => {
  expect(isLoopbackListener(host)).toBe(is);
});
