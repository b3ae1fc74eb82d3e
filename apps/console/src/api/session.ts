import { computed, signal } from "@preact/signals";

/** Who uses the page. */
export interface Session {
  /** The name of the token; null: nobody has logged in, or no login is needed. */
  readonly name: string | null;
  readonly roles: readonly string[];
  /** Whether data needs a login. */
  readonly needed: boolean;
  /** Why no login is possible here. */
  readonly loginRefused?: string;
}

/** Undefined until the service has answered. */
export const session = signal<Session | undefined>(undefined);

export const mustLogIn = computed(() => session.value?.needed === true && session.value.name === null);

/** Why the caller cannot act; undefined: they can. */
export const whyReadOnly = computed(() => {
  const now = session.value;
  if (now === undefined || !now.needed || now.roles.includes("operate")) return undefined;
  return `${now.name ?? "You"} may read only. Actions need the role "operate".`;
});

/** Called when the service answers 401: the cookie has expired, or its token was removed. */
export function sessionEnded(): void {
  const now = session.value;
  session.value = { ...now, name: null, roles: [], needed: true };
}
