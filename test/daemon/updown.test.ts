import { describe, expect, test } from 'vitest';
import {
  plutoIdentity,
  readableLimit,
  readableOctets,
  shellText,
  terminalText,
} from '../../src/daemon/pluto-text.ts';
import { type Client, type UpdownFacts, updownEnvironment, verbName } from '../../src/daemon/updown.ts';
import { formatIdentity, identityFromPayload } from '../../src/policy/identity.ts';
import { parseAddress } from '../../src/wire/address.ts';
import { IdType } from '../../src/wire/numbers.ts';
import { connection } from './updown-facts.ts';

const client = (network: string, more: Partial<Client> = {}): Client => {
  const [address = '', length] = network.split('/');
  return {
    address: parseAddress(address) ?? new Uint8Array(),
    prefixLength: Number(length),
    protocol: 0,
    port: 0,
    ...more,
  };
};

function factsOf(lines: readonly string[], more: Partial<UpdownFacts> = {}): UpdownFacts {
  return {
    ...connection(...lines),
    local: { address: '192.0.2.1', identity: '@ours', client: client('10.1.0.0/16') },
    remote: { address: '198.51.100.2', identity: '@theirs', client: client('10.2.0.1/32') },
    device: 'eth0',
    stack: 'xfrm',
    reqid: 16416,
    wanted: true,
    ...more,
  };
}

describe('what the command is told', () => {
  test('of a child that is down, as pluto 4.10 told it of the same', () => {
    const facts = factsOf(
      [
        'leftsubnet=10.1.0.0/16',
        'rightsubnet=10.2.0.1/32',
        'pfs=no',
        'leftupdown=x',
        'leftsourceip=10.1.0.1',
      ],
      {
        wanted: false,
        child: {
          inboundSpi: 0xff97705,
          outboundSpi: 0xf74b7736,
          addTime: 1_795_327_223,
          inboundOctets: 336,
          outboundOctets: 84,
        },
      },
    );
    expect(updownEnvironment('down', facts)).toEqual({
      PLUTO_ADDTIME: '1795327223',
      PLUTO_CFG_CLIENT: '0',
      PLUTO_CFG_SERVER: '0',
      PLUTO_CONNECTION: 'a',
      PLUTO_CONNECTION_TYPE: 'tunnel',
      PLUTO_CONN_ADDRFAMILY: 'ipv4',
      PLUTO_CONN_KIND: 'CK_PERMANENT',
      PLUTO_CONN_POLICY: 'IKEv2+PSK+ENCRYPT+TUNNEL+IKE_FRAG_ALLOW+ESN_NO+ESN_YES',
      PLUTO_INBYTES: '336',
      PLUTO_INTERFACE: 'eth0',
      PLUTO_IS_PEER_CISCO: '0',
      PLUTO_ME: '192.0.2.1',
      PLUTO_MOBIKE_EVENT: '',
      PLUTO_MY_CLIENT: '10.1.0.0/16',
      PLUTO_MY_CLIENT_MASK: '255.255.0.0',
      PLUTO_MY_CLIENT_NET: '10.1.0.0',
      PLUTO_MY_ID: '@ours',
      PLUTO_MY_PORT: '0',
      PLUTO_MY_PROTOCOL: '0',
      PLUTO_MY_SOURCEIP: '10.1.0.1',
      PLUTO_NEXT_HOP: '198.51.100.2',
      PLUTO_NM_CONFIGURED: '0',
      PLUTO_OUTBYTES: '84',
      PLUTO_PEER: '198.51.100.2',
      PLUTO_PEER_BANNER: '',
      PLUTO_PEER_CA: '',
      PLUTO_PEER_CLIENT: '10.2.0.1/32',
      PLUTO_PEER_CLIENT_MASK: '255.255.255.255',
      PLUTO_PEER_CLIENT_NET: '10.2.0.1',
      PLUTO_PEER_DNS_INFO: '',
      PLUTO_PEER_DOMAIN_INFO: '',
      PLUTO_PEER_ID: '@theirs',
      PLUTO_PEER_PORT: '0',
      PLUTO_PEER_PROTOCOL: '0',
      PLUTO_SA_REQID: '16416',
      PLUTO_SA_TYPE: 'ESP',
      PLUTO_STACK: 'xfrm',
      PLUTO_VERB: 'down-client',
      PLUTO_VIRT_INTERFACE: 'NULL',
      PLUTO_XFRMI_ROUTE: '',
      // As there: each is the other's.
      SPI_IN: '0xf74b7736',
      SPI_OUT: '0xff97705',
      VTI_IFACE: '',
      VTI_ROUTING: 'no',
      VTI_SHARED: 'no',
      XAUTH_FAILED: '0',
    });
  });

  test('of traffic that is only routed: no SA, and nothing it carried', () => {
    const told = updownEnvironment('route', factsOf(['leftupdown=x', 'mtu=1400', 'metric=7', 'nflog=9']));
    expect(told).toMatchObject({ PLUTO_SA_TYPE: 'none', SPI_IN: '0x0', SPI_OUT: '0x0', PLUTO_ADDTIME: '0' });
    expect(told).toMatchObject({ PLUTO_MTU: '1400', PLUTO_METRIC: '7', NFLOG: '9' });
    expect(Object.keys(told).filter((name) => /BYTES|SOURCEIP|MOBIKE/.test(name))).toEqual([]);
  });

  test('no text of the peer is more than text to a shell', () => {
    const domains = ['corp.example', '$(reboot)', '`x`', 'a;b', 'x y', '*'];
    const told = updownEnvironment(
      'up',
      factsOf(['leftupdown=x'], {
        remote: {
          address: '198.51.100.2',
          identity: formatIdentity({
            type: IdType.FQDN,
            data: new TextEncoder().encode('a\'b"c`d$e\\f\ng h\u001b'),
          }),
          client: client('10.2.0.1/32'),
        },
        configuration: { address: '10.3.0.1', dns: ['10.2.0.53', '10.2.0.54'], domains },
        child: { inboundSpi: 1, outboundSpi: 2, addTime: 0, inboundOctets: 0, outboundOctets: 0 },
      }),
    );
    expect(told.PLUTO_PEER_ID).toBe('@a\\047b\\042c\\140d\\044e\\134f\\012g h\\033');
    expect(told.PLUTO_PEER_DOMAIN_INFO).toBe('corp.example');
    expect(told.PLUTO_PEER_DNS_INFO).toBe('10.2.0.53 10.2.0.54');
    expect(told.PLUTO_MY_SOURCEIP).toBe('10.3.0.1');
  });
});

test.each([
  ['192.0.2.1', '192.0.2.1/32', 'up-host'],
  ['192.0.2.1', '192.0.2.0/24', 'up-client'],
  ['2001:db8::1', '2001:db8::1/128', 'up-host-v6'],
  ['2001:db8::1', '10.0.0.0/8', 'up-client-v6'],
  ['192.0.2.1', '2001:db8::/32', 'up-client'],
])('from %s for %s: %s', (address, network, verb) => {
  expect(verbName('up', { address, identity: '@x', client: client(network) })).toBe(verb);
});

test('amounts and identities are written as pluto writes them', () => {
  expect([0, 1023, 1024, 1_048_576].map(readableOctets)).toEqual(['0B', '1023B', '1KB', '1MB']);
  expect([0, 100_000, 5 * 1024 ** 3, 7].map(readableLimit)).toEqual(['2^63B', '97KiB', '5GiB', '7B']);
  const said = (type: number, text: string) =>
    terminalText(
      plutoIdentity(
        formatIdentity(identityFromPayload({ idType: type, data: new TextEncoder().encode(text) })),
      ),
    );
  expect(said(IdType.FQDN, 'xäy\u001b[31m')).toBe('@x\\303\\244y\\033[31m');
  expect(said(IdType.RFC822_ADDR, 'a b@c')).toBe('a b@c');
  expect(said(IdType.KEY_ID, 'ab')).toBe('@#0x6162');
  expect(said(IdType.NULL, '')).toBe('ID_NULL');
  expect(shellText('~!#%&*()')).toBe('~!#%&*()');
});
