/** Prefixes that issuers put before their credentials, so that scanners find them. */
const issued =
  /(?:^|[^A-Za-z0-9])(?:(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|AIza[\w-]{30,}|ya29\.[\w-]{10,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|gl[a-z]{2,5}-[\w-]{16,}|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}|[spr]k_(?:live|test)_\w{10,}|whsec_\S{10,}|sk-[\w-]{16,}|glc_[\w+/]{30,}|glsa_\w{30,}|dckr_pat_[\w-]{20,}|cf(?:k|ut|at)_\w{40,}|dapi[0-9a-f]{30,}|gsk_\w{20,}|tskey-[\w-]{16,}|vc[a-z]_\w{20,}|shppa_\w{16,}|sk-ant-[\w-]{10,}|npm_\w{20,}|pypi-[\w-]{16,}|SG\.[\w-]{10,}\.[\w-]{10,}|shp(?:at|ca|pa|ss)_\w{16,}|dop_v1_\w{20,}|hf_\w{16,}|lin_(?:api|oauth)_\w{16,}|secret_\w{20,}|ntn_\w{20,}|figd_[\w-]{16,}|ops_[\w-]{20,}|hvs\.[\w-]{16,}|sq0[a-z]{3}-[\w-]{16,}|dp\.pt\.\w{16,}|eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?|AGE-SECRET-KEY-\w{10,}|EAA[A-Z]\w{20,}|(?:tfp|rnd|pat|key|tok|secret|token)_\w{20,})/;

/** Words are split here before their parts are judged: names of pods, hosts and images have these between their parts. */
const separators = /[-._:/@,=]+/;

const hex = /^[0-9a-f]+$/i;
const hasLower = /[a-z]/;
const hasUpper = /[A-Z]/;
const hasDigit = /\d/;

/** Bits per character. */
function entropyOf(word: string): number {
  const counts = new Map<string, number>();
  for (const character of word) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / word.length) * Math.log2(count / word.length);
  return bits;
}

/** A part of a word, without separators: a random text has digits among its letters. */
function isRandom(part: string): boolean {
  if (part.length < 16 || !hasDigit.test(part)) return false;
  if (hex.test(part)) return part.length >= 20 && /[a-f]/i.test(part);
  if (!hasLower.test(part) && !hasUpper.test(part)) return false;
  const mixed = hasLower.test(part) && hasUpper.test(part);
  return entropyOf(part) >= (mixed ? 3.2 : 3.3) && switches(part) >= part.length / (mixed ? 3.5 : 5);
}

/**
 * A run of base64, whose parts alone may be short. Names in lower case are none, and in names with capitals most letters are small.
 */
function isRandomRun(word: string): boolean {
  if (word.length < 24 || !hasLower.test(word) || !hasUpper.test(word) || !/^[\w+/=-]+$/.test(word)) return false;
  const needed = hasDigit.test(word) ? { capitals: 0.2, switches: 0.25 } : { capitals: 0.3, switches: 0.25 };
  const capitals = word.replaceAll(/[^A-Z]/g, "").length / word.replaceAll(/[^A-Za-z]/g, "").length;
  return entropyOf(word) >= 4 && capitals >= needed.capitals && switches(word) >= word.length * needed.switches;
}

/** How often the kind of character changes. Random texts change often, `HTTPRequestsTotal5xx` does not. */
function switches(word: string): number {
  let changes = 0;
  let before = "";
  for (const character of word) {
    const kind = hasDigit.test(character) ? "0" : hasLower.test(character) ? "a" : hasUpper.test(character) ? "A" : "-";
    if (before !== "" && kind !== before) changes++;
    before = kind;
  }
  return changes;
}

/** The digest of an image identifies public content. */
const digest = /(?:^|@)sha(?:256|512):[0-9a-f]{32,128}$/i;

/** Whether a word without white space is a credential, as far as its form shows. Linear in its length. */
export function looksSecret(word: string): boolean {
  if (word.length < 16) return false;
  if (issued.test(word)) return true;
  const named = word.replace(digest, "");
  return isRandomRun(named) || named.split(separators).some(isRandom);
}
