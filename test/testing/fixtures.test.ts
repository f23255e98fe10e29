/** The fixtures of `ikev2/testing/vitest`, as docs/testing.md shows them. */
import { createSocket } from 'node:dgram';
import { describe, expect } from 'vitest';
import { connection, type Host, ladder, VerdictError } from '../../src/testing/index.ts';
import { LiveNetwork, respond } from '../../src/testing/live.ts';
import { test } from '../../src/testing/vitest.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';

/** An initiator of one's own, as far as a first message. */
async function firstMessage(port: number): Promise<Uint8Array> {
  const header = { initiatorSpi: 1n, responderSpi: 0n, initiator: true, response: false, messageId: 0 };
  const octets = encodeMessage({ ...header, exchange: ExchangeType.IKE_SA_INIT }, [
    {
      kind: 'sa',
      proposals: [{ number: 1, protocol: 1, spi: new Uint8Array(), transforms: [{ type: 1, id: 1023 }] }],
    },
    { kind: 'ke', group: 31, data: new Uint8Array(32).fill(9) },
    { kind: 'nonce', data: new Uint8Array(32).fill(7) },
  ]);
  const socket = createSocket('udp4');
  const answer = new Promise<Uint8Array>((resolve) => socket.once('message', resolve));
  socket.send(octets, port, '127.0.0.1');
  const octetsBack = await answer;
  socket.close();
  return octetsBack;
}

describe('on the virtual network', () => {
  test('both ends agree', ({ pair, verdict }) => {
    const { initiator, responder } = pair({ esp: 'aes256gcm16' }).up();
    verdict.sas(responder, { ike: 1, children: 1 });
    verdict.mirrored(initiator, responder);
  });

  test('a lost answer is asked for again', ({ pair, misbehaving, verdict }) => {
    const { initiator, responder } = pair();
    const rules = [{ on: { direction: 'out', exchange: 'IKE_AUTH', nth: 1 }, do: 'drop' }];
    misbehaving(responder, { rules });
    initiator.up('pair');
    verdict.event(initiator, 'ikeEstablished', { within: 2000 });
    verdict.diagram(`
      initiator                                   responder
        | IKE_SA_INIT { SA KE Ni ... }              --> |
        | <--              IKE_SA_INIT { SA KE Nr ... } |
        | IKE_AUTH 1 { IDi ... }                    --> |
        | x--                     IKE_AUTH 1 { IDr ... } |
        | IKE_AUTH 1 { IDi ... }                    --> |
        | <--                     IKE_AUTH 1 { IDr ... } |`);
  });

  test('equal names give equal runs', ({ pair, network, seed }) => {
    expect(seed).toBe('equal names give equal runs');
    pair().up();
    expect(ladder(network)).toHaveLength(4);
    const spis = network.flights.map(({ header }) => header?.initiatorSpi);
    expect(spis).toEqual([...Array(4).fill(spis[0])]);
  });
});

/** An initiator on a real socket that is not the responder's network. */
class Mine {
  readonly network = new LiveNetwork({ seed: 'mine' });

  async connect(address: string, peerPort: number): Promise<Host> {
    const policy = connection({
      name: 'mine',
      address: '127.0.0.1',
      identity: '@me',
      psk: 'secret',
      peerPort,
      peer: { address },
    });
    const host = await this.network.host({ name: 'mine', address: '127.0.0.1', policy });
    host.up('mine');
    return host;
  }
}

describe('on real sockets', () => {
  test('an initiator of yours meets it', async () => {
    const mine = new Mine();
    const ike = await respond({ psk: 'secret' });
    await mine.connect(ike.address, ike.natPort);
    const { remoteId } = await ike.told('ikeEstablished');
    expect(remoteId).toBe('@me');
    await ike.close();
    mine.network.check();
    await mine.network.close();
  });

  test('a responder', async ({ responder }) => {
    const ike = await responder({ psk: 'secret' });
    const octets = await firstMessage(ike.port);
    expect(octets[18]).toBe(ExchangeType.IKE_SA_INIT);
    expect((await ike.told('ikeFailed')).reason.text).toContain('NO_PROPOSAL_CHOSEN');
  });

  test('without vitest too, and it says what went on when nothing comes', async () => {
    const ike = await respond({ psk: 'secret' });
    try {
      await firstMessage(ike.port);
      const waiting = ike.told('ikeEstablished', 50);
      await expect(waiting).rejects.toThrow(VerdictError);
      await expect(waiting).rejects.toThrow(
        /told of no ikeEstablished.*IKE_SA_INIT response 0 \{ N\(NO_PROPOSAL_CHOSEN\) \}/s,
      );
    } finally {
      await ike.close();
    }
  });

  test('a responder that misbehaves', async ({ responder }) => {
    const rules = [{ on: { direction: 'out' }, do: { action: 'header', responderSpi: '00000000deadbeef' } }];
    const ike = await responder({ psk: 'secret', faults: { rules } });
    const octets = await firstMessage(ike.port);
    expect(Buffer.from(octets).toString('hex', 8, 16)).toBe('00000000deadbeef');
  });
});
