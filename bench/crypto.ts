/**
 * Both providers side by side: a JSON line for each operation, with the median in microseconds. The choices of
 * src/crypto/default.ts come from here. An argument narrows to the operations whose name holds it.
 */
import { randomBytes } from 'node:crypto';
import { Bench } from 'tinybench';
import {
  type Crypto,
  nobleCrypto,
  noblePrivateKey,
  nodeCrypto,
  nodePrivateKey,
  type PrivateKey,
  prfPlus,
  type Random,
  type SignatureAlgorithm,
} from '../src/crypto/index.ts';
import { ecPkcs8, edwardsPkcs8, rsaKeys } from '../test/crypto/signature-keys.ts';

const [only = ''] = process.argv.slice(2);
const random: Random = (length) => Uint8Array.from(randomBytes(length));

type Operation = (crypto: Crypto) => (() => unknown) | undefined;

const lengths = [64, 256, 1400, 16_384];
const operations = new Map<string, Operation>();

for (const cipher of nodeCrypto.ciphers.values()) {
  const bits = Math.max(...cipher.keyBits);
  const [material, iv, aad] = [random(bits / 8 + cipher.saltLength), random(cipher.ivLength), random(8)];
  for (const length of lengths) {
    const plaintext = random(length - (length % cipher.blockLength));
    const name = `${cipher.name}${cipher.keyLengthAttribute ? `_${bits}` : ''}`;
    operations.set(`${name} seal ${length}`, (crypto) => {
      const key = crypto.ciphers.get(cipher.id)?.key(material);
      return key && (() => key.seal(iv, plaintext, aad));
    });
    operations.set(`${name} open ${length}`, (crypto) => {
      const key = crypto.ciphers.get(cipher.id)?.key(material);
      const sealed = key?.seal(iv, plaintext, aad);
      return key && sealed && (() => key.open(iv, sealed, aad));
    });
  }
}

for (const prf of nodeCrypto.prfs.values()) {
  const [key, seed, data] = [random(prf.keyLength), random(80), random(600)];
  operations.set(`PRF ${prf.name} 600`, (crypto) => () => crypto.prfs.get(prf.id)?.compute(key, data));
  operations.set(`prf+ ${prf.name} 7 keys`, (crypto) => {
    const own = crypto.prfs.get(prf.id);
    return own && (() => prfPlus(own, key, seed, 7 * own.outputLength));
  });
}

for (const integ of nodeCrypto.integs.values()) {
  const key = random(integ.keyLength);
  for (const length of lengths) {
    const data = random(length);
    operations.set(
      `INTEG ${integ.name} ${length}`,
      (crypto) => () => crypto.integs.get(integ.id)?.compute(key, data),
    );
  }
}

for (const name of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
  for (const length of lengths) {
    const data = random(length);
    operations.set(`hash ${name} ${length}`, (crypto) => () => crypto.hash(name, data));
  }
}

const [same, again] = [random(32), new Uint8Array(32)];
again.set(same);
operations.set('equal 32', (crypto) => () => crypto.equal(same, again));

for (const { id, name } of nodeCrypto.keyExchanges.values()) {
  operations.set(`KE ${name} generate`, (crypto) => {
    const group = crypto.keyExchanges.get(id);
    return group && (() => group.generate(random));
  });
  // What a responder does: a key pair and the secret.
  operations.set(`KE ${name} respond`, (crypto) => {
    const group = crypto.keyExchanges.get(id);
    const peer = group?.generate(random).publicValue;
    return group && peer && (() => group.respond(random, peer));
  });
}

const ecKey = (curve: string, length: number): Uint8Array => {
  const scalar = random(length);
  scalar[0] = 0;
  return ecPkcs8(curve, scalar);
};
const signatures: readonly (readonly [string, Uint8Array, SignatureAlgorithm])[] = [
  ['RSA_2048 PKCS#1', rsaKeys.rsa2048, { kind: 'rsa-pkcs1', hash: 'sha256' }],
  ['RSA_2048 PSS', rsaKeys.rsa2048, { kind: 'rsa-pss', hash: 'sha256', saltLength: 32 }],
  ['ECDSA P-256', ecKey('P-256', 32), { kind: 'ecdsa', hash: 'sha256' }],
  ['ECDSA P-384', ecKey('P-384', 48), { kind: 'ecdsa', hash: 'sha384' }],
  ['ECDSA P-521', ecKey('P-521', 66), { kind: 'ecdsa', hash: 'sha512' }],
  ['ECDSA brainpoolP256r1', ecKey('brainpoolP256r1', 32), { kind: 'ecdsa', hash: 'sha256' }],
  ['Ed25519', edwardsPkcs8('ed25519', random(32)), { kind: 'ed25519' }],
  ['Ed448', edwardsPkcs8('ed448', random(57)), { kind: 'ed448' }],
];

for (const [name, pkcs8, algorithm] of signatures) {
  // Some 600 octets are signed: IKE_SA_INIT, nonce, prf of the identity.
  const signed = random(600);
  const node = nodePrivateKey(pkcs8);
  const own = (crypto: Crypto): PrivateKey | undefined => {
    if (crypto === nodeCrypto) return node;
    return node.kind === 'rsa' ? undefined : noblePrivateKey(pkcs8);
  };
  const signature = node.sign(random, algorithm, signed);
  operations.set(`SIG ${name} sign`, (crypto) => {
    const key = own(crypto);
    return key && (() => key.sign(random, algorithm, signed));
  });
  operations.set(`SIG ${name} verify`, (crypto) => {
    const key = crypto.publicKey(node.spki);
    return key && (() => key.verify(algorithm, signed, signature));
  });
  operations.set(`SIG ${name} read`, (crypto) =>
    crypto.publicKey(node.spki) ? () => crypto.publicKey(node.spki) : undefined,
  );
}

for (const [operation, of] of operations) {
  if (!operation.includes(only)) continue;
  const bench = new Bench({ time: 150, warmupTime: 50, iterations: 5, warmupIterations: 2 });
  for (const crypto of [nodeCrypto, nobleCrypto]) {
    const run = of(crypto);
    if (run !== undefined) bench.add(crypto.name, () => void run());
  }
  await bench.run();
  const us: Record<string, number> = {};
  for (const { name, result } of bench.tasks) {
    if (result.state !== 'completed') throw new Error(`${operation} ${name}: ${result.state}`);
    us[name] = Number((result.latency.p50 * 1000).toFixed(2));
  }
  process.stdout.write(`${JSON.stringify({ bench: 'crypto', name: operation, us })}\n`);
}
