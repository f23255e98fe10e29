/** NULL authentication, method 13, and what an initiator shows to a responder that takes nothing else. RFC 7619. */
import type { IkeSuite } from '../../crypto/suite.ts';
import { notifies } from '../../wire/message.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Notify } from '../../wire/payloads/notify.ts';
import type { Role } from '../actions.ts';
import type { IkeKeys } from '../keys.ts';
import { statusNotify } from '../notify.ts';
import { pskAuth } from './psk.ts';

/** Libreswan's private status notify: a NULL AUTH beside the signature of the AUTH payload. */
const NULL_AUTH = 40_960;

/** AUTH with SK_pi or SK_pr in the place of a shared secret. RFC 7619 §2.1. */
export const nullAuth = (suite: IkeSuite, keys: IkeKeys, signer: Role, signed: Uint8Array): Uint8Array =>
  pskAuth(suite.prf, signer === 'initiator' ? keys.pi : keys.pr, signed);

export const nullAuthNotify = (auth: Uint8Array): Notify => statusNotify(NULL_AUTH, auth);

export const nullAuthIn = (payloads: readonly Payload[]): Uint8Array | undefined =>
  notifies(payloads, NULL_AUTH)[0]?.data;
