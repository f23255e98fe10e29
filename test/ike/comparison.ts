/** What our engine sent and installed, held to what was recorded of the end it stood for. */
import { expect } from 'vitest';
import type { Crypto, IkeSuite } from '../../src/crypto/index.ts';
import type { Role } from '../../src/ike/actions.ts';
import { pskAuth } from '../../src/ike/auth/psk.ts';
import { signedOctets } from '../../src/ike/auth/signed-octets.ts';
import { errorIn } from '../../src/ike/notify.ts';
import type { KernelCommand } from '../../src/kernel/port.ts';
import type { Policy } from '../../src/policy/policy.ts';
import {
  CfgAttribute,
  CfgType,
  ExchangeType,
  type Header,
  NotifyType,
  nameOf,
  type Payload,
  parseMessage,
  parsePayloads,
  TransformType,
  toHex,
} from '../../src/wire/index.ts';
import type { Session } from './recorded.ts';
import { identityOf, isResponse, ofSender, pskOf } from './script.ts';
import type { Sent } from './stage.ts';
import { ikeKeysOf, ikeSuiteOf, peerOf, protectionOf, sealedOf } from './suites.ts';

export interface Opened {
  readonly header: Header;
  readonly octets: Uint8Array;
  readonly payloads: readonly Payload[];
}

/** Payloads that say who we are and what we agree to, apart from AUTH, which covers our own IKE_SA_INIT. */
const compared: ReadonlySet<Payload['kind']> = new Set([
  'sa',
  'ke',
  'nonce',
  'idi',
  'idr',
  'tsi',
  'tsr',
  'delete',
  'configuration',
]);

/** Message by message as long as we are asked what the recorded end was; AUTH as the shared key has it over our own octets. */
export function expectSameMessages(
  session: Session,
  role: Role,
  policy: Policy,
  crypto: Crypto,
  sent: readonly Sent[],
): void {
  const suite = session.chosen && ikeSuiteOf(crypto, session.chosen);
  const ours = openedBy(session, role, crypto, sent);
  // An initiator that begins without a child has none to ask for.
  const recorded = ofSender(session, role).filter(
    ({ message }) => role === 'responder' || message.exchange !== ExchangeType.CREATE_CHILD_SA,
  );
  expect(ours.map(({ header, payloads }) => essence(session, header, payloads))).toEqual(
    recorded.map(({ message, payloads }) =>
      essence(session, { ...message, response: isResponse(message) }, payloads),
    ),
  );
  if (suite !== undefined) expectAuth(session, role, policy, suite, ours);
}

/** What the end in the role sent, opened with the recorded keys. */
export function openedBy(session: Session, role: Role, crypto: Crypto, sent: readonly Sent[]): Opened[] {
  const suite = session.chosen && ikeSuiteOf(crypto, session.chosen);
  const [keys] = session.keySets;
  return sent.map(({ octets }) => {
    const { header, payloads } = parseMessage(octets);
    const sealed = sealedOf(octets);
    if (sealed === undefined) return { header, octets, payloads };
    if (suite === undefined || keys === undefined) throw new Error('an encrypted message without keys');
    const inner = protectionOf(crypto, suite, keys, peerOf(role)).open(octets, sealed.payload);
    if (inner === undefined) throw new Error('the recorded keys do not open our message');
    return { header, octets, payloads: parsePayloads(sealed.payload.first, inner) };
  });
}

function essence(
  { name }: Session,
  { exchange, response, messageId }: Pick<Header, 'exchange' | 'response' | 'messageId'>,
  payloads: readonly Payload[],
) {
  const error = errorIn(payloads);
  return {
    exchange: nameOf(ExchangeType, exchange),
    response,
    messageId,
    error: error && nameOf(NotifyType, error.type),
    payloads: payloads
      .filter(({ kind }) => compared.has(kind))
      .map((payload) => withoutExtensions(name, payload))
      .sort((a, b) => (a.kind < b.kind ? -1 : 1)),
  };
}

/** Configuration attributes from here on are their makers'. */
const firstPrivate = 16_384;

/**
 * Transforms in one order: strongSwan moves the group it was asked for to the front, when RFC 7296 §2.7 wants no more than
 * the same set. Without what we do not know yet; we ask
 * for more than it did, and Cisco's attributes we do not send.
 */
function withoutExtensions(name: string, payload: Payload): Payload {
  if (payload.kind === 'sa') {
    const known = name.startsWith('mlkem-not-supported') ? TransformType.SN : 255;
    const proposals = payload.proposals.map((proposal) => ({
      ...proposal,
      transforms: proposal.transforms
        .filter(({ type }) => type <= known)
        .sort((a, b) => a.type - b.type || a.id - b.id),
    }));
    return { ...payload, proposals };
  }
  if (payload.kind === 'configuration') {
    const { INTERNAL_IP4_ADDRESS } = CfgAttribute;
    const asks = payload.type === CfgType.REQUEST;
    const attributes = payload.attributes.filter(({ type }) =>
      asks ? type === INTERNAL_IP4_ADDRESS : type < firstPrivate,
    );
    return { ...payload, attributes };
  }
  if (payload.kind === 'tsi' || payload.kind === 'tsr') {
    return { ...payload, selectors: payload.selectors.filter(({ kind }) => kind === 'range') };
  }
  return payload;
}

function expectAuth(
  session: Session,
  role: Role,
  policy: Policy,
  { prf }: IkeSuite,
  ours: readonly Opened[],
): void {
  const opening = ours.filter(({ header }) => header.exchange === ExchangeType.IKE_SA_INIT).at(-1);
  const keys = ikeKeysOf(session.keySets[0] ?? { SK_ei: '', SK_er: '' });
  const [skP, nonce] = role === 'initiator' ? [keys.pi, session.nr] : [keys.pr, session.ni];
  const signed = signedOctets(prf, skP, opening?.octets ?? new Uint8Array(), nonce, identityOf(policy));
  const expected = { kind: 'auth', method: 2, data: pskAuth(prf, pskOf(policy), signed) };
  const auths = ours.flatMap(({ payloads }) => payloads.filter(({ kind }) => kind === 'auth'));
  const failed = ours.some(({ payloads }) => errorIn(payloads)?.type === NotifyType.AUTHENTICATION_FAILED);
  expect(auths).toEqual(failed ? [] : [expected]);
}

/** The SAs of the children: SPIs, keys and directions; an initiator's is that of IKE_AUTH alone. */
export function expectChildren(session: Session, role: Role, commands: readonly KernelCommand[]): void {
  const recorded = session.children.filter(({ dhSecret }) => role === 'responder' || dhSecret === null);
  const added = commands.flatMap((command) => (command.kind === 'addSa' ? [command.sa] : []));
  const byInitiator = (direction: 'in' | 'out'): boolean => (direction === 'out') === (role === 'initiator');
  expect(
    added.map(({ id, direction, encryption, integrity }) => ({
      direction,
      spi: id.spi.toString(16).padStart(8, '0'),
      encryption: toHex(encryption.key),
      integrity: integrity && toHex(integrity.key),
    })),
  ).toEqual(
    recorded.flatMap((child) =>
      (['in', 'out'] as const).map((direction) => {
        const sender = byInitiator(direction) ? 'initiator' : 'responder';
        return {
          direction,
          spi: child.spis[sender === 'initiator' ? 1 : 0].spi,
          encryption: child[`encryption ${sender} key`],
          integrity: child[`integrity ${sender} key`],
        };
      }),
    ),
  );
}
