/** What tcpdump prints of its own captures. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  describe,
  Encr,
  find,
  Integ,
  KeyExchangeMethod,
  nameOf,
  Prf,
  parseMessage,
  type Transform,
  TransformType,
} from '../../src/wire/index.ts';
import { ikeMessages } from './pcap.ts';
import { describeWithVectors, vectorPath } from './vectors.ts';

const messagesOf = (name: string) =>
  ikeMessages(vectorPath(`02-tcpdump-ikev2/${name}.pcap`)).map(parseMessage);

const printed = (name: string): string => readFileSync(vectorPath(`02-tcpdump-ikev2/${name}.out`), 'utf8');

describeWithVectors('02-tcpdump-ikev2', () => {
  it('ikev2four: exchange, direction and payloads of every packet', () => {
    expect(messagesOf('ikev2four').map(summary)).toEqual(tcpdumpSummaries(printed('ikev2four')));
  });

  it('ikev2four: transforms', () => {
    const [first] = messagesOf('ikev2four');
    const proposals = find(first?.payloads ?? [], 'sa')?.proposals ?? [];
    expect(proposals).toHaveLength(1);
    expect(proposals[0]?.transforms.map(transformText)).toEqual([
      'AES_CBC 128',
      'AES_CBC 256',
      'AES_CBC 192',
      'TRIPLE_DES',
      ...['HMAC_SHA1', 'HMAC_MD5', 'AES128_XCBC', 'HMAC_SHA1_96', 'HMAC_MD5_96', 'AES_XCBC_96'],
      ...['MODP_1024', 'MODP_2048'],
    ]);
  });

  it('ikev2pI2: six proposals, and what is ignored', () => {
    const [first, second] = messagesOf('ikev2pI2');
    expect(find(first?.payloads ?? [], 'sa')?.proposals.map(({ transforms }) => transforms.length)).toEqual(
      Array(6).fill(4),
    );
    expect(find(first?.payloads ?? [], 'nonce')?.data).toEqual(
      Uint8Array.from(Buffer.from('b5ce8419095c6e2b6b62d3055305b3c4', 'hex')),
    );
    expect(second && describe(second)).toBe('IKE_AUTH request 0 { SK }');
  });

  // One payload of 5 or 1 octets and then more octets that belong to nothing.
  for (const name of ['ikev2-id-normal', 'ikev2-id-short']) {
    it(`${name}: octets after the chain`, () => {
      expect(() => messagesOf(name)).toThrow(/too many|need/);
    });
  }
});

const names = [Encr, Prf, Integ, KeyExchangeMethod];

function transformText({ type, id, keyLength }: Transform): string {
  const registry = names[type - TransformType.ENCR];
  return `${registry ? nameOf(registry, id) : id}${keyLength === undefined ? '' : ` ${keyLength}`}`;
}

/** `ikev2_init[I]: sa v2ke nonce n n` */
function summary({ header, payloads }: ReturnType<typeof parseMessage>): string {
  const exchange = ['ikev2_init', 'ikev2_auth', 'child_sa', 'inf2'][header.exchange - 34];
  const flags = `${header.initiator ? 'I' : ''}${header.response ? 'R' : ''}`;
  return `${exchange}[${flags}]: ${payloads.map(({ kind }) => tcpdumpNames[kind] ?? kind).join(' ')}`;
}

const tcpdumpNames: Partial<Record<string, string>> = {
  ke: 'v2ke',
  notify: 'n',
  encrypted: 'v2e',
  vendorId: 'v2vid',
};

function tcpdumpSummaries(text: string): string[] {
  return text
    .split(/^ {1,4}\d+ {2}/m)
    .slice(1)
    .map((packet) => {
      const [, exchange = '', flags = ''] =
        /(ikev2_init|ikev2_auth|child_sa|inf2)\s*\[(\w*)\]/.exec(
          packet.replace(/child_sa {2}(ikev2_auth)/, '$1'),
        ) ?? [];
      const payloads = Array.from(packet.matchAll(/^ {4}\((\w+)/gm), ([, name]) => name);
      return `${exchange}[${flags}]: ${payloads.join(' ')}`;
    });
}
