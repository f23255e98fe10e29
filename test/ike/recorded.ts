/** The recorded exchanges of 09-ikev2-traces as octets and transforms, whichever form their file has. */
import { basename, dirname } from 'node:path';
import type { ChosenTransforms } from '../../src/crypto/index.ts';
import {
  find,
  fromHex,
  type Payload,
  type Proposal,
  parseMessage,
  parsePayloads,
  TransformType,
} from '../../src/wire/index.ts';
import { globVectors, readVector, type TraceMessage } from '../wire/vectors.ts';
import type { RecordedKeys } from './suites.ts';

export interface KeySet extends RecordedKeys {
  readonly SKEYSEED: string;
  readonly g_ir: string;
  readonly SK_d: string;
  readonly SK_pi: string;
  readonly SK_pr: string;
}

export interface RecordedAuth {
  readonly signedOctets: string;
  /** Absent when a certificate's key signed. */
  readonly psk?: string;
  readonly AUTH?: string;
}

export interface RecordedChild {
  readonly dhSecret: string | null;
  readonly 'encryption initiator key': string;
  readonly 'encryption responder key': string;
  readonly 'integrity initiator key'?: string;
  readonly 'integrity responder key'?: string;
  /** The initiator's inbound SPI, then the responder's. */
  readonly spis: readonly [{ readonly spi: string }, { readonly spi: string }];
}

export interface RecordedMessage extends TraceMessage {
  readonly keySet?: number;
}

export interface Session {
  readonly name: string;
  /** Below the vectors' root; of strongSwan's sessions the folder with the configurations. */
  readonly folder: string;
  /** IKE_SA_INIT from the first try to the last; an initiator's own messages may be unknown. */
  readonly messages: readonly RecordedMessage[];
  readonly keySets: readonly KeySet[];
  readonly auths: readonly RecordedAuth[];
  readonly children: readonly RecordedChild[];
  readonly intAuth: readonly { readonly IntAuth_N: string; readonly key: string }[];
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  /** What the responder chose; absent when it chose nothing. */
  readonly chosen: ChosenTransforms | undefined;
}

interface StrongSwanFile {
  readonly ikeKeySets: readonly KeySet[];
  readonly childKeys: readonly RecordedChild[];
  readonly authComputations: readonly RecordedAuth[];
  readonly messages: readonly RecordedMessage[];
  readonly intAuth?: Session['intAuth'];
}

export function strongSwanSessions(release: '5.9.8' | '6.1.0'): Session[] {
  return globVectors(`09-ikev2-traces/strongswan-${release}*/*/session.json`).map((file) => {
    const recorded = readVector(file) as StrongSwanFile;
    const opening = recorded.messages.filter(({ exchange }) => exchange === 34);
    const [request, response] = opening.slice(-2).map(({ hex }) => parseMessage(fromHex(hex)).payloads);
    return {
      name: basename(dirname(file)),
      folder: dirname(file),
      messages: recorded.messages,
      keySets: recorded.ikeKeySets,
      auths: recorded.authComputations,
      children: recorded.childKeys,
      intAuth: recorded.intAuth ?? [],
      ni: nonceOf(request),
      nr: nonceOf(response),
      chosen: chosenIn(response),
    };
  });
}

interface AospFile {
  readonly initiator: { readonly nonce: string; readonly dhPrivate: string; readonly dhPublic: string };
  readonly g_ir: string;
  readonly SKEYSEED: string;
  readonly keys: Omit<KeySet, 'SKEYSEED' | 'g_ir'>;
  readonly ikeSaInitResponse: { readonly hex: string };
  readonly messages: readonly (RecordedMessage & { readonly responderAuth?: RecordedAuth })[];
}

export interface AospSession extends Session {
  readonly dhPrivate: Uint8Array;
  readonly dhPublic: Uint8Array;
}

/** strongSwan's side of Android's sessions. */
export function aospSessions(): AospSession[] {
  return globVectors('09-ikev2-traces/aosp-cts-strongswan-sessions/*.json').map((file) => {
    const recorded = readVector(file) as AospFile;
    const { hex } = recorded.ikeSaInitResponse;
    const { payloads } = parseMessage(fromHex(hex));
    const answers = [
      ...recorded.messages,
      ...recorded.messages.flatMap(({ reassembled }) => reassembled ?? []),
    ];
    return {
      name: basename(file, '.json'),
      folder: dirname(file),
      messages: [
        { hex, exchange: 34, flags: 0x20, messageId: 0 },
        ...recorded.messages.map((message) => ({ ...message, keySet: 0 })),
      ],
      keySets: [{ ...recorded.keys, SKEYSEED: recorded.SKEYSEED, g_ir: recorded.g_ir }],
      auths: answers.flatMap(
        (each) => ('responderAuth' in each && each.responderAuth) || [],
      ) as RecordedAuth[],
      children: [],
      intAuth: [],
      ni: fromHex(recorded.initiator.nonce),
      nr: nonceOf(payloads),
      chosen: chosenIn(payloads),
      dhPrivate: fromHex(recorded.initiator.dhPrivate),
      dhPublic: fromHex(recorded.initiator.dhPublic),
    };
  });
}

/** The payloads of every recorded message that is known in clear, fragments put together. */
export function contents(session: Session): { message: RecordedMessage; payloads: readonly Payload[] }[] {
  return session.messages.flatMap((message) => {
    if (message.exchange === 34) return [{ message, payloads: parseMessage(fromHex(message.hex)).payloads }];
    const { firstInnerPayload, innerPlaintext } =
      message.fragment === undefined ? message : (message.reassembled ?? {});
    if (firstInnerPayload === undefined || innerPlaintext === undefined) return [];
    return [{ message, payloads: parsePayloads(firstInnerPayload, fromHex(innerPlaintext)) }];
  });
}

const nonceOf = (payloads: readonly Payload[] = []): Uint8Array =>
  find(payloads, 'nonce')?.data ?? new Uint8Array();

const chosenIn = (payloads: readonly Payload[] = []): ChosenTransforms | undefined => {
  const proposal = find(payloads, 'sa')?.proposals[0];
  return proposal && transformsOf(proposal);
};

/** A responder's proposal has one transform of each type. */
export function transformsOf({ transforms }: Proposal): ChosenTransforms {
  const of = (type: number) => transforms.find((each) => each.type === type);
  const { id: encr = 0, keyLength } = of(TransformType.ENCR) ?? {};
  const [prf, integ, ke] = [TransformType.PRF, TransformType.INTEG, TransformType.KE].map(
    (type) => of(type)?.id,
  );
  return {
    encr,
    ...(keyLength !== undefined && { keyBits: keyLength }),
    ...(prf !== undefined && { prf }),
    ...(integ !== undefined && { integ }),
    ...(ke !== undefined && { ke }),
    esn: of(TransformType.SN)?.id === 1,
  };
}
