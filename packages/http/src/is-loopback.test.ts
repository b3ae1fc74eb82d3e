import { expect, test } from "vitest";
import { isLoopback } from "./is-loopback.ts";

test.each([
  ["localhost", true],
  ["LOCALHOST", true],
  ["localhost.", true],
  ["api.localhost", true],
  ["api.localhost.", true],
  ["127.0.0.1", true],
  ["127.255.0.9", true],
  ["127.1", true],
  ["[::1]", true],
  ["::1", true],
  ["0:0:0:0:0:0:0:1", true],
  ["[::ffff:127.0.0.1]", true],
  ["::ffff:7fff:1", true],
  ["localhost.example.com", false],
  ["127.0.0.1.example.com", false],
  ["mylocalhost", false],
  [".localhost", false],
  ["10.0.0.1", false],
  ["128.0.0.1", false],
  // A listener there is open to all networks.
  ["0.0.0.0", false],
  ["[::]", false],
  ["::", false],
  ["[::2]", false],
  ["[::ffff:128.0.0.1]", false],
  // A translator on the way may send these elsewhere.
  ["[64:ff9b::127.0.0.1]", false],
  ["", false],
  ["localhost/x", false],
  ["user@localhost", false],
])("%s is this machine: %s", (host, is) => {
  expect(isLoopback(host)).toBe(is);
});
