import { expect, test } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { lacksOf } from '../../src/daemon/status.ts';
import { MemoryKernel } from '../../src/kernel/memory.ts';
import type { Kernel } from '../../src/kernel/port.ts';
import { Encr, Integ, nameOf } from '../../src/wire/numbers.ts';
import { connection } from './updown-facts.ts';

test('what the data plane lacks is told once, of what connections may ask for', () => {
  const { entry } = connection('esp=aes_gcm256,chacha20_poly1305,aes128-sha2_256');
  const lacks: Kernel['lacks'] = ({ encr, keyBits, integ }) =>
    encr === Encr.CHACHA20_POLY1305 || integ === Integ.HMAC_SHA2_256_128
      ? `${nameOf(Encr, encr)}-${keyBits} ${nameOf(Integ, integ)}`
      : undefined;
  const kernel: Kernel = Object.assign(new MemoryKernel(), { lacks });
  expect(lacksOf([entry, { ...entry, name: 'b' }], defaultCrypto, kernel)).toEqual([
    'CHACHA20_POLY1305-256 NONE',
    'AES_CBC-128 HMAC_SHA2_256_128',
  ]);
  expect(lacksOf([entry], defaultCrypto, new MemoryKernel())).toEqual([]);
});
