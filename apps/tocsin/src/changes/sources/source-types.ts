import { argocd } from "./argocd.ts";
import type { ChangeSourceType } from "./change-source-settings.ts";
import { flux } from "./flux.ts";
import { generic } from "./generic.ts";
import { github } from "./github/github.ts";
import { gitlab } from "./gitlab.ts";
import type { SourceType } from "./source-type.ts";

/** All kinds of senders of changes, by the name in the configuration. */
export const sourceTypes: Readonly<Record<ChangeSourceType, SourceType>> = { github, gitlab, argocd, flux, generic };
