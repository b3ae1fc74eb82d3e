import { DirectPage, type DirectPageOptions } from "./direct-page.ts";
import { type SelfAlertSettings, SelfAlerts, type SelfAlertsOptions } from "./self-alerts.ts";

/** Builds the self-alerts with their direct page. This module is loaded only if they are configured. */
export const openSelfAlerts = (
  settings: SelfAlertSettings,
  options: Omit<SelfAlertsOptions, "directPage"> & DirectPageOptions,
): SelfAlerts => new SelfAlerts(settings, { ...options, directPage: new DirectPage(options) });
