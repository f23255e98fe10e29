/** IKE keys as lines of Wireshark's `ikev2_decryption_table`, ESP keys as lines of its `esp_sa`. */
import { appendFileSync, closeSync } from 'node:fs';
import type { EngineEvent, IkeKeyLog, SaName } from '../ike/actions.ts';
import type { SaCommand } from '../kernel/port.ts';
import { Encr, Integ, nameOf, toHex } from '../wire/index.ts';
import { openOwn } from './own-file.ts';

/** Appends to the files named; each is for its owner only. */
export class KeyLog {
  readonly #ike: number | undefined;
  readonly #esp: number | undefined;

  /** Throws what fs throws. */
  constructor(files: { readonly ike?: string | undefined; readonly esp?: string | undefined }) {
    this.#ike = files.ike === undefined ? undefined : openOwn(files.ike, 'a');
    this.#esp = files.esp === undefined ? undefined : openOwn(files.esp, 'a');
  }

  write(event: EngineEvent): void {
    if (event.kind === 'keys' && this.#ike !== undefined) {
      appendFileSync(this.#ike, `${ikeLine(event.sa, event.keys)}\n`);
    } else if (event.kind === 'childKeys' && this.#esp !== undefined) {
      appendFileSync(this.#esp, `${espLine(event.command.sa)}\n`);
    }
  }

  close(): void {
    for (const fd of [this.#ike, this.#esp]) if (fd !== undefined) closeSync(fd);
  }
}

/** A comment, which Wireshark skips, for what it has no name for: one unknown name spoils the whole file. */
export function ikeLine(sa: SaName, keys: IkeKeyLog): string {
  const encryption = ikeEncryption(keys.encr, keys.keyBits);
  const integrity = ikeIntegrity(keys.integ);
  const fields = [sa.spiI, sa.spiR, toHex(keys.ei.octets), toHex(keys.er.octets)];
  const line = [
    ...fields,
    `"${encryption ?? nameOf(Encr, keys.encr)}"`,
    toHex(keys.ai.octets),
    toHex(keys.ar.octets),
    `"${integrity ?? nameOf(Integ, keys.integ ?? 0)}"`,
  ].join(',');
  return encryption && integrity ? line : `# not known to Wireshark: ${line}`;
}

/** RFC 4303; the keys are hexadecimal after `0x`, an AEAD's with its salt. */
export function espLine(sa: SaCommand): string {
  const encryption = espEncryption.get(sa.encryption.transform);
  const integrity = espIntegrity.get(sa.integrity?.transform ?? 0);
  const line = [
    sa.source.includes(':') ? 'IPv6' : 'IPv4',
    sa.source,
    sa.id.destination,
    `0x${sa.id.spi.toString(16).padStart(8, '0')}`,
    encryption ?? nameOf(Encr, sa.encryption.transform),
    hexKey(sa.encryption.key),
    integrity ?? nameOf(Integ, sa.integrity?.transform ?? 0),
    hexKey(sa.integrity?.key ?? new Uint8Array()),
  ]
    .map((field) => `"${field}"`)
    .join(',');
  return encryption && integrity ? line : `# not known to Wireshark: ${line}`;
}

const hexKey = (key: Uint8Array): string => (key.length === 0 ? '' : `0x${toHex(key)}`);

const aead = new Map<number, readonly [string, number]>([
  [Encr.AES_GCM_8, ['AES-GCM', 8]],
  [Encr.AES_GCM_12, ['AES-GCM', 12]],
  [Encr.AES_GCM_16, ['AES-GCM', 16]],
  [Encr.AES_CCM_8, ['AES-CCM', 8]],
  [Encr.AES_CCM_12, ['AES-CCM', 12]],
  [Encr.AES_CCM_16, ['AES-CCM', 16]],
]);

function ikeEncryption(transform: number, bits: number): string | undefined {
  const mode = aead.get(transform);
  if (mode !== undefined) return `${mode[0]}-${bits} with ${mode[1]} octet ICV [RFC5282]`;
  switch (transform) {
    case Encr.AES_CBC:
      return `AES-CBC-${bits} [RFC3602]`;
    case Encr.AES_CTR:
      return `AES-CTR-${bits} [RFC5930]`;
    case Encr.TRIPLE_DES:
      return '3DES [RFC2451]';
    default:
      return undefined;
  }
}

/** What Wireshark cannot verify it can still decrypt, when told how long the ICV is. */
function ikeIntegrity(transform: number | undefined): string | undefined {
  switch (transform ?? Integ.NONE) {
    case Integ.NONE:
      return 'NONE [RFC4306]';
    case Integ.HMAC_SHA1_96:
      return 'HMAC_SHA1_96 [RFC2404]';
    case Integ.HMAC_SHA2_256_128:
      return 'HMAC_SHA2_256_128 [RFC4868]';
    case Integ.HMAC_SHA2_384_192:
      return 'HMAC_SHA2_384_192 [RFC4868]';
    case Integ.HMAC_SHA2_512_256:
      return 'HMAC_SHA2_512_256 [RFC4868]';
    case Integ.AES_XCBC_96:
    case Integ.AES_CMAC_96:
      return 'ANY 96-bits of Authentication [No Checking]';
    default:
      return undefined;
  }
}

const espEncryption = new Map<number, string>([
  [Encr.NULL, 'NULL'],
  [Encr.TRIPLE_DES, 'TripleDES-CBC [RFC2451]'],
  [Encr.AES_CBC, 'AES-CBC [RFC3602]'],
  [Encr.AES_CTR, 'AES-CTR [RFC3686]'],
  [Encr.AES_GCM_8, 'AES-GCM with 8 octet ICV [RFC4106]'],
  [Encr.AES_GCM_12, 'AES-GCM with 12 octet ICV [RFC4106]'],
  [Encr.AES_GCM_16, 'AES-GCM with 16 octet ICV [RFC4106]'],
]);

const espIntegrity = new Map<number, string>([
  [Integ.NONE, 'NULL'],
  [Integ.HMAC_SHA1_96, 'HMAC-SHA-1-96 [RFC2404]'],
  [Integ.HMAC_SHA2_256_128, 'HMAC-SHA-256-128 [RFC4868]'],
  [Integ.HMAC_SHA2_384_192, 'HMAC-SHA-384-192 [RFC4868]'],
  [Integ.HMAC_SHA2_512_256, 'HMAC-SHA-512-256 [RFC4868]'],
  [Integ.AES_XCBC_96, 'ANY 96 bit authentication [no checking]'],
  [Integ.AES_CMAC_96, 'ANY 96 bit authentication [no checking]'],
]);
