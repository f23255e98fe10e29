/** How long a silent peer is waited for, and what becomes of one found dead. RFC 7296 §2.4. */
import type { PadEntry } from '../policy/policy.ts';
import { placeOf } from './host.ts';
import type { Mistakes } from './mistake.ts';
import { type ConnSettings, timeOf, wordOf } from './settings.ts';

export type Liveness = Pick<PadEntry, 'retransmit' | 'dpdDelay' | 'dpdAction' | 'keyingTries'>;

/** `retransmit-*=`, `dpd*=` and `keyingtries=`, with pluto's defaults. `peerKnown`: the peer has an address. */
export function liveness(conn: ConnSettings, peerKnown: boolean, mistakes: Mistakes): Liveness {
  const tries = conn.settings.get('keyingtries')?.text ?? '%forever';
  const dpdDelay = timeOf(conn.settings, 'dpddelay', 's', 0);
  return {
    retransmit: retransmit(conn, mistakes),
    dpdDelay,
    dpdAction: dpdAction(conn, peerKnown, dpdDelay, mistakes),
    keyingTries: tries === '%forever' ? 0 : Number(tries),
  };
}

function retransmit(conn: ConnSettings, mistakes: Mistakes): PadEntry['retransmit'] {
  const interval = timeOf(conn.settings, 'retransmit-interval', 'ms', 500);
  const timeout = timeOf(conn.settings, 'retransmit-timeout', 's', 60_000);
  if (interval < 1)
    mistakes.error(
      placeOf(conn, 'retransmit-interval'),
      'retransmit-interval= is no time to wait',
      'at least 1ms',
    );
  else if (timeout < interval)
    mistakes.error(
      placeOf(conn, 'retransmit-timeout'),
      'retransmit-timeout= is shorter than retransmit-interval=',
      `at least ${interval}ms`,
    );
  return { interval, timeout };
}

/** A peer without an address of its own cannot be asked again: its SAs are cleared, as pluto deletes instances. */
function dpdAction(
  conn: ConnSettings,
  peerKnown: boolean,
  delay: number,
  mistakes: Mistakes,
): PadEntry['dpdAction'] {
  const setting = conn.settings.get('dpdaction');
  const said = wordOf<PadEntry['dpdAction']>(conn.settings, 'dpdaction', 'hold');
  if (setting !== undefined && said !== 'hold' && delay === 0)
    mistakes.note(
      setting.at,
      `dpdaction=${said} without dpddelay=: the peer is never checked`,
      'dpddelay=30s',
    );
  if (peerKnown || said === 'clear') return said;
  if (setting !== undefined)
    mistakes.warning(
      setting.at,
      `dpdaction=${said} with a peer of any address: this host can only wait for it, as with dpdaction=clear`,
    );
  return 'clear';
}
