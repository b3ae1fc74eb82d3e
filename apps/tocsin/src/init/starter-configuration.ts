/** Who may reach the service. Also part of a configuration that is made from Alertmanager's. */
export const serverSettings = `server:
  # Only this machine can reach this address. Before you use ":9877", remove the # below.
  listen: 127.0.0.1:9877
  # auth:
  #   tokens:
  #     - { name: alertmanager, token: { env: INGEST_TOKEN }, roles: [ingest] }
  #     - { name: operator, token: { env: OPERATE_TOKEN }, roles: [ingest, read, operate] }

ledger:
  # Alerts and incidents are kept in this file, relative to this configuration.
  url: sqlite:./data/tocsin.db
`;

/** The configuration that `tocsin init` writes. */
export const starterConfiguration = `# Configuration of Tocsin. All keys: docs/configuration.md. Check it with: tocsin config check

${serverSettings}
targets:
  # A target receives each alert that passes its filters, independently of all other targets.
  - name: pagerduty
    type: pagerduty
    # The key of an Events API v2 integration: a variable, or a file as in { file: /run/secrets/pagerduty }.
    routing_key: { env: PAGERDUTY_ROUTING_KEY }
    filters: { min_severity: error }

  # - name: slack
  #   type: slack
  #   webhook_url: { file: ./secrets/slack-webhook }
  #   filters: { min_severity: warning }
`;
