/** ESP packets others made: opened to their plaintext, and sealed again to the same octets. */
import { describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { cipherKeyLength, type EspSuite } from '../../src/crypto/suite.ts';
import { parseEcho } from '../../src/esp/echo.ts';
import { readHeader } from '../../src/esp/ip.ts';
import { open, parseHeader, protection, seal } from '../../src/esp/packet.ts';
import { fromHex, toHex } from '../../src/wire/hex.ts';
import { Encr, Integ } from '../../src/wire/numbers.ts';
import { capturedPackets, haveVectors, read, readJson } from './vectors.ts';

function suite(encr: number, keyOctets: number, integ?: number): EspSuite {
  const cipher = defaultCrypto.ciphers.get(encr);
  if (cipher === undefined) throw new Error(`no ENCR ${encr}`);
  const check = integ === undefined ? undefined : defaultCrypto.integs.get(integ);
  return { cipher, keyBits: (keyOctets - cipher.saltLength) * 8, ...(check && { integ: check }), esn: false };
}

interface Sample {
  readonly suite: EspSuite;
  readonly key: Uint8Array;
  readonly integKey?: Uint8Array;
  readonly esp: Uint8Array;
}

/** Opens a sample, seals what was in it with its own IV, and expects the sample again. */
function bothWays({ suite, key, integKey, esp }: Sample) {
  const by = protection(defaultCrypto, suite, key, integKey);
  const header = parseHeader(esp);
  if (header === undefined) throw new Error('no ESP header');
  const opened = open(by, esp, header.low);
  if (typeof opened === 'string') throw new Error(`not opened: ${opened}`);
  const iv = esp.slice(8, 8 + suite.cipher.ivLength);
  const again = seal(by, { spi: header.spi, sequence: header.low, iv, ...opened });
  expect(toHex(again)).toBe(toHex(esp));
  return { ...opened, ...header };
}

const ipLength = (packet: Uint8Array): number => ((packet[0] ?? 0) >> 4 === 4 ? 20 : 40);

describe.skipIf(!haveVectors)('RFC 3602 §4, without ICV', () => {
  interface Case {
    case: number;
    key: string;
    spi?: string;
    seq?: number;
    iv: string;
    preEncryption: string;
    encrypted: string;
    origIpHeader: string;
    origData: string;
    mode: string;
  }
  const { cases } = haveVectors
    ? readJson<{ cases: Case[] }>('03-rfc-and-algorithm/rfc/rfc3602-aes-cbc-esp.json')
    : { cases: [] };
  for (const vector of cases.filter(({ spi }) => spi !== undefined)) {
    it(`case ${vector.case}`, () => {
      const key = fromHex(vector.key);
      const number = (vector.seq ?? 0).toString(16).padStart(8, '0');
      const esp = fromHex(`${vector.spi}${number}${vector.iv}${vector.encrypted}`);
      const opened = bothWays({ suite: suite(Encr.AES_CBC, key.length), key, esp });
      const tunnel = vector.mode === 'tunnel';
      expect(toHex(opened.payload)).toBe((tunnel ? vector.origIpHeader : '') + vector.origData);
      expect(opened.nextHeader).toBe(tunnel ? 4 : 1);
    });
  }
});

describe.skipIf(!haveVectors)('RFC 7634 appendix A', () => {
  it('ChaCha20-Poly1305 in tunnel mode', () => {
    const { cases } = readJson<{ cases: { keymat: string; packet: string; inner: string }[] }>(
      '03-rfc-and-algorithm/rfc/rfc7634-chacha20poly1305-ike-esp.json',
    );
    const [vector] = cases;
    if (vector === undefined) throw new Error('no case');
    const key = fromHex(vector.keymat);
    const esp = fromHex(vector.packet).subarray(20);
    const opened = bothWays({ suite: suite(Encr.CHACHA20_POLY1305, key.length), key, esp });
    expect(toHex(opened.payload)).toBe(vector.inner);
    expect(opened).toMatchObject({ spi: 0x01020304, low: 5, nextHeader: 4 });
  });
});

describe.skipIf(!haveVectors)('DPDK', () => {
  interface Case {
    name: string;
    key?: string;
    auth_key?: string;
    salt?: string;
    input_text: string;
    output_text: string;
    proto: string;
    algos: string | string[];
  }
  const { cases } = haveVectors
    ? readJson<{ cases: Case[] }>('08-esp/dpdk/dpdk-esp-ah.json')
    : { cases: [] as Case[] };

  const encryptions: [string, number][] = [
    ['AES_GCM', Encr.AES_GCM_16],
    ['AES_CCM', Encr.AES_CCM_16],
    ['AES_CBC', Encr.AES_CBC],
    ['AES_CTR', Encr.AES_CTR],
    ['3DES_CBC', Encr.TRIPLE_DES],
    ['CIPHER_NULL', Encr.NULL],
  ];
  const integrities: [string, number][] = [
    ['SHA256_HMAC', Integ.HMAC_SHA2_256_128],
    ['SHA384_HMAC', Integ.HMAC_SHA2_384_192],
    ['SHA512_HMAC', Integ.HMAC_SHA2_512_256],
    ['AES_XCBC', Integ.AES_XCBC_96],
  ];
  const first = (table: [string, number][], algos: string) =>
    table.find(([name]) => algos.includes(name))?.[1];

  let used = 0;
  for (const vector of cases.filter(({ proto }) => proto.endsWith('ESP'))) {
    const algos = String(vector.algos);
    const encr = first(encryptions, algos);
    const integ = first(integrities, algos);
    const aead = algos.includes('AEAD');
    const missing = encr === undefined || (!aead && integ === undefined);
    if (missing) {
      it.skip(`${vector.name}: DES, MD5 and no integrity are not for us`, () => {});
      continue;
    }
    used += 1;
    it(vector.name, () => {
      const key = fromHex((vector.key ?? '') + (vector.salt ?? ''));
      const packet = fromHex(vector.output_text);
      const opened = bothWays({
        suite: suite(encr, key.length, aead ? undefined : integ),
        key,
        ...(!aead && { integKey: fromHex(vector.auth_key ?? '') }),
        esp: packet.subarray(ipLength(packet)),
      });
      expect(toHex(opened.payload)).toBe(vector.input_text);
      expect(readHeader(opened.payload)?.length).toBe(opened.payload.length);
    });
  }
  it('has cases for us', () => expect(used).toBeGreaterThan(9));
});

describe.skipIf(!haveVectors)(
  'tcpdump captures: their authentication keys are not published, the ICV is cut off',
  () => {
    interface Keys {
      readonly [file: string]: Record<string, { enc: string; key: string; icvLen: number }>;
    }
    const opened = (file: string, packet: Uint8Array): Uint8Array => {
      const esp = packet.subarray(ipLength(packet), readHeader(packet)?.length);
      const spi = `0x${toHex(esp.subarray(0, 4))}`;
      const sa = readJson<Keys>('08-esp/tcpdump/keys.json')[file]?.[spi];
      if (sa === undefined) throw new Error(`no key for ${spi} of ${file}`);
      const key = fromHex(sa.key);
      const encr = sa.enc.startsWith('aes') ? Encr.AES_CBC : Encr.TRIPLE_DES;
      const cut = esp.subarray(0, esp.length - sa.icvLen);
      return bothWays({ suite: suite(encr, key.length), key, esp: cut }).payload;
    };
    const expectation = (file: string) =>
      new TextDecoder()
        .decode(read(`08-esp/tcpdump/${file}`))
        .trim()
        .split('\n')
        .map((line) =>
          /IP ([\d.]+) > ([\d.]+): ICMP echo request, id (\d+), seq (\d+), length (\d+)$/.exec(line),
        )
        .map((match) => match?.slice(1).join(' '));
    const story = (packet: Uint8Array): string | undefined => {
      const header = readHeader(packet);
      const echo = header && parseEcho(packet, header);
      return (
        echo &&
        `${echo.source.join('.')} ${echo.destination.join('.')} ${echo.identifier} ${echo.sequence} ${echo.data.length + 8}`
      );
    };

    it.each([
      ['02-sunrise-sunset-esp.pcap', 'esp1.out', 1],
      ['08-sunrise-sunset-esp2.pcap', 'esp2.out', 2],
      ['08-sunrise-sunset-aes.pcap', 'esp5.out', 1],
    ])('%s as in %s', (file, text, layers) => {
      const packets = capturedPackets(`08-esp/tcpdump/${file}`);
      const inner = packets.map((packet) => {
        let octets = packet;
        for (let i = 0; i < layers; i++) octets = opened(file, octets);
        return story(octets);
      });
      expect(inner).toHaveLength(8);
      expect(inner).toEqual(expectation(text));
    });
  },
);

describe.skipIf(!haveVectors)('Wireshark esp-bug-12671', () => {
  it('AES-CBC with HMAC-SHA1-96', () => {
    const table = new TextDecoder().decode(read('02-wireshark-ikev2/esp_sa'));
    const sas = new Map(
      table
        .trim()
        .split('\n')
        .map((line) => line.split(',').map((field) => field.replaceAll('"', '').replace('0x', '')))
        .map((fields) => [fields[3], { key: fromHex(fields[5] ?? ''), integKey: fromHex(fields[7] ?? '') }]),
    );
    let seen = 0;
    for (const packet of capturedPackets('02-wireshark-ikev2/captures/esp-bug-12671.pcapng')) {
      const header = readHeader(packet);
      if (header?.protocol !== 50) continue;
      const esp = packet.subarray(header.upperAt, header.length);
      const keys = sas.get(toHex(esp.subarray(0, 4)));
      if (keys === undefined) continue;
      const aesSha1 = suite(Encr.AES_CBC, keys.key.length, Integ.HMAC_SHA1_96);
      const by = protection(defaultCrypto, aesSha1, keys.key, keys.integKey);
      expect(open(by, esp, parseHeader(esp)?.low ?? 0)).toBeTypeOf('object');
      seen += 1;
    }
    expect(seen).toBe(6);
  });
});

describe.skipIf(!haveVectors)('strongSwan recordings, ESP in UDP', () => {
  interface Recorded {
    packet: string;
    alg: string;
    encKey: string;
    integKey: string;
    plaintextWithTrailer: string;
    seq: number;
  }
  const scenarios = [
    'strongswan-5.9.8-recorded/psk-aes128cbc-aescmac-prfaescmac-ecp521',
    'strongswan-5.9.8-recorded/psk-aes128cbc-sha256-modp2048',
    'strongswan-5.9.8-recorded/psk-aes256gcm16-prfsha384-ecp384',
    'strongswan-5.9.8-recorded/psk-chacha20poly1305-prfsha256-x25519',
    'strongswan-5.9.8-recorded/psk-childless-then-create-child',
    'strongswan-6.1.0-mlkem-recorded/mlkem-x25519-ke1_mlkem768',
  ];
  const suiteOf = (alg: string, keyOctets: number): EspSuite => {
    if (alg === 'AES-GCM-16') return suite(Encr.AES_GCM_16, keyOctets);
    if (alg === 'CHACHA20-POLY1305') return suite(Encr.CHACHA20_POLY1305, keyOctets);
    const integ = /^AES-CBC\/integ(\d+)$/.exec(alg)?.[1];
    if (integ === undefined) throw new Error(`${alg}?`);
    return suite(Encr.AES_CBC, keyOctets, Number(integ));
  };

  it.each(scenarios)('%s', (scenario) => {
    const { espInUdpPackets } = readJson<{ espInUdpPackets: Recorded[] }>(
      `09-ikev2-traces/${scenario}/session.json`,
    );
    expect(espInUdpPackets.length).toBeGreaterThan(3);
    for (const recorded of espInUdpPackets) {
      const key = fromHex(recorded.encKey);
      const chosen = suiteOf(recorded.alg, key.length);
      expect(key).toHaveLength(cipherKeyLength(chosen));
      const esp = fromHex(recorded.packet);
      const opened = bothWays({ suite: chosen, key, integKey: fromHex(recorded.integKey), esp });
      expect(recorded.plaintextWithTrailer.startsWith(toHex(opened.payload))).toBe(true);
      const header = readHeader(opened.payload);
      expect(header && parseEcho(opened.payload, header)).toBeDefined();
    }
  });
});
