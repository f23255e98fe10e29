/** Our end and pluto, each with a certificate. */
import { altNames, dns } from '../pki/issue.ts';
import { type Belongings, certify, type Holder, ourStore, type Wanted } from './peers/holders.ts';
import type { Keywords } from './peers/ipsec-conf.ts';
import { nssOf } from './peers/nss.ts';
import type { Setting } from './pluto-pair.ts';

export const ids = { ours: 'ours.example', pluto: 'pluto.example' } as const;

/** A certificate for either end's FQDN. */
export const holderOf = (who: 'ours' | 'pluto', issuer: Holder, more: Partial<Wanted> = {}): Holder =>
  certify({
    subject: `C=CA, O=Interop, CN=${who}`,
    kind: 'rsa2048',
    issuer,
    serial: who === 'ours' ? 16 : 17,
    extensions: [altNames(dns(ids[who]))],
    ...more,
  });

export interface Certified extends Pick<Setting, 'oursConn' | 'plutoConn' | 'oursSetup' | 'plutoSetup'> {
  readonly ours: Belongings;
  readonly pluto: Belongings;
  readonly conn?: Keywords;
}

/** Both ends prove themselves by certificates and are called by their subjects, unless said otherwise. */
export const byCertificate = async (certified: Certified): Promise<Setting> => {
  const { ours, pluto, conn, oursConn, plutoConn, ...more } = certified;
  return {
    ...more,
    store: ourStore(ours),
    nss: await nssOf(pluto),
    conn: { authby: 'rsasig', leftid: '%fromcert', rightid: '%fromcert', ...conn },
    oursConn: { ...(ours.holder && { leftcert: 'ours' }), ...oursConn },
    plutoConn: { ...(pluto.holder && { rightcert: 'pluto' }), ...plutoConn },
  };
};
