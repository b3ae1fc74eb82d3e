import type { Issue, Target } from "@tocsin/core";
import { tlsSettingsOf } from "@tocsin/publishers";
import { type CertificateExpiry, expiriesIn, pemIssues } from "../config/certificates.ts";

/** Returns everything that is wrong with the certificates of a target. Paths are relative to the target. */
export const targetTlsIssues = ({ tls }: Pick<Target, "tls">): Issue[] =>
  tls === undefined ? [] : pemIssues(tlsSettingsOf(tls), paths, "TLSv1.2");

const paths = { ca: "tls.ca", cert: "tls.cert", key: "tls.key" };

/** Certificates are parsed once per version of a target. */
const known = new WeakMap<Target, readonly CertificateExpiry[]>();

/** Returns for each text of a target's `tls` when its first certificate expires. */
export function targetCertificateExpiries(target: Target): readonly CertificateExpiry[] {
  const { name, tls } = target;
  if (tls === undefined) return [];
  let expiries = known.get(target);
  if (expiries === undefined) {
    const path = `targets.${name}.tls`;
    const { ca, cert } = tlsSettingsOf(tls);
    expiries = expiriesIn({ [`${path}.ca`]: ca, [`${path}.cert`]: cert });
    known.set(target, expiries);
  }
  return expiries;
}
