/** Whatever the other end sends: no throw, an end within bounds, and never two ends with two keys. */
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EapTlsOptions, tlsAuthenticator, tlsPeer } from '../../src/daemon/eap-tls.ts';
import {
  type EapPacket,
  type EapSession,
  eapAuthenticator,
  eapPeer,
  md5Authenticator,
  md5Peer,
  mschapv2Authenticator,
  mschapv2Peer,
} from '../../src/eap/index.ts';
import { Certificates, type Credential, hasOpenssl, tlsOptions } from './certificates.ts';
import { converse, crypto, hex, mskOf, random, secret, type Talk } from './converse.ts';

const word = 'open sesame 0123456789';
const password = secret(word);

interface Ends {
  peer(): EapSession;
  authenticator(): EapSession;
}

const byPassword: Ends = {
  peer: () =>
    eapPeer({
      identity: 'ali',
      methods: [mschapv2Peer({ name: 'ali', password, random, crypto }), md5Peer({ name: 'ali', password })],
    }),
  authenticator: () =>
    eapAuthenticator({
      methods: () => [
        mschapv2Authenticator({ name: 'cave', password: () => password, random, crypto }),
        md5Authenticator({ name: 'cave', password, random, crypto }),
      ],
    }),
};

/** What becomes of one packet. */
const mutation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ at: fc.nat(), to: fc.nat(255) }) },
  fc.record({ cut: fc.nat() }),
  fc.record({ grow: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ code: fc.nat(255) }),
  fc.record({ identifier: fc.nat(255) }),
  fc.record({ type: fc.constantFrom(undefined, 0, 1, 2, 3, 4, 13, 26, 254) }),
  fc.record({ data: fc.uint8Array({ maxLength: 80 }) }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never;

function mutated(packet: EapPacket, change: Mutation): EapPacket {
  const { code, identifier, data } = packet;
  if ('at' in change)
    return data.length === 0 ? packet : { ...packet, data: data.with(change.at % data.length, change.to) };
  if ('cut' in change) return { ...packet, data: data.subarray(0, change.cut % (data.length + 1)) };
  if ('grow' in change) return { ...packet, data: Uint8Array.from([...data, ...change.grow]) };
  if ('type' in change)
    return { code, identifier, data, ...(change.type !== undefined && { type: change.type }) };
  return { ...packet, ...change };
}

const changes = fc.array(fc.tuple(fc.nat(11), mutation), { minLength: 1, maxLength: 3 });

/** A conversation with its packets changed: it ends, and two ends that agree have one key. */
async function ends({ peer, authenticator }: Ends, plan: [number, Mutation][]): Promise<Talk> {
  const talk = await converse(peer(), authenticator(), (packet, index) =>
    plan.filter(([at]) => at === index).reduce((each, [, change]) => mutated(each, change), packet),
  );
  expect(talk.packets.length).toBeLessThan(110);
  expect(talk.peer ?? talk.authenticator).toBeDefined();
  if (talk.peer?.ok && talk.authenticator?.ok && talk.peer.method === talk.authenticator.method)
    expect(mskOf(talk.peer)).toBe(mskOf(talk.authenticator));
  for (const outcome of [talk.peer, talk.authenticator]) {
    if (outcome?.ok === false) expect(outcome.reason).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    expect(inspect(outcome, { depth: 9 }) + JSON.stringify(outcome)).not.toContain(word);
  }
  return talk;
}

/** Packets out of nothing, at one end that has begun: it never ends well, and once over it stays so. */
async function noise(session: EapSession, packets: readonly EapPacket[]): Promise<void> {
  let over = false;
  for (const packet of packets) {
    const { outcome } = await session.turn(packet);
    expect(outcome?.ok, hex(packet.data)).not.toBe(true);
    if (over) expect(outcome?.ok).toBe(false);
    over ||= outcome !== undefined;
  }
  session.close();
}

function begun(session: EapSession): EapSession {
  session.turn();
  return session;
}

const anyPacket = fc
  .record({
    code: fc.constantFrom(1, 2, 3, 4, 5, 99),
    identifier: fc.nat(3),
    type: fc.constantFrom(undefined, 1, 2, 3, 4, 13, 26, 254),
    data: fc.oneof(
      fc.uint8Array({ maxLength: 70 }),
      fc.tuple(fc.constantFrom(1, 2, 3, 4), fc.uint8Array({ maxLength: 60 })).map(([op, rest]) => {
        const data = Uint8Array.from([op, 1, 0, rest.length + 5, 16, ...rest]);
        return data;
      }),
    ),
  })
  .map(
    ({ code, identifier, type, data }): EapPacket =>
      type === undefined ? { code, identifier, data } : { code, identifier, type, data },
  );

describe('by password', () => {
  it('no mutation of a conversation throws', async () => {
    await fc.assert(
      fc.asyncProperty(changes, async (plan) => {
        await ends(byPassword, plan);
      }),
      { numRuns: 1500 },
    );
  });

  it('no packet at all throws, and none makes a success', async () => {
    // Not MD5: its peer believes a challenge of anyone, as it proves nobody and makes no key.
    const mschapv2 = mschapv2Peer({ name: 'ali', password, random, crypto });
    await fc.assert(
      fc.asyncProperty(fc.array(anyPacket, { maxLength: 60 }), async (packets) => {
        await noise(begun(byPassword.authenticator()), packets);
        await noise(eapPeer({ identity: 'ali', methods: [mschapv2] }), packets);
      }),
      { numRuns: 500 },
    );
  });
});

describe.skipIf(!hasOpenssl)('by TLS (needs the openssl command)', () => {
  const made = new Certificates();
  const credentials: { root?: Credential; gate?: Credential; ali?: Credential } = {};
  beforeAll(() => {
    credentials.root = made.authority('root');
    credentials.gate = made.issue('gate', 'root');
    credentials.ali = made.issue('ali', 'root');
  });
  afterAll(() => made.end());

  function byTls(more: Partial<EapTlsOptions>): Ends {
    const { root, gate, ali } = credentials;
    if (!root || !gate || !ali) throw new Error('no certificates');
    return {
      peer: () => eapPeer({ identity: 'ali', methods: [tlsPeer(tlsOptions(ali, root, more))] }),
      authenticator: () =>
        eapAuthenticator({ methods: () => [tlsAuthenticator(tlsOptions(gate, root, more))] }),
    };
  }

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('no mutation of a conversation throws, %s', async (version) => {
    const both = byTls({ versions: [version, version], fragment: 400 });
    await fc.assert(
      fc.asyncProperty(changes, async (plan) => {
        await ends(both, plan);
      }),
      { numRuns: 60 },
    );
  });

  it('no packet at all throws, and none makes a success', async () => {
    const both = byTls({});
    await fc.assert(
      fc.asyncProperty(fc.array(anyPacket, { maxLength: 12 }), async (each) => {
        await noise(begun(both.authenticator()), each);
        await noise(both.peer(), each);
      }),
      { numRuns: 60 },
    );
  });

  it('ends that are closed in the middle do not end well', async () => {
    const both = byTls({ fragment: 200 });
    for (let at = 0; at < 10; at++) {
      const [peer, authenticator] = [both.peer(), both.authenticator()];
      const close = (packet: EapPacket, index: number): EapPacket => {
        if (index === at) {
          peer.close();
          authenticator.close();
        }
        return packet;
      };
      const talk = await converse(peer, authenticator, close);
      expect([talk.peer?.ok, talk.authenticator?.ok]).toContain(false);
    }
  });
});
