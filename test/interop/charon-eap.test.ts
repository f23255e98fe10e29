/** EAP between our daemon and charon 5.9.8: each in both places, by passwords and by TLS, and EAP alone (RFC 5998). */
import { expect } from 'vitest';
import { byCertificate, holderOf, plugins, proofs } from './charon-certificates.ts';
import { establish, type Initiator, type Pair, pair, roles, type Setting, takeDown } from './charon-pair.ts';
import type { Section } from './peers/charon.ts';
import { type Belongings, once, revocationList, root } from './peers/holders.ts';
import type { Keywords } from './peers/ipsec-conf.ts';
import { suite } from './peers/needs.ts';
import { it } from './peers/staged.ts';
import { Exchange, Kind, messages } from './peers/traffic.ts';

const needs = ['namespaces', 'charon', 'fakexfrm', 'ours'] as const;
const authority = once(() => root());
const holders = once(() => ({
  ours: holderOf('ours', authority()),
  charon: holderOf('charon', authority()),
}));
const eap = `${plugins} eap-identity eap-mschapv2 eap-md5 eap-tls`;
const user = 'alice';
const password = 'open sesame';
const alone: EapCase = {
  conn: { leftauth: 'eaponly', rightauth: 'eaponly', leftautheap: 'tls', rightautheap: 'tls' },
  local: { auth: 'eap-tls' },
  remote: { auth: 'eap-tls' },
};

interface EapCase {
  readonly ours?: Partial<Belongings>;
  readonly conn?: Keywords;
  readonly local?: Section;
  readonly remote?: Section;
  /** What each end knows of the user. */
  readonly oursKnows?: string;
  readonly charonKnows?: string;
  readonly settings?: Section;
}

/** The end that begins speaks EAP; the other has a certificate. */
function withEap(method: string, client: Initiator, more: EapCase = {}): Setting {
  const { ours: own, charon } = holders();
  const word = `eap-${method}`;
  const trusts = [authority()];
  const tls = method === 'tls';
  const { oursKnows = `${user} : EAP "${password}"`, charonKnows = password } = more;
  return byCertificate({
    ours: { ...(tls || client === 'charon' ? { holder: own } : {}), trusts, ...more.ours },
    charon: { ...(tls || client === 'ours' ? { holder: charon } : {}), trusts },
    conn: {
      leftauth: client === 'ours' ? 'eaponly' : 'ecdsa',
      rightauth: client === 'ours' ? 'ecdsa' : 'eaponly',
      ...(client === 'ours' ? { leftautheap: method } : { rightautheap: method }),
      ...(client === 'ours' && !tls ? { leftusername: user } : {}),
      ...(client === 'charon' && !tls ? { rightid: '%any' } : {}),
      ...more.conn,
    },
    local:
      client === 'charon' ? { auth: word, ...(!tls && { eap_id: user }), ...more.local } : { ...more.local },
    remote: client === 'ours' ? { auth: word, eap_id: '%any', ...more.remote } : { ...more.remote },
    more: {
      plugins: eap,
      oursSecrets: `${oursKnows}\n`,
      charonSecrets: { 'eap-alice': { id: user, secret: `"${charonKnows}"` } },
      ...(more.settings && { settings: more.settings }),
    },
  });
}

const outcomes = ({ ours, charon }: Pair): { ours: string[]; charon: string[] } => ({
  ours: ours.log.split('\n').filter((line) => line.includes('IKE SA failed')),
  charon: charon.log.split('\n').filter((line) => /EAP|TLS/.test(line)),
});

const refusedAt = {
  ours: /EAP: the authenticator refused/,
  charon: /EAP of @charon\.example: wrong password or unknown name$/,
};

/** Nothing comes of it; we say why in one line, and charon something of this kind. */
async function fails(
  both: Pair,
  client: Initiator,
  why: RegExp,
  charonSays: RegExp,
  stays = false,
): Promise<void> {
  const done = await (client === 'ours' ? both.ours.up('net') : both.charon.initiate('net'));
  expect(done.code, both.ours.log + both.charon.log).not.toBe(0);
  await both.ours.empty();
  // Told while EAP runs, charon 5.9.8 answers, and lets its half-open SA run out.
  if (stays) expect(both.charon.log).toMatch(/parsed INFORMATIONAL request \d+ \[ N\(AUTH_FAILED\) D \]/);
  else await both.charon.empty();
  const { ours, charon } = outcomes(both);
  expect(ours).toEqual([expect.stringMatching(why)]);
  expect(charon.join('\n')).toMatch(charonSays);
  expect(both.ours.log).not.toContain(password);
}

suite('EAP with charon', needs, () => {
  for (const client of roles) {
    for (const method of ['mschapv2', 'md5']) {
      it.concurrent(`${method}, ${client} initiates`, async ({ stage }) => {
        const both = await pair(stage, withEap(method, client));
        await establish(both, client);
        expect(proofs(both)[client]).toBe('EAP');
        const sa = await both.ours.established();
        if (client === 'charon') expect(sa.remoteId).toBe('@alice');
        await takeDown(both, client);
      });

      it.concurrent(`${method} with a wrong password, ${client} initiates`, async ({ stage }) => {
        const both = await pair(stage, withEap(method, client, { charonKnows: 'another' }));
        await fails(both, client, refusedAt[client], /EAP.* failed|EAP authentication failed/);
      });

      it.concurrent(`${method} of an unknown user, ${client} initiates`, async ({ stage }) => {
        const oursKnows = client === 'ours' ? `mallory : EAP "${password}"` : `bob : EAP "${password}"`;
        const conn = client === 'ours' ? { leftusername: 'mallory' } : {};
        const both = await pair(stage, withEap(method, client, { oursKnows, conn: { ...conn } }));
        await fails(both, client, refusedAt[client], /EAP.* failed|EAP authentication failed/);
      });
    }

    it.concurrent(`TLS, ${client} initiates`, async ({ stage }) => {
      const both = await pair(stage, withEap('tls', client));
      await establish(both, client);
      expect(proofs(both)[client]).toBe('EAP');
      expect(both.charon.log).toMatch(/negotiated TLS 1\.2|EAP_TLS succeeded, MSK established/);
      await takeDown(both, client);
    });

    it.concurrent(`TLS alone (RFC 5998), ${client} initiates`, async ({ stage }) => {
      const both = await pair(stage, withEap('tls', client, alone));
      await establish(both, client);
      expect(proofs(both)).toEqual({ ours: 'EAP', charon: 'EAP' });
      const auth = messages(await both.ours.packets()).filter(
        ({ exchange }) => exchange === Exchange.IKE_AUTH,
      );
      const first = auth.find(({ response }) => response);
      expect(first?.payloads).not.toContain(Kind.auth);
      expect(first?.payloads).not.toContain(Kind.cert);
    });

    it.concurrent(`TLS with a certificate of ours of another authority, ${client} initiates`, async ({
      stage,
    }) => {
      const other = root('other');
      const ours = { holder: holderOf('ours', other), trusts: [authority(), other] };
      const both = await pair(stage, withEap('tls', client, { ...alone, ours }));
      await fails(both, client, /EAP.*: TLS: sslv3 alert certificate unknown$/, /TLS\] no .* found/);
    });

    it.concurrent(`TLS with a certificate of charon's that is revoked, ${client} initiates`, async ({
      stage,
    }) => {
      const ours = { lists: [revocationList(authority(), [17])] };
      const both = await pair(stage, withEap('tls', client, { ...alone, ours }));
      await fails(
        both,
        client,
        /EAP.*: the certificate is not trusted: certificate is revoked: C=CA, O=Interop, CN=charon$/,
        /EAP_TLS/,
        client === 'ours',
      );
    });
  }

  // As a client charon 5.9.8 dies of the octet that RFC 9190 has a server say at the end.
  it.concurrent('TLS 1.3 of charon before RFC 9190: we do not take Success without its commitment', async ({
    stage,
  }) => {
    const tls = { version_min: '1.3', version_max: '1.3' };
    const both = await pair(
      stage,
      withEap('tls', 'ours', { settings: { tls }, conn: { leftautheap: 'tls13' } }),
    );
    await fails(
      both,
      'ours',
      /EAP: an EAP Success before the method came to its end/,
      /negotiated TLS 1\.3/,
      true,
    );
  });
});
