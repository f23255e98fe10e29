/**
 * What is said of a label in TSi and TSr, and what we make of it. RFC 9478 §2, §3.
 *
 *   initiator                                             responder
 *     | IKE_AUTH { ... SA TSi(10.1/16 label) TSr(10.2/16 label) } -->
 *     |<-- IKE_AUTH { ... SA TSi(10.1/16 label) TSr(10.2/16 label) }     or N(TS_UNACCEPTABLE), and the IKE SA stays
 */
import { describe, expect, it, test } from 'vitest';
import { labelFrom } from '../../src/policy/label.ts';
import { on, type Pair, type PairOptions, tampered } from '../../src/testing/index.ts';
import { labelTable } from '../../src/testing/label-table.ts';
import { encodePayloads, find } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import type { TrafficSelector } from '../../src/wire/payloads/ts.ts';
import { expectMirrored, expectUp, only } from './expect-up.ts';
import {
  access,
  app1,
  app2,
  changing,
  label,
  labelledPair,
  nospd,
  octets,
  ranges,
  spdLabel,
  withLabel,
} from './labels.ts';
import { nets, spd } from './subnets.ts';

const long = `${'x'.repeat(5000)}`;
const range = (text: string): TrafficSelector => {
  const [one] = nets(text);
  if (one === undefined || one.dynamic) throw new SyntaxError(text);
  return { kind: 'range', protocol: 0, startPort: 0, endPort: 0xffff, start: one.start, end: one.end };
};

/** `request` at the responder, which has `spdLabel`. */
function arriving(
  request: (selectors: readonly TrafficSelector[], kind: 'tsi' | 'tsr') => readonly TrafficSelector[],
  options: PairOptions = {},
) {
  const both = labelledPair({ ...options });
  changing(both, 'request', request).up();
  return both;
}

describe('what we send', () => {
  it('addresses first, then one label with its NUL, the same in TSi and in TSr, both ways', () => {
    const both = labelledPair({
      subnet: '10.1.0.0/16,10.3.0.0/16',
      responder: { subnet: '10.2.0.0/16' },
    }).up();
    expectUp(both);
    const sent = both.network.flights.filter(({ header }) => header?.exchange === ExchangeType.IKE_AUTH);
    expect(sent).toHaveLength(2);
    for (const { payloads = [] } of sent) {
      for (const kind of ['tsi', 'tsr'] as const) {
        const selectors = find(payloads, kind)?.selectors ?? [];
        expect(selectors.map((each) => each.kind)).toEqual(
          kind === 'tsi' ? ['range', 'range', 'label'] : ['range', 'label'],
        );
        expect(selectors.at(-1)).toEqual({ kind: 'label', label: labelFrom(spdLabel) });
      }
    }
    expect(only(both.initiator.children).label).toBe(spdLabel);
    expect(only(both.responder.children).label).toBe(spdLabel);
    expect(both.responder.told('childEstablished')[0]?.label).toBe(spdLabel);
    for (const { memory } of [both.initiator, both.responder]) {
      expect(new Set(memory.sas.map((sa) => sa.label))).toEqual(new Set([labelFrom(spdLabel)]));
      expect(memory.policies.every((policy) => policy.label)).toBe(true);
    }
  });

  it('networks, where a range would not be taken, and no more than 15', () => {
    const many = Array.from({ length: 20 }, (_, at) => `10.9.${at}.0/24`).join(',');
    const both = labelledPair({
      initiator: { subnet: `10.1.0.1-10.1.0.6,${many}` },
      responder: { subnet: '10.2.0.0/16' },
    });
    both.up();
    const [request] = both.network.flights.filter(({ header }) => header?.exchange === ExchangeType.IKE_AUTH);
    const selectors = find(request?.payloads ?? [], 'tsi')?.selectors ?? [];
    expect(selectors).toHaveLength(16);
    expect(selectors.slice(0, 5)).toEqual(
      ['10.1.0.1/32', '10.1.0.2/31', '10.1.0.4/31', '10.1.0.6/32', '10.9.0.0/24'].map(range),
    );
    expect(only(both.initiator.established).children).toHaveLength(1);
  });
});

describe('a request that is taken', () => {
  test.each<[string, Parameters<typeof arriving>[0], PairOptions?]>([
    [
      'an unknown type of selector beside',
      (all) => [{ kind: 'unknown', type: 9, protocol: 0, data: new Uint8Array(4) }, ...all],
    ],
    ['a label before the addresses', (all) => all.toReversed()],
    [
      'a range that is no network',
      (all, kind) => (kind === 'tsi' ? [range('10.0.0.1-10.0.0.3'), ...all] : all),
    ],
    ['17 selectors and more', (all) => [...Array.from({ length: 17 }, () => range('10.77.0.0/16')), ...all]],
    ['an empty label beside', (all) => [label(new Uint8Array(0)), ...all]],
    ['two labels, the second of which is ours', (all) => [label(app1), ...all]],
    ['the same label twice', (all) => [...all, label(spdLabel)]],
    ['another label first, in TSi alone', (all, kind) => (kind === 'tsi' ? [label(app1), ...all] : all)],
    ['no NUL at its end', (all) => [...ranges(all), label(octets(spdLabel))]],
  ])('%s', (_, request, options) => {
    const { initiator, responder, network } = arriving(request, options);
    expect(responder.told('childEstablished')[0]?.label).toBe(spdLabel);
    // What comes back is what was offered, octet for octet; here the initiator had offered it with a NUL.
    const answer = network.flights.filter(({ header }) => header?.exchange === ExchangeType.IKE_AUTH).at(1);
    const answered = find(answer?.payloads ?? [], 'tsi')?.selectors.at(-1);
    const asIs = _ === 'no NUL at its end';
    expect(answered).toEqual(label(asIs ? octets(spdLabel) : spdLabel));
    if (!asIs) expectMirrored(initiator, responder);
  });

  it('addresses are narrowed beside a label', () => {
    const both = labelledPair({
      initiator: { subnet: '10.1.0.0/16', peerSubnet: '10.2.0.0/16' },
      responder: { subnet: '10.2.3.0/24', peerSubnet: '10.1.4.0/24' },
    }).up();
    expectUp(both);
    expect(only(both.initiator.children)).toMatchObject({
      local: '10.1.4.0/24',
      remote: '10.2.3.0/24',
      label: spdLabel,
    });
  });

  it('a label of no octets is none, and its policy has none', () => {
    const both = labelledPair({ child: {} });
    changing(both, 'request', (all) => [...all, label(new Uint8Array(0))]).up();
    expectUp(both);
    expect(only(both.responder.children).label).toBeUndefined();
  });
});

it('RESERVED that is not zero, of both payloads and of the label, is not looked at', () => {
  const both = labelledPair();
  both.network.fate(
    on(
      { exchange: ExchangeType.IKE_AUTH, response: false },
      tampered(both.network.keys, ({ payloads }) => payloads.map(withReserved)),
    ),
  );
  expectUp(both.up());
  expect(only(both.responder.children).label).toBe(spdLabel);
});

/** TSi and TSr as they come, but for the octets that mean nothing. */
function withReserved(payload: Payload): Payload {
  if (payload.kind !== 'tsi' && payload.kind !== 'tsr') return payload;
  const { first, octets } = encodePayloads([payload]);
  const data = octets.slice(4);
  const label = payload.selectors.at(-1);
  expect(label?.kind).toBe('label');
  data.set([0xff, 0xff, 0xff], 1);
  data[data.length - (label?.kind === 'label' ? label.label.length : 0) - 3] = 0xff;
  return { kind: 'unknown', type: first, critical: false, data };
}

describe('a request that is refused with TS_UNACCEPTABLE; the IKE SA stays', () => {
  test.each<[string, Parameters<typeof arriving>[0], string, (PairOptions | undefined)?]>([
    ['no label, and the policy has one', ranges, 'missing'],
    [
      'an empty label alone, and the policy has one',
      (all) => [...ranges(all), label(new Uint8Array(0))],
      'missing',
    ],
    ['another label', (all) => [...ranges(all), label(app1)], 'match'],
    ['a label, and the policy has none', (all) => [...all, label(spdLabel)], 'unwanted', { child: {} }],
    ['a label in TSi only', (all, kind) => (kind === 'tsi' ? all : ranges(all)), 'ends'],
    ['a label in TSr only', (all, kind) => (kind === 'tsr' ? all : ranges(all)), 'ends'],
    [
      'other labels in TSi than in TSr',
      (all, kind) => [...ranges(all), label(kind === 'tsi' ? app1 : spdLabel)],
      'ends',
    ],
    [
      'other labels in TSi than in TSr, and a policy without',
      (all, kind) => [...all, label(kind)],
      'ends',
      { child: {} },
    ],
    ['a label alone', (all) => all.filter(({ kind }) => kind === 'label'), 'alone'],
    ['a NUL inside', (all) => [...ranges(all), label(`${spdLabel}\0x`)], 'form'],
    ['a NUL alone', (all) => [...ranges(all), label(Uint8Array.of(0))], 'form'],
    ['more than 4096 octets', (all) => [...ranges(all), label(long)], 'form'],
    ['an escape sequence', (all) => [...ranges(all), label('\x1b[2J\x07')], 'match'],
  ])('%s', (_, request, check, options) => {
    const { initiator, responder } = arriving(request, options);
    expect(responder.children).toEqual([]);
    expect(only(responder.established).children).toEqual([]);
    expect(only(initiator.established).children).toEqual([]);
    const { reason } = only(responder.told('childFailed'));
    expect(reason).toMatchObject({
      code: 'REFUSED_PEER',
      notify: NotifyType.TS_UNACCEPTABLE,
      label: { check },
    });
    expect(JSON.stringify(reason)).toMatch(/^[\x20-\x7e]*$/);
    expect(only(initiator.told('childFailed')).reason).toMatchObject({
      code: 'PEER_REFUSED',
      notify: NotifyType.TS_UNACCEPTABLE,
    });
    expect(responder.memory.sas).toEqual([]);
    expect(initiator.memory.sas).toEqual([]);
  });
});

describe('several labels, of which SELinux lets some', () => {
  /** The initiator is shown the label that it had offered. */
  const restored = (both: Pair): Pair =>
    changing(both, 'response', (all) => (all.length > 0 ? [...ranges(all), label(spdLabel)] : all));
  const several = (...texts: (string | Uint8Array)[]) => {
    const both = labelledPair({ responder: { labels: access } });
    changing(both, 'request', (all) => [...ranges(all), ...texts.map(label)]);
    return restored(both).up();
  };

  test.each([
    ['the first that may be used', [app2, app1], app2],
    ['none that may not', [nospd, app1], app1],
    ['none that is no label', [`${app1}\0x`, octets(app1), app2], app2],
  ])('%s', (_, offered, chosen) => {
    const { responder } = several(...offered);
    expect(only(responder.children).label).toBe(chosen);
    const { memory } = responder;
    expect(memory.sas.map((sa) => sa.label)).toEqual([labelFrom(chosen), labelFrom(chosen)]);
    expect(new Set(memory.policies.map((policy) => policy.label))).toEqual(new Set([labelFrom(spdLabel)]));
  });

  it('an exact match that may be used goes first; one that may not is no match', () => {
    const children = [
      spd('wide', '0.0.0.0/0', '0.0.0.0/0', withLabel('any').child),
      spd('own', '0.0.0.0/0', '0.0.0.0/0', withLabel(app1).child),
    ];
    const labels = (granted: readonly string[]) => ({
      mode: 'selinux' as const,
      denial: (flow: Uint8Array, template: Uint8Array) =>
        template.length === 4 || granted.includes(String(flow.length))
          ? undefined
          : ({ check: 'polmatch', said: 'denied' } as const),
    });
    for (const [granted, child] of [
      [[String(app1.length + 1)], 'own'],
      [[], 'wide'],
    ] as const) {
      const both = labelledPair({ responder: { labels: labels(granted), entry: { children } } });
      changing(both, 'request', (all) => [...ranges(all), label(app2), label(app1)]);
      restored(both).up();
      expect(only(both.responder.children).child).toBe(child);
      expect(only(both.responder.children).label).toBe(child === 'own' ? app1 : app2);
    }
  });

  test.each([
    [
      'a label that may not',
      nospd,
      'polmatch',
      /denied \{ polmatch \} scontext=\S*nospd_t\S* tcontext=\S*ipsec_spd_t/,
    ],
    ['a missing NUL', octets(app1), 'form', /no NUL/],
    ['a blank in it', `${app1} x`, 'form', /blanks/],
  ])('%s: TS_UNACCEPTABLE, and why', (_, text, check, why) => {
    const { responder } = several(text);
    expect(responder.children).toEqual([]);
    const { reason } = only(responder.told('childFailed'));
    expect(reason.label).toMatchObject({ check, template: spdLabel });
    expect(reason.text).toMatch(why);
    expect(reason.label?.selectors).toContain('TSi 10.0.0.1/32');
  });
});

describe('many labels for many policies', () => {
  const children = Array.from({ length: 50 }, (_, at) =>
    spd(`child${at}`, '0.0.0.0/0', '0.0.0.0/0', withLabel(at % 2 === 0 ? spdLabel : nospd).child),
  );
  const offering = (texts: readonly string[]) => {
    const asked: string[] = [];
    const labels = labelTable({ [spdLabel]: ['app15', 'app16'] }, (...one) => asked.push(one.join(' ')));
    const both = labelledPair({ responder: { labels, entry: { children } } });
    changing(both, 'request', (all) => [...ranges(all), ...texts.map(label)]);
    changing(both, 'response', (all) => (all.length > 0 ? [...ranges(all), label(spdLabel)] : all)).up();
    return { asked, labels: both.responder.children.map((child) => child.label) };
  };
  const many = Array.from({ length: 200 }, (_, at) => `app${at}`);

  it('each of the first 16 is asked about once for each label of a policy', () => {
    const { asked, labels } = offering(many);
    expect(labels).toEqual(['app15']);
    expect(asked).toHaveLength(32);
    expect(new Set(asked).size).toBe(32);
  });

  it('the same one again does not count; one behind the 16th is not taken', () => {
    expect(offering([...Array<string>(100).fill('app0'), 'app16']).labels).toEqual(['app16']);
    expect(offering([...many.slice(0, 15), ...many.slice(16)]).labels).toEqual(['app16']);
    expect(offering([...many.slice(0, 15), 'other', 'app16']).labels).toEqual([]);
  });
});

describe('an answer', () => {
  test.each<
    [
      string,
      (all: readonly TrafficSelector[], kind: 'tsi' | 'tsr') => readonly TrafficSelector[],
      string,
      boolean?,
    ]
  >([
    ['without the label', ranges, 'missing'],
    ['with it in TSi only', (all, kind) => (kind === 'tsi' ? all : ranges(all)), 'missing'],
    ['with another', (all) => [...ranges(all), label(app1)], 'match'],
    ['without its NUL', (all) => [...ranges(all), label(octets(spdLabel))], 'match'],
    ['with another beside', (all) => [...all, label(app1)], 'match'],
    ['with it twice', (all) => [...all, label(spdLabel)], 'missing'],
    ['with a label nobody offered', (all) => [...all, label(spdLabel)], 'unwanted', true],
  ])('%s makes no child: it is deleted at the peer', (_, change, check, unlabelled) => {
    const both = labelledPair(unlabelled ? { child: {} } : {});
    changing(both, 'response', change).up();
    both.network.settle();
    expect(only(both.initiator.told('childFailed')).reason).toMatchObject({
      code: 'BAD_MESSAGE',
      label: { check },
    });
    for (const { children, memory, established } of [both.initiator, both.responder]) {
      expect(children).toEqual([]);
      expect(established).toHaveLength(1);
      expect([...memory.sas, ...memory.policies]).toEqual([]);
    }
  });
});

describe('a rekey', () => {
  test.each(['initiator', 'responder'] as const)('by the %s keeps the label, octet for octet', (end) => {
    const both = labelledPair().up();
    both[end].command({ kind: 'rekey', name: both.name, what: 'children' });
    both.network.advance(6_000);
    expectUp(both);
    expect(both.initiator.told('childEstablished').map(({ label: text }) => text)).toEqual([
      spdLabel,
      spdLabel,
    ]);
    const requests = both.network.flights.filter(
      ({ header }) => header?.exchange === ExchangeType.CREATE_CHILD_SA,
    );
    for (const { payloads = [] } of requests)
      expect(find(payloads, 'tsr')?.selectors.at(-1)).toEqual(label(spdLabel));
  });

  it('to a label that lacks the NUL is refused, of names too', () => {
    const both = labelledPair().up();
    changing(
      both,
      'request',
      (all) => [...ranges(all), label(octets(spdLabel))],
      ExchangeType.CREATE_CHILD_SA,
    );
    both.initiator.command({ kind: 'rekey', name: both.name, what: 'children' });
    both.network.advance(6_000);
    const { label: refused } = only(both.responder.told('labelRefused')).reason;
    expect(refused).toMatchObject({ check: 'match', said: `the child to rekey has ${spdLabel} and a NUL` });
    expect(both.responder.children).toHaveLength(1);
  });

  test.each([
    ['another label', label(app2), 'match'],
    ['none', undefined, 'missing'],
  ])('that asks for %s is refused, and the child goes on', (_, other, check) => {
    const both = labelledPair(
      { labels: access, initiator: { labels: { ...access, mode: 'simple' } } },
      spdLabel,
    );
    // What was made of app1 is not rekeyed to app2, though both may be used.
    changing(both, 'request', (all) => [...ranges(all), label(app1)]);
    changing(both, 'response', (all) => [...ranges(all), label(spdLabel)]).up();
    expect(only(both.responder.children).label).toBe(app1);
    changing(
      both,
      'request',
      (all) => [...ranges(all), ...(other ? [other] : [])],
      ExchangeType.CREATE_CHILD_SA,
    );
    both.initiator.command({ kind: 'rekey', name: both.name, what: 'children' });
    both.network.advance(6_000);
    expect(only(both.responder.told('labelRefused')).reason.label).toMatchObject({ check });
    expect(only(both.responder.children).label).toBe(app1);
    expect(both.initiator.told('ikeDeleted')).toEqual([]);
  });
});
