/** The table of exchanges. A request goes to the first that fits: type, phase, `matches`, shape. */
import type { Payload } from '../../wire/payloads/index.ts';
import { fits, type Responder } from '../exchange.ts';
import type { IkeSa } from '../ike-sa.ts';
import { configuration } from './configuration.ts';
import { createChild, rekeyChild, tooLate } from './create-child.ts';
import { deletion, failure } from './delete.ts';
import { eapAuth } from './eap-auth.ts';
import { ikeAuth } from './ike-auth.ts';
import { ikeSaInit } from './ike-sa-init.ts';
import { liveness } from './liveness.ts';
import { rekeyIke } from './rekey-ike.ts';

export { wantChild, wantFlow, wantRekey } from './create-child.ts';
export { deleteChild, deleteSpi, ikeDelete, tellPeer } from './delete.ts';
export { checkLiveness, tellSelectors } from './liveness.ts';
export { wantIkeRekey } from './rekey-ike.ts';

const table: readonly Responder[] = [
  ikeSaInit,
  ikeAuth,
  eapAuth,
  rekeyIke,
  rekeyChild,
  createChild,
  tooLate,
  failure,
  deletion,
  configuration,
  liveness,
];

/** Undefined when the request fits nothing. */
export function responderFor(sa: IkeSa, type: number, request: readonly Payload[]): Responder | undefined {
  return table.find(
    (exchange) =>
      exchange.type === type &&
      exchange.phases.includes(sa.phase.name) &&
      (exchange.matches?.(sa, request) ?? true) &&
      fits(exchange.request, request),
  );
}
