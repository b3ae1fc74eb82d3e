import type { Image, Link } from "./event.ts";

/**
 * Returns the links that PagerDuty can show: http and https only. A link with an empty or invalid `href` is removed. Characters
 * that a browser accepts and a strict parser refuses (blanks, umlauts) are percent-encoded.
 *
 * @returns the same array when nothing has to change
 */
export function fitLinks(links: readonly Link[]): readonly Link[] {
  return mapSame(links, (link) => {
    const href = webUrl(link.href);
    if (href === undefined) return undefined;
    return href === link.href ? link : { ...link, href };
  });
}

/**
 * Returns the images that PagerDuty can show: `src` must be https. An `http:` image becomes a link, an invalid one is removed.
 *
 * @returns the same arrays when nothing has to change
 */
export function fitImages(
  images: readonly Image[],
  links: readonly Link[] = [],
): { images: readonly Image[]; links: readonly Link[] } {
  const demoted: Link[] = [];
  const kept = mapSame(images, (image) => {
    const src = webUrl(image.src);
    if (src === undefined) return undefined;
    if (src.startsWith("http:")) {
      demoted.push(image.alt === undefined ? { href: src } : { href: src, text: image.alt });
      return undefined;
    }
    const href = image.href === undefined ? undefined : webUrl(image.href);
    return src === image.src && href === image.href ? image : { ...image, src, href };
  });
  return { images: kept, links: demoted.length === 0 ? links : [...links, ...demoted] };
}

/** RFC 3986, without the faults that browsers tolerate. */
const plainUrl = /^https?:\/\/[\w.~:/?#[\]@!$&'()*+,;=%-]+$/;

/** The http(s) URL in a form that every parser accepts, or `undefined` for any other text. */
export function webUrl(text: unknown): string | undefined {
  if (typeof text !== "string" || !/^\s*https?:\/\//i.test(text)) return undefined;
  if (!URL.canParse(text)) return undefined;
  return plainUrl.test(text) ? text : new URL(text).href;
}

/** `map` that leaves out `undefined` and returns its argument when nothing changed. */
function mapSame<T>(items: readonly T[], change: (item: T) => T | undefined): readonly T[] {
  const changed = items.map(change).filter((item) => item !== undefined);
  return changed.length === items.length && changed.every((item, i) => item === items[i]) ? items : changed;
}
