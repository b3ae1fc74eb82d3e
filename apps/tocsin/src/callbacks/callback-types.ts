import type { CallbackTypeName } from "./callback-settings.ts";
import type { CallbackType } from "./callback-type.ts";
import { pagerduty } from "./pagerduty/pagerduty.ts";
import { rootly } from "./rootly.ts";
import { slack } from "./slack.ts";

/** All kinds of receivers that report, by the name in the configuration. */
export const callbackTypesByName: Readonly<Record<CallbackTypeName, CallbackType>> = { pagerduty, rootly, slack };
