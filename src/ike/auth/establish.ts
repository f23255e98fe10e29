/** The peer has proven who it is. RFC 7296 §2.4, §2.15. */
import type { Identity } from '../../policy/identity.ts';
import type { AuthKind, PadEntry } from '../../policy/policy.ts';
import { NotifyType } from '../../wire/numbers.ts';
import type { Proofs } from '../actions.ts';
import type { Context } from '../context.ts';
import { Bug, NotifyError } from '../errors.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { Authenticating, Established } from '../phase.ts';
import { crossed } from '../uniqueness.ts';
import { proven } from './identities.ts';

export function authenticatingPhase(sa: IkeSa): Authenticating {
  if (sa.phase.name !== 'authenticating') throw new Bug(`IKE_AUTH while ${sa.phase.name}`);
  return sa.phase;
}

/** From authenticating to established, once the step is through. */
export function establish(
  sa: IkeSa,
  phase: Authenticating,
  entry: PadEntry,
  remoteId: Identity,
  proofs: Proofs,
  cx: Context,
): void {
  // Questions take time, and the policy may have been read again since this connection was found to fit.
  if (sa.role === 'responder' && cx.pad.unchanged(entry) === undefined)
    throw new NotifyError(NotifyType.AUTHENTICATION_FAILED, `${entry.name} was changed meanwhile`);
  const { suite, keys, protection, support } = phase;
  const established: Established = {
    name: 'established',
    suite,
    keys,
    protection,
    support,
    localId: proven(proofs.local, entry.local.identity),
    remoteId,
    proofs,
  };
  cx.setPhase(established);
  cx.belongTo(entry);
  cx.stand(entry);
  cx.afterwards(() => sa.establish(established));
}

/**
 * INITIAL_CONTACT: what else we hold of this peer is of a life before. RFC 7296 §2.4. Of another connection only when a
 * signature says who asks: a shared key may be that of a whole group.
 */
export function replaceOthers(sa: IkeSa, proof: AuthKind, cx: Context): void {
  cx.lastOfAll(() => {
    const why = { code: 'REPLACED', text: 'the peer started anew (INITIAL_CONTACT)' } as const;
    for (const other of cx.sameIdentities()) {
      if (other === sa || crossed(sa, other, cx.now)) continue;
      if (proof !== 'signature' && other.connection !== sa.connection) continue;
      other.die(why);
      // The heir of a rekey that was under way is of that life too.
      if (other.children.owner !== other) other.children.owner.die(why);
    }
  });
}
