import { expect, test } from "vitest";
import { bypassesProxy, proxyAuthorization, proxyUrl } from "./proxy.ts";

test.each([
  ["http://proxy.example.com:3128", "http://proxy.example.com:3128/"],
  ["https://proxy.example.com", "https://proxy.example.com/"],
  ["proxy.example.com:3128", "http://proxy.example.com:3128/"],
  ["user:pass@proxy.example.com:3128", "http://user:pass@proxy.example.com:3128/"],
  ["socks5://proxy.example.com", undefined],
  ["http://", undefined],
  ["", undefined],
])("%j is the proxy %s", (text, href) => {
  expect(proxyUrl(text)?.href).toBe(href);
});

test.each([
  ["", "https://example.com", false],
  ["*", "https://example.com", true],
  ["example.com", "https://example.com", true],
  ["other.com, EXAMPLE.com", "https://example.com", true],
  [".example.com", "https://example.com", true],
  ["*.example.com", "https://api.example.com", true],
  ["example.com", "https://notexample.com", false],
  ["example.com:443", "https://example.com", true],
  ["example.com:443", "http://example.com", false],
  ["example.com:80", "http://example.com", true],
  ["example.com:8443", "https://example.com:8443", true],
  ["[::1]", "http://[::1]:9", true],
])("no_proxy %j and %s: %s", (list, url, bypassed) => {
  expect(bypassesProxy(list, new URL(url))).toBe(bypassed);
});

test.each([
  ["http://proxy.example.com", undefined],
  ["http://user:p%40ss@proxy.example.com", "user:p@ss"],
  ["http://user@proxy.example.com", "user:"],
  ["http://user:100%@proxy.example.com", "user:100%"],
])("%s is told who asks", (url, credentials) => {
  const header = proxyAuthorization(new URL(url));
  expect(header).toBe(credentials && `Basic ${btoa(credentials)}`);
});
