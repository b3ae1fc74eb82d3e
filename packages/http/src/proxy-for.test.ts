import { describe, expect, test } from "vitest";
import { parseProxy, proxiesFrom, proxyAuthorization, ProxyUrlError } from "./proxy-settings.ts";
import { bypassesProxy, proxyFor } from "./proxy-for.ts";

test.each([
  ["http://proxy.example.com:3128", "http://proxy.example.com:3128/"],
  ["https://proxy.example.com", "https://proxy.example.com/"],
  ["proxy.example.com:3128", "http://proxy.example.com:3128/"],
  ["user:pass@proxy.example.com:3128", "http://user:pass@proxy.example.com:3128/"],
  ["[::1]:3128", "http://[::1]:3128/"],
])("%j is the proxy %s", (text, href) => {
  expect(parseProxy(text, "HTTPS_PROXY").href).toBe(href);
});

test.each(["socks5://user:secret@proxy.example.com", "http://", ""])(
  "%j is not a proxy, and the error does not quote it",
  (text) => {
    expect(() => parseProxy(text, "HTTPS_PROXY")).toThrow(new ProxyUrlError("HTTPS_PROXY"));
    expect(new ProxyUrlError("HTTPS_PROXY").message).toBe("HTTPS_PROXY must be an http or https URL");
  },
);

describe("NO_PROXY", () => {
  test.each([
    ["", "https://example.com", false],
    [" , ", "https://example.com", false],
    ["*", "https://example.com", true],
    ["x,*", "https://[2001:db8::1]", true],
    // Names.
    ["example.com", "https://example.com", true],
    ["other.com, EXAMPLE.com", "https://example.com", true],
    ["other.com EXAMPLE.com", "https://api.example.com", true],
    [".example.com", "https://example.com", true],
    ["*.example.com", "https://api.example.com", true],
    ["example.com", "https://notexample.com", false],
    ["example.com", "https://example.com.org", false],
    ["example.com.", "https://example.com", true],
    ["example.com", "https://example.com.", true],
    [".example.com.", "https://api.example.com.", true],
    ["com.", "https://example.com", true],
    ["bücher.example", "https://xn--bcher-kva.example", true],
    // Ports.
    ["example.com:443", "https://example.com", true],
    ["example.com:443", "http://example.com", false],
    ["example.com:80", "http://example.com", true],
    ["example.com:8443", "https://example.com:8443", true],
    ["example.com.:8443", "https://api.example.com:8443", true],
    ["*.example.com:8443", "https://api.example.com", false],
    // Addresses.
    ["10.1.2.3", "http://10.1.2.3", true],
    ["10.1.2.3:8080", "http://10.1.2.3:8080", true],
    ["10.1.2.3:8080", "http://10.1.2.3", false],
    ["10.1.2.3", "http://110.1.2.3", false],
    ["2.3", "http://10.1.2.3", false],
    ["2001:db8::1", "http://[2001:db8::1]:9", true],
    ["2001:DB8:0:0::0001", "http://[2001:db8::1]:9", true],
    ["[2001:db8::1]", "http://[2001:db8::1]:9", true],
    ["[2001:db8::1]:9", "http://[2001:db8::1]:9", true],
    ["[2001:db8::1]:9", "http://[2001:db8::1]:8", false],
    ["2001:db8::1", "http://[2001:db8::2]", false],
    ["::1:80", "http://[::1]", false],
    ["10.1.2.3", "http://[::ffff:10.1.2.3]", true],
    // Networks.
    ["10.0.0.0/8", "http://10.200.3.4:9093", true],
    ["10.0.0.0/8", "http://11.0.0.1", false],
    ["192.168.4.0/23", "http://192.168.5.255", true],
    ["192.168.4.0/23", "http://192.168.6.0", false],
    ["0.0.0.0/0", "http://8.8.8.8", true],
    ["10.0.0.0/8:9093", "http://10.200.3.4:9093", true],
    ["10.0.0.0/8:9093", "http://10.200.3.4", false],
    ["2001:db8::/32", "http://[2001:db8:1::2]", true],
    ["[2001:db8::]/32", "http://[2001:db8:1::2]", true],
    ["2001:db8::/32", "http://[2001:db9::1]", false],
    ["::/0", "http://[2001:db8::1]", true],
    ["fd00::/8", "http://10.0.0.1", false],
    ["10.0.0.0/8", "http://[2001:db8::1]", false],
    ["10.0.0.0/8", "http://ten.example.com", false],
    ["10.0.0.0/33", "http://10.0.0.1", false],
    ["10.0.0.0/", "http://10.0.0.1", false],
    ["/8", "http://10.0.0.1", false],
    ["10.0.0.0/8/8", "http://10.0.0.1", false],
    ["example.com/24", "http://example.com", false],
    // Entries without a meaning.
    ["http://example.com", "http://example.com", false],
    [":443", "https://example.com", false],
    [".", "https://example.com", false],
    ["*.", "https://example.com", false],
  ])("%j and %s: %s", (list, url, bypassed) => {
    expect(bypassesProxy(list, new URL(url))).toBe(bypassed);
  });
});

describe("the proxy for a URL", () => {
  const proxy = "http://proxy.example.com:3128";
  const far = "https://events.pagerduty.com";
  const through = `${proxy}/`;

  test.each<[string, Record<string, string>, string, string | undefined]>([
    ["none is named", {}, far, undefined],
    ["an empty one is named", { https_proxy: "", HTTPS_PROXY: "", ALL_PROXY: "" }, far, undefined],
    ["one is named", { HTTPS_PROXY: proxy }, far, through],
    ["lower case wins", { https_proxy: proxy, HTTPS_PROXY: "http://other" }, far, through],
    ["the lower-case one is empty", { https_proxy: "", HTTPS_PROXY: proxy }, far, through],
    ["one is named for all", { all_proxy: proxy }, far, through],
    ["one is named for all, and the URL is plain", { ALL_PROXY: proxy }, "http://receiver.example.com", through],
    ["one for the scheme wins", { all_proxy: "http://other", HTTPS_PROXY: proxy }, far, through],
    [
      "a plain one wins for plain URLs",
      { ALL_PROXY: "http://other", HTTP_PROXY: proxy },
      "http://a.example.com",
      through,
    ],
    ["one is named for plain URLs", { HTTP_PROXY: proxy }, "http://receiver.example.com", through],
    ["one is named for plain URLs only", { HTTP_PROXY: proxy }, far, undefined],
    ["one is named for https only", { HTTPS_PROXY: proxy }, "http://receiver.example.com", undefined],
    ["its scheme is missing", { HTTPS_PROXY: "proxy.example.com:3128" }, far, through],
    ["all hosts are excluded", { HTTPS_PROXY: proxy, NO_PROXY: "*" }, far, undefined],
    ["the domain is excluded in lower case", { HTTPS_PROXY: proxy, no_proxy: "pagerduty.com" }, far, undefined],
    ["another domain is excluded", { HTTPS_PROXY: proxy, NO_PROXY: "duty.com" }, far, through],
    ["the lower-case list wins", { HTTPS_PROXY: proxy, no_proxy: "x", NO_PROXY: "*" }, far, through],
    ["a wrong one is not needed", { HTTP_PROXY: "socks5://x", HTTPS_PROXY: proxy }, far, through],
    ["a wrong one is excluded", { HTTPS_PROXY: "socks5://x", NO_PROXY: "pagerduty.com" }, far, undefined],
  ])("%s", (_, environment, url, expected) => {
    expect(proxyFor(proxiesFrom(environment), new URL(url))?.href).toBe(expected);
  });

  test.each([
    "http://localhost:9093",
    "https://localhost.",
    "http://a.LOCALHOST",
    "http://127.0.0.1",
    "http://127.255.3.4",
    "http://[::1]:9",
    "http://[::ffff:127.0.0.1]",
  ])("%s is this machine, which is never reached through a proxy", (url) => {
    expect(proxyFor(proxiesFrom({ ALL_PROXY: proxy }), new URL(url))).toBeUndefined();
  });

  test.each(["http://notlocalhost", "http://localhost.example.com", "http://128.0.0.1", "http://127.example.com"])(
    "%s is not this machine",
    (url) => {
      expect(proxyFor(proxiesFrom({ ALL_PROXY: proxy }), new URL(url))?.href).toBe(through);
    },
  );

  test.each(["HTTPS_PROXY", "all_proxy"])("a wrong proxy is reported by its variable: %s", (name) => {
    const wrong = () => proxyFor(proxiesFrom({ [name]: "socks5://user:secret@proxy" }), new URL(far));
    expect(wrong).toThrow(`${name} must be an http or https URL`);
  });
});

test.each([
  ["http://proxy.example.com", undefined],
  ["http://user:p%40ss@proxy.example.com", "user:p@ss"],
  ["http://user@proxy.example.com", "user:"],
  ["http://user:100%@proxy.example.com", "user:100%"],
])("the credentials of %s are sent to it", (url, credentials) => {
  const header = proxyAuthorization(new URL(url));
  expect(header).toBe(credentials && `Basic ${btoa(credentials)}`);
});
