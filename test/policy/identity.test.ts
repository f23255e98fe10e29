import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatIdentity,
  IdentityError,
  identityFromPayload,
  identityKey,
  identityPayload,
  parseIdentity,
  sameIdentity,
} from '../../src/policy/identity.ts';
import { fromHex, IdType } from '../../src/wire/index.ts';

const text = (value: string) => new TextEncoder().encode(value);

describe("identities in pluto's spelling", () => {
  it.each<[string, number, Uint8Array, string]>([
    ['@west.example.org', IdType.FQDN, text('west.example.org'), '@west.example.org'],
    ['@lA', IdType.FQDN, text('lA'), '@lA'],
    ['west@example.org', IdType.RFC822_ADDR, text('west@example.org'), 'west@example.org'],
    ['@#0102ff', IdType.KEY_ID, fromHex('0102ff'), '@#0102ff'],
    ['@#0x0102FF', IdType.KEY_ID, fromHex('0102ff'), '@#0102ff'],
    ['@[group]', IdType.KEY_ID, text('group'), '@#67726f7570'],
    ['@[group', IdType.KEY_ID, text('group'), '@#67726f7570'],
    ['@~3000', IdType.DER_ASN1_DN, fromHex('3000'), '@~3000'],
    [
      '@~30123110300e06035504030c0777657374206361',
      IdType.DER_ASN1_DN,
      fromHex('30123110300e06035504030c0777657374206361'),
      'CN=west ca',
    ],
    ['192.0.2.1', IdType.IPV4_ADDR, fromHex('c0000201'), '192.0.2.1'],
    ['2001:DB8::1', IdType.IPV6_ADDR, fromHex('20010db8000000000000000000000001'), '2001:db8::1'],
    ['%null', IdType.NULL, new Uint8Array(), '%null'],
  ])('%s', (spelled, type, data, printed) => {
    const identity = parseIdentity(spelled);
    expect(identity).toEqual({ type, data });
    expect(formatIdentity(identity)).toBe(printed);
    expect(identityFromPayload(identityPayload('idi', identity))).toEqual(identity);
  });

  it.each([
    ['', 0],
    ['@', 1],
    ['@#', 2],
    ['@#123', 5],
    ['@#12g4', 4],
    ['@#0x12g4', 6],
    ['@[]', 2],
    ['west.example.org', 0],
    ['C=DE, CN=west', 0],
  ])('%j is refused at %i', (spelled, at) => {
    expect(() => parseIdentity(spelled)).toThrow(IdentityError);
    expect(() => parseIdentity(spelled)).toThrow(expect.objectContaining({ at }));
  });
});

describe('hostile octets', () => {
  it.each<[number, Uint8Array, string]>([
    [IdType.FQDN, text('a\nb\x1b[31m'), '@a\\0ab\\1b[31m'],
    [IdType.FQDN, text('a\\0ab'), '@a\\5c0ab'],
    [IdType.RFC822_ADDR, fromHex('e282ac'), '\\e2\\82\\ac'],
    [IdType.IPV4_ADDR, fromHex('0102'), 'ID type 1 0x0102'],
    [250, fromHex('00'), 'ID type 250 0x00'],
  ])('type %i', (type, data, printed) => {
    expect(formatIdentity({ type, data })).toBe(printed);
  });

  it('any identity prints as one line of ASCII, and no two alike', () => {
    const identity = fc.record({
      type: fc.integer({ min: 0, max: 255 }),
      data: fc.uint8Array({ maxLength: 20 }),
    });
    fc.assert(
      fc.property(identity, identity, (a, b) => {
        expect(formatIdentity(a)).toMatch(/^[\x20-\x7e]*$/);
        if (formatIdentity(a) === formatIdentity(b) && a.type === b.type)
          expect(sameIdentity(a, b)).toBe(true);
        expect(identityKey(a) === identityKey(b)).toBe(sameIdentity(a, b));
      }),
    );
  });
});

describe('sameness', () => {
  it.each([
    ['@West.Example.ORG', '@west.example.org', true],
    ['@west.example.org.', '@west.example.org', true],
    ['Admin@Example.org', 'admin@example.org', true],
    ['@#4142', '@#6162', false],
    ['@west', '@#77657374', false],
    ['@[west]', '@#77657374', true],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['@192.0.2.1', '192.0.2.1', false],
    ['%null', '%null', true],
    ['@wes', '@west', false],
  ])('%s and %s: %j', (a, b, same) => {
    expect(sameIdentity(parseIdentity(a), parseIdentity(b))).toBe(same);
    expect(sameIdentity(parseIdentity(b), parseIdentity(a))).toBe(same);
  });
});
