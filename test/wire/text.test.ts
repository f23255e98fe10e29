/** Numbers, addresses, hexadecimal, the marker and the one-line description. */
import { expect, it, describe as suite } from 'vitest';
import * as wire from '../../src/wire/index.ts';
import * as numbers from '../../src/wire/numbers.ts';
import { samples } from './samples.ts';

const { addMarker, describe, formatAddress, fromHex, isKeepalive, nameOf, parseAddress, stripMarker, toHex } =
  wire;

suite('registries', () => {
  const registries = Object.entries(numbers).flatMap(([name, value]): [string, wire.Registry][] =>
    typeof value === 'object' ? [[name, value]] : [],
  );

  it('are many', () => expect(registries.length).toBeGreaterThan(25));

  for (const [name, registry] of registries) {
    it(`${name} names each number once`, () => {
      const numbers = Object.values(registry);
      expect(new Set(numbers).size).toBe(numbers.length);
      for (const [key, value] of Object.entries(registry)) expect(nameOf(registry, value)).toBe(key);
    });
  }

  it('gives an unknown number as text', () => expect(nameOf(wire.NotifyType, 40960)).toBe('40960'));

  it('has the latest RFCs', () => {
    // RFC 9370 §7, 9242 §6, 9593 §4, 9611 §7, 9867 §4, 9478 §4, 9827 §5.
    expect([wire.NotifyType.STATE_NOT_FOUND, wire.NotifyType.ADDITIONAL_KEY_EXCHANGE]).toEqual([47, 16441]);
    expect([wire.ExchangeType.IKE_INTERMEDIATE, wire.ExchangeType.IKE_FOLLOWUP_KE]).toEqual([43, 44]);
    expect(wire.NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED).toBe(16438);
    expect(wire.NotifyType.SUPPORTED_AUTH_METHODS).toBe(16443);
    expect([wire.NotifyType.TS_MAX_QUEUE, wire.NotifyType.SA_RESOURCE_INFO]).toEqual([48, 16444]);
    expect([wire.NotifyType.USE_PPK_INT, wire.NotifyType.PPK_IDENTITY_KEY]).toEqual([16445, 16446]);
    expect([wire.TsType.SECLABEL, wire.TransformType.SN, wire.TransformType.ADDKE7]).toEqual([10, 5, 12]);
  });
});

suite('addresses', () => {
  const canonical = [
    '0.0.0.0',
    '192.0.2.255',
    '::',
    '::1',
    '2001:db8::1',
    '2001:db8:0:1:1:1:1:1',
    'fe80::ff:0:0:1',
  ];
  for (const text of canonical) {
    it(`${text} stays`, () => expect(formatAddress(parseAddress(text) ?? fromHex(''))).toBe(text));
  }

  it('gives octets', () => {
    expect(parseAddress('192.0.2.1')).toEqual(fromHex('c0000201'));
    expect(parseAddress('2001:DB8::A')).toEqual(fromHex('20010db800000000000000000000000a'));
    expect(parseAddress('::ffff:192.0.2.1')).toEqual(fromHex('00000000000000000000ffffc0000201'));
  });

  const refused = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '010.0.0.1',
    '0x7f.0.0.1',
    'fe80::1%eth0',
    '::g',
  ];
  for (const text of [...refused, '1.2.3.4/32', 'example.org', ' 1.2.3.4', ':::', '1::2::3']) {
    it(`'${text}' is none`, () => expect(parseAddress(text)).toBeUndefined());
  }

  it('refuses other lengths', () => expect(() => formatAddress(fromHex('0102'))).toThrow(RangeError));
});

suite('hexadecimal', () => {
  it('there and back', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(fromHex(toHex(all))).toEqual(all);
    expect(toHex(all)).toBe(Buffer.from(all).toString('hex'));
    expect(fromHex('C0fFeE')).toEqual(Uint8Array.of(0xc0, 0xff, 0xee));
  });

  for (const text of ['0', '0x00', 'gg', '00 ', '00:11']) {
    it(`refuses '${text}'`, () => expect(() => fromHex(text)).toThrow(SyntaxError));
  }
});

suite('UDP encapsulation', () => {
  it('adds and strips the marker', () => {
    const message = fromHex('0102030405');
    expect(toHex(addMarker(message))).toBe('000000000102030405');
    expect(stripMarker(addMarker(message))).toEqual(message);
  });

  it('leaves ESP, keepalives and runts', () => {
    for (const hex of ['0000000100', '0100000000', '00000000', 'ff', '']) {
      expect(stripMarker(fromHex(hex))).toBeUndefined();
    }
    expect(isKeepalive(fromHex('ff'))).toBe(true);
    for (const hex of ['', '00', 'ffff']) expect(isKeepalive(fromHex(hex))).toBe(false);
  });
});

suite('describe', () => {
  const header = { exchange: 35, response: false, messageId: 1 };

  it('a message as RFC 7296 writes it', () => {
    const kinds = ['idi', 'cert', 'auth', 'sa', 'tsi', 'tsr'] as const;
    const payloads = kinds.flatMap((kind) => wire.findAll(samples, kind).slice(0, 1));
    const notify = wire.notifies(samples, wire.NotifyType.INITIAL_CONTACT);
    expect(describe({ header, payloads: [...payloads, ...notify] })).toBe(
      'IKE_AUTH request 1 { IDi CERT AUTH SA TSi TSr N(INITIAL_CONTACT) }',
    );
  });

  it('an empty one', () => {
    const ended = { exchange: 37, response: true, messageId: 7 };
    expect(describe({ header: ended, payloads: [] })).toBe('INFORMATIONAL response 7 { }');
  });

  it('each payload, in one line of plain characters', () => {
    const line = describe({ header: { ...header, exchange: 251 }, payloads: samples });
    expect(line).toMatch(/^251 request 1 \{ [\w() !+-]+ \}$/);
    expect(line).toContain('D(ESP c0ffee03 c0ffee04)');
    expect(line).toContain('EAP(RESPONSE MSCHAPV2)');
    expect(line).toContain('CP(REQUEST)');
    expect(line).toContain(' 49 1! 255! ');
  });
});
