/** Our end and charon, each with a certificate. */
import { altNames, dns } from '../pki/issue.ts';
import { ids, type Pair, type Setting } from './charon-pair.ts';
import type { Section } from './peers/charon.ts';
import {
  type Belongings,
  certify,
  charonStore,
  type Holder,
  type KeyKind,
  ourStore,
  type Wanted,
} from './peers/holders.ts';
import type { Keywords } from './peers/ipsec-conf.ts';

/** A certificate for either end's FQDN. */
export const holderOf = (who: 'ours' | 'charon', issuer: Holder, more: Partial<Wanted> = {}): Holder =>
  certify({
    subject: `C=CA, O=Interop, CN=${who}`,
    issuer,
    serial: who === 'ours' ? 16 : 17,
    extensions: [altNames(dns(ids[who]))],
    ...more,
  });

export interface Certified {
  readonly ours: Belongings;
  readonly charon: Belongings;
  readonly conn?: Keywords;
  /** Added to charon's `local` and `remote`. */
  readonly local?: Section;
  readonly remote?: Section;
  readonly more?: Setting;
}

export const plugins = 'revocation mgf1 pkcs7 pkcs12';

/** Both ends prove themselves by certificates, unless said otherwise. */
export function byCertificate({ ours, charon, conn, local, remote, more = {} }: Certified): Setting {
  return {
    noData: true,
    plugins,
    oursStore: ourStore(ours),
    charonStore: charonStore(charon),
    ...more,
    conn: { authby: '', ...(ours.holder && { leftcert: 'ours' }), leftsendcert: 'always', ...conn },
    connection: {
      local: { auth: 'pubkey', id: ids.charon, ...(charon.holder && { certs: 'charon.pem' }), ...local },
      remote: { auth: 'pubkey', id: ids.ours, ...remote },
      ...more.connection,
    },
  };
}

/** Each end has a certificate of this authority. */
export const underOne = (
  authority: Holder,
  { kind = authority.kind, ...more }: Omit<Certified, 'ours' | 'charon'> & { kind?: KeyKind } = {},
): Setting =>
  byCertificate({
    ours: { holder: holderOf('ours', authority, { kind }), trusts: [authority] },
    charon: { holder: holderOf('charon', authority, { kind }), trusts: [authority] },
    ...more,
  });

/** What charon says that each end has proven itself by. */
export function proofs({ charon }: Pair): { ours: string | undefined; charon: string | undefined } {
  const by = (who: string) =>
    charon.log.match(new RegExp(`authentication of '${who}'.* with (.+)`))?.[1]?.replace(' successful', '');
  return { ours: by(ids.ours), charon: by(ids.charon) };
}
