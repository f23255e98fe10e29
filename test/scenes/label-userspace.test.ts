/**
 * The data plane of user space keeps labels: a packet sent with a label goes by SAs of that label, and by no others; the
 * far end says of which it was. Without a kernel, so that label routing can be tested anywhere.
 */
import { describe, expect, it } from 'vitest';
import { makePacket } from '../../src/esp/ip.ts';
import { labelFrom } from '../../src/policy/label.ts';
import type { PairOptions } from '../../src/testing/index.ts';
import { parseAddress } from '../../src/wire/address.ts';
import { only } from './expect-up.ts';
import { access, app1, app2, labelledPair, nospd, spdLabel } from './labels.ts';

const address = (text: string): Uint8Array => parseAddress(text) ?? new Uint8Array(0);
const [here, there] = [address('10.0.0.1'), address('10.0.0.2')];
const packet = makePacket(here, there, 17, Uint8Array.of(1, 2, 3, 4));

const selinux: PairOptions = {
  kernel: 'userspace',
  labels: access,
  child: { label: labelFrom(spdLabel), template: true },
  entry: { start: 'ondemand' },
};

describe('labels in user space', () => {
  it('a packet asks for the child of its label; packets of other labels do not use it', () => {
    const both = labelledPair(selinux);
    const { initiator, responder, network } = both;
    network.advance(1);
    const send = (text: string | undefined): boolean =>
      initiator.userspace.send(packet, text === undefined ? undefined : labelFrom(text));
    expect([send(app1), send(app2), send(nospd), send(undefined)]).toEqual([false, false, false, false]);
    network.settle();
    expect(initiator.children.map(({ label }) => label).sort()).toEqual([app1, app2]);
    expect(initiator.told('labelRefused')).toEqual([]);
    expect([send(app1), send(app2), send(nospd), send(undefined)]).toEqual([true, true, false, false]);
    network.settle();
    const inbound = (text: string): number => {
      const spi = responder.children.find(({ label }) => label === text)?.inboundSpi ?? 0;
      return responder.userspace.counters({ spi, destination: '10.0.0.2' })?.packets ?? 0;
    };
    expect([inbound(app1), inbound(app2)].every((count) => count >= 1)).toBe(true);
    expect(initiator.userspace.drops.get('no-policy')).toBe(4);
  });

  it('names that are equal: the label of the connection, and no other', () => {
    const both = labelledPair({ kernel: 'userspace' }).up();
    const { userspace } = both.initiator;
    expect(userspace.send(packet, labelFrom(spdLabel))).toBe(true);
    expect(userspace.send(packet, labelFrom(app1))).toBe(false);
    expect(userspace.send(packet)).toBe(false);
    both.network.settle();
    const { inboundSpi: spi } = only(both.responder.children);
    expect(both.responder.userspace.counters({ spi, destination: '10.0.0.2' })?.packets).toBe(1);
  });
});
