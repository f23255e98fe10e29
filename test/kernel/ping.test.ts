/** Echo through userspace ESP: every suite, mode and IP version. */
import { describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { espSuite } from '../../src/crypto/suite.ts';
import type { PingReply } from '../../src/kernel/echoes.ts';
import type { KernelCommand } from '../../src/kernel/port.ts';
import { fromHex, toHex } from '../../src/wire/hex.ts';
import { Encr } from '../../src/wire/numbers.ts';
import { allSuites, suiteName } from '../esp/suites.ts';
import { haveVectors, readJson } from '../esp/vectors.ts';
import { type Agreement, carry, end, install, joined, range, sasOf, swapped } from './pair.ts';

const gcm = espSuite(defaultCrypto, { encr: Encr.AES_GCM_16, keyBits: 256, esn: true });
if (gcm === undefined) throw new Error('no AES-GCM');

const tunnel: Agreement = {
  suite: gcm,
  here: { address: '192.0.2.1', traffic: range('10.1.0.0', '10.1.255.255') },
  there: { address: '192.0.2.2', traffic: range('10.2.0.0', '10.2.255.255') },
};

const layouts: [string, Omit<Agreement, 'suite'>][] = [
  ['tunnel IPv4', tunnel],
  [
    'tunnel IPv6',
    {
      here: { address: '192.0.2.1', traffic: range('2001:db8:1::', '2001:db8:1::ffff') },
      there: { address: '192.0.2.2', traffic: range('2001:db8:2::', '2001:db8:2::ffff') },
    },
  ],
  [
    'transport IPv4',
    {
      mode: 'transport',
      here: { address: '192.0.2.1', traffic: range('192.0.2.1') },
      there: { address: '192.0.2.2', traffic: range('192.0.2.2') },
    },
  ],
  [
    'transport IPv6',
    {
      mode: 'transport',
      here: { address: '2001:db8::1', traffic: range('2001:db8::1') },
      there: { address: '2001:db8::2', traffic: range('2001:db8::2') },
    },
  ],
];

describe('ping', () => {
  const suites = [...allSuites(defaultCrypto, false), ...allSuites(defaultCrypto, true)];

  it.each(layouts)('%s: every suite, both ways', (_, layout) => {
    for (const suite of suites) {
      const { here, there } = joined({ ...layout, suite });
      for (const [asking, asked] of [
        [here, there],
        [there, here],
      ] as const) {
        const replies: PingReply[] = [];
        const ping = asking.kernel.ping({ reqid: 1 }, (reply) => replies.push(reply));
        expect(carry(asking, asked)).toBe(1);
        expect(carry(asked, asking)).toBe(1);
        expect(replies, suiteName(suite)).toEqual([
          { from: ping?.to, sequence: ping?.sequence, size: 56, milliseconds: 0 },
        ]);
      }
      expect([...here.kernel.drops, ...there.kernel.drops]).toEqual([]);
    }
  });

  it('counts what the SAs carried', () => {
    const { here, there } = joined(tunnel);
    here.kernel.ping({ reqid: 1, size: 100 }, () => {});
    carry(here, there);
    carry(there, here);
    const carried = { octets: 128, packets: 1, lastUse: 1000 };
    expect(here.kernel.counters({ spi: 0x1001, destination: '192.0.2.1' })).toEqual(carried);
    expect(here.kernel.counters({ spi: 0x2002, destination: '192.0.2.2' })).toEqual(carried);
    expect(here.kernel.counters({ spi: 0x2002, destination: '192.0.2.1' })).toBeUndefined();
  });

  it('goes between the addresses asked for, if the SA may carry them', () => {
    const { here, there } = joined(tunnel);
    const replies: string[] = [];
    const reply = ({ from }: PingReply) => replies.push(from);
    expect(here.kernel.ping({ reqid: 1, to: '10.2.7.7', from: '10.1.8.8' }, reply)).toMatchObject({
      to: '10.2.7.7',
      from: '10.1.8.8',
    });
    carry(here, there);
    carry(there, here);
    expect(replies).toEqual(['10.2.7.7']);
    for (const to of ['10.3.0.1', '2001:db8::1', 'nonsense']) {
      expect(here.kernel.ping({ reqid: 1, to }, reply)).toBeUndefined();
    }
    expect(here.kernel.ping({ reqid: 9 }, reply)).toBeUndefined();
    expect(here.sent).toEqual([]);
  });

  it('is told of once, and not when cancelled', () => {
    const { here, there } = joined(tunnel);
    let replies = 0;
    const count = () => {
      replies += 1;
    };
    here.kernel.ping({ reqid: 1 }, count)?.cancel();
    here.kernel.ping({ reqid: 1 }, count);
    carry(here, there);
    const answers = [...there.sent];
    carry(there, here);
    there.sent.push(...answers);
    carry(there, here);
    expect(replies).toBe(1);
    expect([...here.kernel.drops]).toEqual([
      ['no-device', 1],
      ['replay', 2],
    ]);
  });

  it('tells the milliseconds it took', () => {
    let now = 5;
    const here = end({ now: () => now });
    const there = end();
    install(here, tunnel);
    install(there, swapped(tunnel));
    const times: number[] = [];
    here.kernel.ping({ reqid: 1 }, ({ milliseconds }) => times.push(milliseconds));
    carry(here, there);
    now = 17;
    carry(there, here);
    expect(times).toEqual([12]);
  });
});

describe.skipIf(!haveVectors)('a recording of strongSwan', () => {
  it('is answered as strongSwan answered it', () => {
    const { espInUdpPackets } = readJson<{
      espInUdpPackets: {
        packet: string;
        encKey: string;
        src: string;
        dst: string;
        plaintextWithTrailer: string;
      }[];
    }>('09-ikev2-traces/strongswan-5.9.8-recorded/psk-aes256gcm16-prfsha384-ecp384/session.json');
    const [request, reply] = espInUdpPackets;
    if (request === undefined || reply === undefined) throw new Error('no packets');
    const [inbound, outbound] = sasOf({
      ...tunnel,
      suite: { ...gcm, esn: false },
      here: { address: request.dst, traffic: range('10.2.0.0', '10.2.255.255') },
      there: { address: request.src, traffic: range('10.1.0.0', '10.1.255.255') },
      spiHere: Number.parseInt(request.packet.slice(0, 8), 16),
      spiThere: Number.parseInt(reply.packet.slice(0, 8), 16),
    });
    const keyed = (sa: typeof inbound, key: string): KernelCommand => ({
      kind: 'addSa',
      sa: { ...sa, encryption: { ...sa.encryption, key: fromHex(key) } },
    });
    const us = end();
    const strongswan = end({ device: true });
    us.kernel.apply(keyed(inbound, request.encKey));
    us.kernel.apply(keyed(outbound, reply.encKey));
    strongswan.kernel.apply(
      keyed({ ...outbound, direction: 'in', local: outbound.remote, remote: outbound.local }, reply.encKey),
    );
    us.kernel.input(fromHex(request.packet), {
      local: { address: request.dst, port: 4500 },
      remote: { address: request.src, port: 4500 },
    });
    carry(us, strongswan);
    const [answer] = strongswan.delivered;
    if (answer === undefined) throw new Error('no answer');
    expect(reply.plaintextWithTrailer.slice(40)).toMatch(new RegExp(`^${toHex(answer.subarray(20))}`));
    expect(us.notices).toEqual([]);
  });
});
