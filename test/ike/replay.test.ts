/** Our engine in the place of either end of strongSwan's recorded exchanges: the other end's messages are the recording's. */
import { describe, expect, it } from 'vitest';
import type { Crypto } from '../../src/crypto/index.ts';
import type { Role } from '../../src/ike/actions.ts';
import { errorIn } from '../../src/ike/notify.ts';
import { ExchangeType, find, fromHex, NotifyType } from '../../src/wire/index.ts';
import { describeWithVectors } from '../wire/vectors.ts';
import { expectChildren, expectSameMessages, openedBy } from './comparison.ts';
import { type Session, strongSwanSessions } from './recorded.ts';
import {
  isResponse,
  ofSender,
  pathOf,
  policyOf,
  type Settings,
  senderOf,
  stageOf,
  verdictOf,
} from './script.ts';
import type { Stage } from './stage.ts';
import { ikeSuiteOf, peerOf, providers } from './suites.ts';

const leftOut: readonly (readonly [name: RegExp, role: Role | undefined, why: string])[] = [
  [/ke1_|^mlkem-cert/, undefined, 'more key exchanges come with RFC 9370'],
  [/^cert-|^eap-/, undefined, 'its policy is not ours: see below'],
  [/^mlkem-not-supported/, 'responder', 'an unknown transform type spoils the proposal (RFC 7296 §3.3.6)'],
];

const changes: Record<string, Partial<Record<Role, Settings>>> = {
  // Without the ke1_mlkem768 that came to nothing.
  'mlkem-not-supported-by-responder-fallback': {
    initiator: { proposals: 'aes256gcm16-prfsha384-curve25519' },
  },
};

describeWithVectors('09-ikev2-traces', () => {
  const sessions = [...strongSwanSessions('5.9.8'), ...strongSwanSessions('6.1.0')];
  for (const role of ['initiator', 'responder'] as const) {
    describe.each(providers)(`as the ${role}, on $name`, (crypto) => {
      for (const session of sessions) {
        const why = whyNot(session, role, crypto);
        if (why === undefined) it(session.name, () => replay(session, role, crypto));
        else it.skip(`${session.name} (${why})`, () => {});
      }
    });
  }

  describe.each(providers)('a policy of shared keys, on $name, refuses', (crypto) => {
    const others = sessions.filter(({ name }) => /^cert-|^eap-/.test(name));
    it.each(others)('as the responder: $name', (session) => refuses(session, 'responder', crypto));
    it.each(others)('as the initiator: $name', (session) => refuses(session, 'initiator', crypto));
  });
});

/** The other end proves itself by a signature, or wants EAP: it is told so, and nothing is left. */
function refuses(session: Session, role: Role, crypto: Crypto): void {
  const policy = policyOf(session, role);
  const stage = stageOf(session, role, policy, crypto);
  if (role === 'initiator') stage.command({ kind: 'up', name: 't' });
  const opening = session.messages.filter(({ messageId }) => messageId < 2);
  for (const message of opening.filter((each) => senderOf(each) === peerOf(role)))
    stage.receive(fromHex(message.hex), pathOf(message));
  const said = openedBy(session, role, crypto, stage.sent).at(-1);
  const exchange = role === 'initiator' ? ExchangeType.INFORMATIONAL : ExchangeType.IKE_AUTH;
  expect(said?.header.exchange).toBe(exchange);
  expect(said && errorIn(said.payloads)?.type).toBe(NotifyType.AUTHENTICATION_FAILED);
  stage.runOut();
  expect(stage.event('ikeFailed')?.reason.code).toBe('AUTHENTICATION_FAILED');
  expect(stage.event('ikeEstablished')).toBeUndefined();
  expect(stage.commands).toEqual([]);
  for (const [what, count] of Object.entries(stage.engine.held)) expect(`${what} ${count}`).toBe(`${what} 0`);
}

/** The pool's first address; its name server goes with it. */
function expectConfigured(stage: Stage, role: Role): void {
  if (role === 'initiator')
    expect(stage.event('configured')).toMatchObject({ addresses: ['10.3.0.1/32'], dns: ['10.2.0.53'] });
  else expect(stage.event('leased')?.addresses).toEqual(['10.3.0.1']);
}

/** A child of CREATE_CHILD_SA was granted. */
const createdLater = (session: Session): boolean =>
  ofSender(session, 'responder').some(
    ({ message, payloads }) =>
      message.exchange === ExchangeType.CREATE_CHILD_SA && find(payloads, 'sa') !== undefined,
  );

function whyNot({ name, chosen }: Session, role: Role, crypto: Crypto): string | undefined {
  const [, , why] = leftOut.find(([pattern, only]) => pattern.test(name) && (only ?? role) === role) ?? [];
  if (why !== undefined || chosen === undefined || ikeSuiteOf(crypto, chosen) !== undefined) return why;
  return `${crypto.name} does not claim the suite`;
}

function replay(session: Session, role: Role, crypto: Crypto): void {
  const policy = policyOf(session, role, changes[session.name]?.[role]);
  const stage = stageOf(session, role, policy, crypto);
  if (role === 'initiator') stage.command({ kind: 'up', name: 't' });
  for (const message of session.messages) {
    const deleting = message.exchange === ExchangeType.INFORMATIONAL && !isResponse(message);
    if (senderOf(message) === role && deleting) stage.command({ kind: 'down', name: 't' });
    // An initiator whose first child is its only one has asked for no other.
    const unasked = role === 'initiator' && message.exchange === ExchangeType.CREATE_CHILD_SA;
    if (senderOf(message) === peerOf(role) && !unasked) stage.receive(fromHex(message.hex), pathOf(message));
  }

  const verdict = verdictOf(session);
  const error = errorIn(verdict)?.type;
  const up = find(verdict, 'auth') !== undefined;
  if (session.name === 'psk-vip-config-payload') expectConfigured(stage, role);
  expect(stage.event('ikeEstablished') !== undefined).toBe(up);
  const later = role === 'responder' && createdLater(session);
  expect(stage.event('childEstablished') !== undefined).toBe(later || find(verdict, 'sa') !== undefined);
  if (up) expect(stage.event('childFailed')?.reason.notify).toBe(error);
  expectSameMessages(session, role, policy, crypto, stage.sent);
  expectChildren(session, role, stage.commands);

  stage.runOut();
  if (!up) expect(stage.event('ikeFailed')?.reason.notify).toBe(error);
  const deleted = session.messages.some(({ exchange }) => exchange === ExchangeType.INFORMATIONAL);
  expect(stage.engine.idle).toBe(deleted || !up);
  stage.command({ kind: 'shutdown' });
  stage.runOut();
  for (const [what, count] of Object.entries(stage.engine.held)) expect(`${what} ${count}`).toBe(`${what} 0`);
}
