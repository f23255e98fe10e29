/** Labels that come to nothing at our end, or at the peer's: who is told of it, what stays, and what is asked for again. */
import { describe, expect, it } from 'vitest';
import { formatLabel, type LabelAccess, labelFrom } from '../../src/policy/label.ts';
import { type Host, on, type Pair, type PairOptions, tampered } from '../../src/testing/index.ts';
import { find } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import { only } from './expect-up.ts';
import { access, app1, app2, labelledPair, nospd, spdLabel } from './labels.ts';
import { nets, refusal } from './subnets.ts';

const host = (text: string) => {
  const [one] = nets(text);
  if (one === undefined || one.dynamic) throw new SyntaxError(text);
  const { start, end } = one;
  return { kind: 'range', protocol: 17, startPort: 1025, endPort: 1025, start, end } as const;
};

let sequence = 100;

/** A packet of that label, from the first labelled policy for that peer. */
function packet(end: Host, from: string, to: string, text: string): void {
  const policy = end.memory.policies.find(
    ({ direction, remoteAddress, label }) =>
      direction === 'out' && label && (remoteAddress === to || from !== end.address),
  );
  if (policy === undefined) throw new Error(`${end.name} has no labelled policy`);
  const { reqid } = policy;
  const [local, remote, label] = [host(from), host(to), labelFrom(text)];
  sequence++;
  end.feed({ type: 'kernel', notice: { kind: 'acquire', reqid, sequence, local, remote, label } });
}

const labelled = (options: PairOptions = {}) =>
  labelledPair({
    labels: access,
    mode: 'transport',
    child: { label: labelFrom(spdLabel), template: true },
    ...options,
  });
const onDemand: PairOptions = { entry: { start: 'ondemand' } };
const count = ({ network }: Pair, exchange: number): number =>
  network.flights.filter(({ header }) => header?.exchange === exchange && !header.response).length;

/** Every answer to CREATE_CHILD_SA is that one. */
const answers = (both: Pair, notify: number) =>
  both.network.fate(
    on(
      { exchange: ExchangeType.CREATE_CHILD_SA, response: true },
      tampered(both.network.keys, () => refusal(notify)),
    ),
  );

describe('SINGLE_PAIR_REQUIRED', () => {
  const two = {
    mode: 'tunnel',
    initiator: { subnet: '10.1.0.0/24,10.3.0.0/24', peerSubnet: '10.2.0.0/24' },
    responder: { subnet: '10.2.0.0/24', peerSubnet: '10.1.0.0/24,10.3.0.0/24' },
  } as const;

  it('to all that a packet asks for: it is told, with label and selectors', () => {
    const both = labelled(two).up();
    answers(both, NotifyType.SINGLE_PAIR_REQUIRED);
    packet(both.initiator, '10.1.0.1', '10.2.0.1', app1);
    both.network.settle();
    const [failed] = both.initiator.told('childFailed');
    expect(failed?.reason).toMatchObject({
      notify: NotifyType.SINGLE_PAIR_REQUIRED,
      label: { check: 'peer', label: app1, said: 'SINGLE_PAIR_REQUIRED' },
    });
    expect(failed?.reason.text).toContain(`TSi 10.1.0.0/24 TSr 10.2.0.0/24 label ${app1}`);
    expect(both.initiator.told('flow').at(-1)?.state).toBe('failed');
    // `up` wanted it.
    both.network.advance(10_000);
    expect(both.initiator.established).toHaveLength(1);
  });

  it('to a rekey: the label stays, and no other is asked for', () => {
    const both = labelled(two).up();
    packet(both.initiator, '10.1.0.1', '10.2.0.1', app1);
    both.network.settle();
    let once = true;
    both.network.fate(
      on({ exchange: ExchangeType.CREATE_CHILD_SA, response: true }, (flight) => {
        if (!once) return [flight];
        once = false;
        return tampered(both.network.keys, () => refusal(NotifyType.SINGLE_PAIR_REQUIRED))(flight);
      }),
    );
    both.initiator.command({ kind: 'rekey', name: both.name, what: 'children' });
    both.network.settle();
    expect(both.initiator.children.map(({ label }) => label)).toEqual([app1, app1]);
    for (const { payloads = [] } of both.network.flights)
      for (const each of find(payloads, 'tsi')?.selectors ?? [])
        if (each.kind === 'label') expect(formatLabel(each.label)).toBe(app1);
  });
});

describe('an IKE SA that was begun for a packet', () => {
  const denying = (): LabelAccess => ({
    ...access,
    denial: () => ({ check: 'polmatch', said: 'no' }),
  });

  it('stays when `up` was said meanwhile', () => {
    const both = labelled({ ...onDemand, latency: 10, responder: { labels: denying() } });
    both.network.advance(1);
    packet(both.initiator, both.initiator.address, both.responder.address, app1);
    both.network.advance(15);
    both.initiator.up(both.name);
    both.network.advance(10_000);
    expect(only(both.initiator.told('childFailed')).reason.label?.label).toBe(app1);
    expect(both.initiator.established).toHaveLength(1);
  });

  it('goes when each pair of its traffic is refused after IKE_AUTH', () => {
    const subnets = {
      initiator: { subnet: '10.1.0.0/24,10.3.0.0/24', peerSubnet: '10.2.0.0/24' },
      responder: { subnet: '10.2.0.0/24', peerSubnet: '10.1.0.0/24,10.3.0.0/24' },
    };
    const both = labelled({ ...onDemand, ...subnets, mode: 'tunnel' });
    answers(both, NotifyType.TS_UNACCEPTABLE);
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_AUTH, response: true },
        tampered(both.network.keys, ({ payloads }) => [
          ...payloads.filter(({ kind }) => kind !== 'sa' && kind !== 'tsi' && kind !== 'tsr'),
          ...refusal(NotifyType.SINGLE_PAIR_REQUIRED),
        ]),
      ),
    );
    both.network.advance(1);
    packet(both.initiator, '10.1.0.1', '10.2.0.1', app1);
    both.network.advance(10_000);
    expect(both.initiator.told('childFailed')[0]?.reason.label?.label).toBe(app1);
    expect(both.initiator.told('bug')).toEqual([]);
    expect(both.initiator.established).toEqual([]);
    expect(both.initiator.held.flows).toBe(0);
  });

  it('says with whom, where its connection is for any peer', () => {
    const both = labelled(onDemand);
    const [entry] = both.policies.responder.pad;
    if (entry === undefined) throw new Error('no connection');
    const remote = { ...entry.remote, address: undefined };
    both.responder.setPolicy({ ...both.policies.responder, pad: [{ ...entry, remote }] });
    both.up();
    packet(both.responder, both.responder.address, both.initiator.address, app1);
    expect(both.responder.told('flow')[0]?.detail).toBe(`with ${both.initiator.address}`);
  });
});

describe('the host takes a label back', () => {
  function taking(): { readonly both: Pair; readonly revoke: () => void } {
    let revoked = false;
    const labels: LabelAccess = {
      ...access,
      denial: (flow, template) =>
        revoked && formatLabel(flow) === app1
          ? { check: 'polmatch', said: 'no more' }
          : access.denial(flow, template),
    };
    const both = labelled({ initiator: { labels } }).up();
    for (const text of [app1, app2]) {
      packet(both.initiator, both.initiator.address, both.responder.address, text);
      both.network.settle();
    }
    return {
      both,
      revoke: () => {
        revoked = true;
      },
    };
  }

  it('a rekey asks: the child goes, the others are rekeyed', () => {
    const { both, revoke } = taking();
    revoke();
    const before = both.initiator.children.map(({ inboundSpi }) => inboundSpi);
    both.initiator.command({ kind: 'rekey', name: both.name, what: 'children' });
    both.network.settle();
    for (const end of [both.initiator, both.responder]) {
      expect(end.told('bug')).toEqual([]);
      expect(end.children.map(({ label }) => label)).toEqual([app2]);
    }
    expect(before).not.toContain(both.initiator.children[0]?.inboundSpi);
    expect(only(both.initiator.told('labelRefused')).reason).toMatchObject({
      code: 'LOCAL',
      label: { check: 'polmatch', label: app1, template: spdLabel },
    });
  });
});

describe('what is told of packets', () => {
  it('the refusal of one label does not hide that of another, or of another connection', () => {
    const both = labelled(onDemand);
    const { initiator, responder } = both;
    const [entry] = both.policies.initiator.pad;
    if (entry === undefined) throw new Error('no connection');
    const other = '10.0.0.3';
    const second = { ...entry, name: 'second', remote: { ...entry.remote, address: other } };
    initiator.setPolicy({ ...both.policies.initiator, pad: [entry, second] });
    both.network.advance(1);
    for (let i = 0; i < 2; i++) {
      packet(initiator, initiator.address, responder.address, nospd);
      packet(initiator, initiator.address, responder.address, 'x:y:z:s0');
      packet(initiator, initiator.address, other, nospd);
    }
    expect(
      initiator.told('labelRefused').map(({ connection, reason }) => [connection, reason.label?.label]),
    ).toEqual([
      [both.name, nospd],
      [both.name, 'x:y:z:s0'],
      ['second', nospd],
    ]);
  });

  it('packets that may not use the SA they have are not taken for a lost SA twice', () => {
    const both = labelled().up();
    const { initiator, responder, network } = both;
    packet(initiator, initiator.address, responder.address, app1);
    for (let i = 0; i < 5; i++) {
      network.advance(10_000);
      packet(initiator, initiator.address, responder.address, app1);
      network.settle();
    }
    // The first child, and one rekey.
    expect(count(both, ExchangeType.CREATE_CHILD_SA)).toBe(2);
    expect(initiator.told('flow').at(-1)?.detail).toContain('is sendto allowed?');
    network.advance(600_000);
    packet(initiator, initiator.address, responder.address, app1);
    network.settle();
    expect(count(both, ExchangeType.CREATE_CHILD_SA)).toBe(3);
  });

  it('labels of one connection leave flows to the others', () => {
    const both = labelled({
      ...onDemand,
      labels: { mode: 'selinux', denial: () => undefined },
    });
    both.network.advance(1);
    for (let i = 0; i < 600; i++)
      packet(both.initiator, both.initiator.address, both.responder.address, `u:r:t${i}:s0`);
    expect(both.initiator.held.flows).toBe(512);
  });
});
