/** The guest's kernel, ready before the first negotiation: what it would load on demand takes seconds in it. */
import { writeFileSync } from 'node:fs';
import { must, run } from '../../interop/peers/process.ts';
import { ip } from './namespaces.ts';

const modules = {
  network: 'ipv6 veth tun af_packet',
  ipsec: 'xfrm_user xfrm_algo esp4 esp6 ah4 ah6 tunnel4 tunnel6 xfrm4_tunnel xfrm6_tunnel xfrm_interface',
  ciphers: `cryptomgr gcm ctr ghash_generic seqiv echainiv cbc ccm hmac md5 sha1_generic sha256_generic sha512_generic
    authenc authencesn chacha20poly1305 chacha_generic poly1305_generic cmac xcbc drbg jitterentropy_rng ansi_cprng`,
  filter: `nf_conntrack nf_conntrack_netlink nf_nat ip_tables iptable_filter iptable_nat xt_MASQUERADE ip6_tables
    ip6table_filter xt_tcpudp`,
};

const key = (octets: number): string => `0x${'00'.repeat(octets - 1)}01`;

/** One of each kind: the first SA of a kind makes its cipher, and whoever asked for it stands still meanwhile. */
const samples = [
  `aead rfc4106(gcm(aes)) ${key(20)} 128`,
  `aead rfc7539esp(chacha20,poly1305) ${key(36)} 128`,
  `auth-trunc hmac(sha256) ${key(32)} 128 enc cbc(aes) ${key(16)}`,
  `flag esn replay-window 64 auth-trunc hmac(sha256) ${key(32)} 128 enc cbc(aes) ${key(16)}`,
].flatMap((algorithm, i) =>
  [
    ['127.0.0.8', '127.0.0.9'],
    ['::8', '::9'],
  ].map(
    ([from, to]) =>
      `xfrm state add src ${from} dst ${to} proto esp spi ${0x1000 + i} mode transport ${algorithm}`,
  ),
);

export async function readyKernel(): Promise<void> {
  // Some are built in.
  await run(['modprobe', '-qa', ...Object.values(modules).join(' ').split(/\s+/)], { within: 60_000 });
  writeFileSync('/proc/sys/kernel/modprobe', '\n');
  await ip(undefined, [...samples, 'xfrm state flush']);
  await must(['sysctl', '-q', '-w', 'kernel.printk=3 4 1 7']);
}
