import { expect, test } from "vitest";
import { fitImages, fitLinks, webUrl } from "./fit-links.ts";

test.each([
  "https://example.com",
  "http://10.0.0.1:3000/d/x?from=now-1h&to=now#panel",
  "https://[::1]/x",
  "https://example.com/a%20b/(c)/~d!$&'*+,;=:@",
])("%s stays as it is", (url) => {
  expect(webUrl(url)).toBe(url);
});

test.each([
  ["HTTPS://Example.com/x", "https://example.com/x"],
  [" https://example.com/a b\n", "https://example.com/a%20b"],
  ["https://exämple.com/ü", "https://xn--exmple-cua.com/%C3%BC"],
  ['https://example.com/"><script>', "https://example.com/%22%3E%3Cscript%3E"],
  ["https://example.com/\ud800", "https://example.com/%EF%BF%BD"],
])("%j is written as %s", (url, written) => {
  expect(webUrl(url)).toBe(written);
});

test.each([
  "",
  " ",
  "example.com",
  "xhttps://example.com",
  "/d/x",
  "ftp://example.com",
  "javascript:alert(1)",
  "https://",
  "http://a:b:c",
  5,
  null,
])("%j is no URL that can be shown", (url) => {
  expect(webUrl(url)).toBeUndefined();
});

test("removes links without a URL and keeps the others", () => {
  const good = { href: "https://example.com", text: "good" };
  expect(fitLinks([{ href: "" }, good, { href: "x" }])).toEqual([good]);
  expect(fitLinks([good, { href: "https://example.com/a b", text: "t" }])).toEqual([
    good,
    { href: "https://example.com/a%20b", text: "t" },
  ]);
});

test("returns the same array when nothing has to change", () => {
  const links = [{ href: "https://example.com" }];
  const images = [{ src: "https://example.com/x.png", href: "https://example.com", alt: "x" }];
  expect(fitLinks(links)).toBe(links);
  const fitted = fitImages(images, links);
  expect([fitted.images === images, fitted.links === links]).toEqual([true, true]);
});

test("an http image becomes a link, an image without a URL is removed, and of an image with a wrong href only the href", () => {
  const links = [{ href: "https://example.com" }];
  const images = [
    { src: "http://example.com/a.png", alt: "a" },
    { src: "http://example.com/b.png" },
    { src: "" },
    { src: "https://example.com/c.png", href: "nowhere", alt: "c" },
    { src: "https://example.com/d d.png", href: "https://example.com/d" },
  ];
  expect(fitImages(images, links)).toEqual({
    images: [
      { src: "https://example.com/c.png", alt: "c" },
      { src: "https://example.com/d%20d.png", href: "https://example.com/d" },
    ],
    links: [...links, { href: "http://example.com/a.png", text: "a" }, { href: "http://example.com/b.png" }],
  });
  expect(fitImages(images.slice(0, 1))).toEqual({
    images: [],
    links: [{ href: "http://example.com/a.png", text: "a" }],
  });
});
