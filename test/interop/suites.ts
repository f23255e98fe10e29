/** The algorithms tried with real peers, in both spellings. */
export interface InteropSuite {
  /** strongSwan's spelling. */
  readonly charon: string;
  readonly charonEsp: string;
  /** Libreswan's spelling; undefined when pluto has no such thing. */
  readonly pluto?: string;
  readonly plutoEsp?: string;
  /** tshark cannot open it. */
  readonly opaque?: true;
}

export const suites: readonly InteropSuite[] = [
  {
    charon: 'aes128gcm16-prfsha256-x25519',
    charonEsp: 'aes128gcm16',
    pluto: 'aes_gcm128-sha2_256-dh31',
    plutoEsp: 'aes_gcm128',
  },
  {
    charon: 'aes256-sha512-modp2048',
    charonEsp: 'aes256-sha512',
    pluto: 'aes256-sha2_512-dh14',
    plutoEsp: 'aes256-sha2_512',
  },
  {
    charon: 'aes256gcm16-prfsha384-ecp384',
    charonEsp: 'aes256gcm16',
    pluto: 'aes_gcm256-sha2_384-dh20',
    plutoEsp: 'aes_gcm256',
  },
  {
    charon: 'chacha20poly1305-prfsha256-x25519',
    charonEsp: 'chacha20poly1305',
    pluto: 'chacha20_poly1305-sha2_256-dh31',
    plutoEsp: 'chacha20_poly1305',
    opaque: true,
  },
  { charon: 'aes128-aesxcbc-ecp256', charonEsp: 'aes128-aesxcbc' },
  {
    charon: 'aes128-sha1-modp1536',
    charonEsp: 'aes128-sha1',
    pluto: 'aes128-sha1-dh5',
    plutoEsp: 'aes128-sha1',
  },
];
