/** A recorded message with one wrong bit: an engine does nothing about it, and takes the right one afterwards. */
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/index.ts';
import type { Role } from '../../src/ike/actions.ts';
import { ExchangeType, fromHex } from '../../src/wire/index.ts';
import { describeWithVectors } from '../wire/vectors.ts';
import { type Session, strongSwanSessions } from './recorded.ts';
import { pathOf, policyOf, senderOf, stageOf } from './script.ts';
import { peerOf } from './suites.ts';

/** CBC with a MAC, an AEAD, and (from the initiator) fragments. */
const chosen = [
  'psk-aes128cbc-sha256-modp2048',
  'psk-chacha20poly1305-prfsha256-x25519',
  'psk-ike-fragmentation-small',
];

describeWithVectors('09-ikev2-traces/strongswan-5.9.8-recorded', () => {
  const sessions = strongSwanSessions('5.9.8').filter(({ name }) => chosen.includes(name));
  describe.each(['initiator', 'responder'] as const)('as the %s', (role) => {
    it.each(sessions)('$name', (session) => holdsOut(session, role));
  });
});

function holdsOut(session: Session, role: Role): void {
  const stage = stageOf(session, role, policyOf(session, role), nodeCrypto);
  if (role === 'initiator') stage.command({ kind: 'up', name: 't' });
  let flips = 0;
  for (const message of session.messages) {
    if (senderOf(message) !== peerOf(role) || message.messageId > 1) continue;
    const octets = fromHex(message.hex);
    if (message.exchange === ExchangeType.IKE_AUTH) {
      const before = stateOf(stage);
      for (let bit = 0; bit < octets.length * 8; bit++) {
        const flipped = octets.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        stage.receive(flipped, pathOf(message));
        flips++;
      }
      expect(stateOf(stage)).toEqual(before);
    }
    stage.receive(octets, pathOf(message));
  }
  expect(flips).toBeGreaterThan(1000);
  expect(stage.event('childEstablished')).toBeDefined();
}

/** What it said and did, and what it holds; of events only those that are no complaint. INVALID_IKE_SPI goes to no SA's peer. */
function stateOf({ engine, sent, events, commands }: ReturnType<typeof stageOf>) {
  const calm = events.filter(({ kind }) => kind !== 'drop').length;
  return {
    held: engine.held,
    status: engine.status(),
    sent: sent.filter(isOfAnSa).length,
    commands: commands.length,
    calm,
  };
}

/** Not the answer in clear to what belongs to no SA (§2.21.4): 36 octets of header and notify, and a marker. */
const isOfAnSa = ({ octets }: { readonly octets: Uint8Array }): boolean => octets.length > 40;
