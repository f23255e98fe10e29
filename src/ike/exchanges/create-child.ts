/** CREATE_CHILD_SA, answered as a minimal implementation may: no further SAs. RFC 7296 §1.3, §4. */
import { ExchangeType, NotifyType } from '../../wire/numbers.ts';
import { NotifyError } from '../errors.ts';
import type { Responder } from '../exchange.ts';

export const createChild: Responder = {
  name: 'CREATE_CHILD_SA',
  type: ExchangeType.CREATE_CHILD_SA,
  phases: ['established'],
  request: { required: ['sa', 'nonce'] },
  respond() {
    throw new NotifyError(NotifyType.NO_ADDITIONAL_SAS, 'one Child SA an IKE SA, and no rekeying', {
      scope: 'child',
    });
  },
};
