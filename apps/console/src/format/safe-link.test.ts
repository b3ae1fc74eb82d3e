import { expect, test } from "vitest";
import { safeLink } from "./safe-link.ts";

test.each([
  ["https://runbooks.example.com/disk?a=1#b", "https://runbooks.example.com/disk?a=1#b"],
  ["http://10.0.0.1:9090/graph", "http://10.0.0.1:9090/graph"],
  ["HTTPS://EXAMPLE.com", "https://example.com/"],
])("%s is a link", (text, href) => {
  expect(safeLink(text)).toBe(href);
});

test.each([
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  " javascript:alert(1)",
  "java\nscript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
  "file:///etc/passwd",
  "//example.com",
  "/incidents/1",
  "https://",
  "https://tocsin.example.com@evil.example",
  "text",
  "",
])("%j is no link", (text) => {
  expect(safeLink(text)).toBeUndefined();
});
