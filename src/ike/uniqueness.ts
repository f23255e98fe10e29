/** One IKE SA for a pair of identities (`uniqueids=yes`), also when both ends begin at once. RFC 7296 §2.4, §2.8. */
import { identityKey } from '../policy/identity.ts';
import type { Failure, Millis, Path } from './actions.ts';
import type { IkeSa } from './ike-sa.ts';
import type { Established } from './phase.ts';

/** Two SAs begun from opposite ends within this time crossed: neither is the newer. */
const crossingMillis = 10_000;

/** How long the peer has to delete what it began; neither pluto nor charon ever does. */
const patienceMillis = 5_000;

/** The newer SA stays; of two that crossed the one with the higher SPIi, and who began the other deletes it. */
export function keepOne(sa: IkeSa, same: readonly IkeSa[], now: Millis): void {
  for (const other of same) {
    if (other === sa || other.connection !== sa.connection || other.phase.name !== 'established') continue;
    if (!crossed(sa, other, now))
      other.leave({ code: 'REPLACED', text: 'a newer IKE SA with the same identities' });
    else {
      const loser = sa.spiI < other.spiI ? sa : other;
      const why: Failure = { code: 'REPLACED', text: 'both ends began at once' };
      if (loser.role === 'initiator') loser.leaveSoon(why);
      else loser.leaveUnlessAlone(why, patienceMillis);
    }
  }
}

/** Whether `other` was begun by the other end at about the same time. */
export const crossed = (sa: IkeSa, other: IkeSa, now: Millis): boolean =>
  sa.role !== other.role && now - other.establishedAt < crossingMillis;

/** Whom an SA is with. Nobody is told from another nobody by its address. RFC 7619 §2.4. */
export function whoIs({ localId, remoteId, proofs }: Established, { remote }: Path): string {
  const who = `${identityKey(localId)} ${identityKey(remoteId)}`;
  return proofs.remote === 'null' ? `${who} ${remote.address} ${remote.port}` : who;
}
