/** The keys of all IKE SAs of a network, to look into messages and to seal others. */
import { nobleCrypto } from '../crypto/noble/index.ts';
import type { Cipher, Crypto, Integ, Prf } from '../crypto/provider.ts';
import { Secret } from '../crypto/secret.ts';
import type { EngineEvent, Role } from '../ike/actions.ts';
import { Protection } from '../ike/protect.ts';
import type { Header, HeaderFields } from '../wire/header.ts';
import { encodeMessage, encodePayloads, type Message, parseMessage, parsePayloads } from '../wire/message.ts';
import type { Payload } from '../wire/payloads/index.ts';
import { messageOf } from './flight.ts';
import type { Seeded } from './seeded.ts';

/** A message with its protection off. */
export interface OpenMessage {
  readonly header: Header;
  readonly payloads: readonly Payload[];
  /** It came in an Encrypted payload. */
  readonly encrypted: boolean;
}

/** All a message of an IKE SA is sealed, opened and proven with. */
export interface SaKeys {
  readonly crypto: Crypto;
  readonly cipher: Cipher;
  readonly integ: Integ | undefined;
  readonly prf: Prf | undefined;
  readonly ei: Uint8Array;
  readonly er: Uint8Array;
  readonly ai: Uint8Array;
  readonly ar: Uint8Array;
  readonly pi: Uint8Array;
  readonly pr: Uint8Array;
}

/** The SPIs in a header, which name its IKE SA. */
export type Spis = Pick<HeaderFields, 'initiatorSpi' | 'responderSpi'>;

type Ends = Readonly<Record<Role, Protection>> & { readonly keys: SaKeys };

export class KeyRing {
  readonly #sas = new Map<string, Ends | undefined>();
  /** Made when first needed: most messages are never looked into. */
  readonly #learnt = new Map<string, () => Ends | undefined>();
  readonly #seeded: Seeded;

  constructor(seeded: Seeded) {
    this.#seeded = seeded;
  }

  /**
   * Learns the keys of a `keys` event; copies them, since the engine zeroes its own. The portable provider works with them
   * where it can, so that a host's provider may be one that counts or fails.
   */
  learn(event: Extract<EngineEvent, { kind: 'keys' }>, crypto: Crypto): void {
    const { encr, integ: integId = 0, prf } = event.keys;
    const own = (name: 'ei' | 'er' | 'ai' | 'ar' | 'pi' | 'pr') => event.keys[name].octets.slice();
    const keys = { ei: own('ei'), er: own('er'), ai: own('ai'), ar: own('ar'), pi: own('pi'), pr: own('pr') };
    this.#learnt.set(`${event.sa.spiI} ${event.sa.spiR}`, () => {
      const cipher = nobleCrypto.ciphers.get(encr) ?? crypto.ciphers.get(encr);
      const integ = nobleCrypto.integs.get(integId) ?? crypto.integs.get(integId);
      if (cipher === undefined) return undefined;
      const { ei, er, ai, ar } = keys;
      const secrets = { ei: new Secret(ei), er: new Secret(er), ai: new Secret(ai), ar: new Secret(ar) };
      const suite = { cipher, ...(integ && { integ }) };
      const end = (role: Role) => new Protection(nobleCrypto, this.#seeded.random, suite, secrets, role);
      const prfs = nobleCrypto.prfs.get(prf) ?? crypto.prfs.get(prf);
      return {
        initiator: end('initiator'),
        responder: end('responder'),
        keys: { crypto, cipher, integ, prf: prfs, ...keys },
      };
    });
  }

  /** The keys of the IKE SA with these SPIs, once an engine told them. */
  keysOf(spis: Spis): SaKeys | undefined {
    return this.#ends(spis)?.keys;
  }

  /**
   * Takes the protection off a whole message, with or without marker. Undefined when it is none, when its keys are not
   * known, when what is inside breaks the grammar, or of a fragment.
   */
  open(octets: Uint8Array): OpenMessage | undefined {
    const message = messageOf(octets);
    const parsed = parsedMessage(message);
    const last = parsed?.payloads.at(-1);
    if (parsed === undefined || last?.kind === 'fragment') return undefined;
    if (last?.kind !== 'encrypted') return { ...parsed, encrypted: false };
    const inner = this.#ends(parsed.header)?.[other(parsed.header)].open(message, last);
    const inside = inner && unlessBroken(() => parsePayloads(last.first, inner));
    if (inside === undefined) return undefined;
    return { header: parsed.header, payloads: [...parsed.payloads.slice(0, -1), ...inside], encrypted: true };
  }

  /** Number, total and decrypted octets of a fragment. */
  fragment(
    octets: Uint8Array,
  ): { number: number; total: number; first: number; inner: Uint8Array } | undefined {
    const message = messageOf(octets);
    const parsed = parsedMessage(message);
    const last = parsed?.payloads.at(-1);
    if (parsed === undefined || last?.kind !== 'fragment') return undefined;
    const inner = this.#ends(parsed.header)?.[other(parsed.header)].open(message, last);
    return inner && { number: last.number, total: last.total, first: last.first, inner };
  }

  /** Seals payloads as the sender of these header fields would. Throws Error without its keys. */
  seal(fields: HeaderFields, payloads: readonly Payload[]): Uint8Array {
    const { first, octets } = encodePayloads(payloads);
    return this.sealOctets(fields, first, octets);
  }

  /** Seals octets that need be no payloads at all. Throws Error without keys. */
  sealOctets(fields: HeaderFields, first: number, inner: Uint8Array): Uint8Array {
    return this.#sender(fields).seal(fields, first, inner);
  }

  /** Seals one fragment, whatever its numbers say. Throws Error without keys. */
  sealFragment(
    fields: HeaderFields,
    fragment: { readonly number: number; readonly total: number; readonly first: number },
    inner: Uint8Array,
  ): Uint8Array {
    return this.#sender(fields).sealFragment(fields, fragment, inner);
  }

  /** A message in clear, or sealed when `encrypted`. */
  encode({ header, payloads, encrypted }: OpenMessage): Uint8Array {
    return encrypted ? this.seal(header, payloads) : encodeMessage(header, payloads);
  }

  #sender(fields: HeaderFields): Protection {
    const ends = this.#ends(fields);
    if (ends === undefined) throw new Error(`no keys for ${nameOf(fields)}`);
    return ends[fields.initiator ? 'initiator' : 'responder'];
  }

  #ends(fields: Spis): Ends | undefined {
    const name = nameOf(fields);
    if (!this.#sas.has(name)) {
      const make = this.#learnt.get(name);
      if (make === undefined) return undefined;
      this.#sas.set(name, make());
    }
    return this.#sas.get(name);
  }
}

/** Who opens what the sender of this header sealed. */
const other = ({ initiator }: HeaderFields): Role => (initiator ? 'responder' : 'initiator');

const spi = (value: bigint): string => value.toString(16).padStart(16, '0');

const nameOf = (fields: Spis): string => `${spi(fields.initiatorSpi)} ${spi(fields.responderSpi)}`;

const parsedMessage = (octets: Uint8Array): Message | undefined => unlessBroken(() => parseMessage(octets));

/** Undefined when octets break the grammar. */
function unlessBroken<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
