/**
 * Credentials that their makers gave a recognizable form. Every pattern takes linear time: repeated parts are bounded, or nothing
 * follows that could fail after them.
 */
export const secretShapes: readonly RegExp[] = [
  // PEM, also cut off.
  /-----BEGIN [A-Z0-9 ]{0,40}-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}-----|$)/g,
  // JSON Web Tokens.
  /\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g,
  // AWS: access keys.
  /\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA|AIPA|A3T[A-Z0-9])[A-Z0-9]{12,}/g,
  // GitHub, GitLab, npm, PyPI, Docker Hub.
  /\b(?:gh[pousr]_|github_pat_|gl(?:pat|dt|rt|ptt|soat|cbt|ft|imt|agent)-|npm_|pypi-|dckr_(?:pat|oat)_)[\w-]{8,}/g,
  // Slack: tokens and webhooks; Discord and Teams: webhooks.
  /\bx(?:ox[a-z]|app)(?:\.xox[a-z])?-[\w.-]{6,}/g,
  /\bhooks\.slack\.com\/[\w/-]+/gi,
  /\bdiscord(?:app)?\.com\/api\/webhooks\/[\w/-]+/gi,
  /\bwebhook\.office\.com\/[\w/@-]+/gi,
  // OpenAI, Anthropic, Stripe, SendGrid, Hugging Face, Groq, Perplexity.
  /\b(?:sk|rk|pk|whsec)[-_][\w-]{12,}/g,
  /\bSG\.[\w-]{8,}(?:\.[\w-]*)?/g,
  /\b(?:hf_|gsk_|pplx-|r8_|xai-)[\w-]{12,}/g,
  // Google: API keys, OAuth.
  /\bAIza[\w-]{20,}/g,
  /\b(?:ya29\.|1\/\/0|GOCSPX-)[\w-]{8,}/g,
  // DigitalOcean, Shopify, Vault, Grafana, Linear, Notion, New Relic, Figma, Databricks, Terraform, Doppler, PlanetScale, 1Password, age.
  /\b(?:do[opr]_v1_|shp(?:at|ca|pa|ss)_|hv[sbr]\.|gl(?:c|sa)_|lin_api_|secret_|ntn_|NR(?:AK|II|RA|AL)-|figd_|dapi|atlasv1|dp\.\w{2,4}\.|pscale_\w{2,5}_|ops_|AGE-SECRET-KEY-)[\w.-]{12,}/g,
  // Azure: keys in connection strings; shared access signatures.
  /\b(?:AccountKey|SharedAccessKey|sig)=[\w+/%=-]{12,}/gi,
  // Telegram bots.
  /\b\d{8,10}:[\w-]{30,}/g,
];

/** A user and password in a URL. */
export const urlCredentials = /:\/\/[^\s/?#@]{0,256}@/g;

/** `Authorization: Bearer …`. A plain word after it is no credential: "basic authentication". */
export const authorizationWords = /\b(bearer|basic|digest|token|apikey)([ \t]{1,4})([\w+/=.~-]{6,})/gi;

/** A value behind a name that says that it is secret: `password=…`, `"apiKey": "…"`, `--token …`. */
export const namedSecrets =
  /((?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|api[_-]?key|access[_-]?key(?:[_-]?id)?|secret[_-]?key|private[_-]?key|auth(?:orization)?[_-]?key|signature|cookie|session[_-]?id)[\w.-]{0,20}(?:\\?["'])?[ \t]{0,3}(?:[:=]|=>|%3D)[ \t]{0,3})((?:\\?["'])[^"'\\\n]{1,4096}|[^\s"'&;,)}\]]{1,4096})/gi;

/** Bounded as in RFC 5321: 64 octets before the sign, 255 behind it. */
export const mailAddresses = /[\w.+%-]{1,64}@[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63}){1,8}/gi;

export const ipv4Addresses = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)/g;
/** Words of hex digits and colons; `isIPv6` decides. */
export const ipv6Candidates = /(?<![\w:.])[\da-f:]{2,39}(?:\.\d{1,3}){0,3}(?:%\w{1,16})?(?![\w:])/gi;
