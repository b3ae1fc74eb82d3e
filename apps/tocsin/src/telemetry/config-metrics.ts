import { Gauge, type Registry } from "./series.ts";

/** The metrics about the configuration and its certificates. */
export const configMetrics = (registers: readonly Registry[]) => ({
  reloadSuccessful: new Gauge({
    name: "tocsin_config_last_reload_successful",
    help: "1 if the last start or reload found no mistake in the configuration, otherwise 0.",
    registers,
  }),
  reloadedAt: new Gauge({
    name: "tocsin_config_last_reload_success_timestamp_seconds",
    help: "Unix time of the last start or reload without a mistake, in seconds.",
    registers,
  }),
  certificateExpiry: new Gauge({
    name: "tocsin_certificate_expiry_timestamp_seconds",
    help: "Unix time at which the first certificate of a file expires, in seconds.",
    labelNames: ["name"],
    registers,
  }),
});
