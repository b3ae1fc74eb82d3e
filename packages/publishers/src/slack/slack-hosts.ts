/** Hosts of Slack and GovSlack, such as hooks.slack.com. */
const ownHost = /(^|\.)slack(-gov)?\.com\.?$/;

/** @param more hosts to treat as Slack's own, for tests */
export const isSlackHost = ({ hostname }: URL, more: readonly string[] = []): boolean =>
  ownHost.test(hostname) || more.includes(hostname);
