/**
 * Collisions of RFC 7296 §2.8 and §2.25, forced with pluto and with charon: our engine runs in this process, and a script
 * of the harness holds the peer's request back until ours is on its way.
 */
import { expect } from 'vitest';
import { agreed, anotherIkeSa, type BothEnds, mirrored } from './both-ends.ts';
import * as charons from './charon-pair.ts';
import { type Crossing, cross, orders } from './crossing.ts';
import { Live } from './peers/live.ts';
import { suite } from './peers/needs.ts';
import type { Stage } from './peers/stage.ts';
import { it } from './peers/staged.ts';
import * as plutos from './pluto-pair.ts';

type Both = BothEnds<Live>;
type Name = 'charon' | 'pluto';

/** Nobody asks again while messages are held back. */
const conn = { 'retransmit-interval': '2s', 'retransmit-timeout': '10s' };
const settings = { retransmit_timeout: '2.0' };

async function up(stage: Stage, name: Name): Promise<Both> {
  const bench =
    name === 'charon'
      ? charons.bench(stage, { noData: true, conn, settings })
      : plutos.bench(stage, { conn });
  const { peer, files } = await bench;
  const both = { ours: await stage.daemon(Live.start(files)), peer };
  both.ours.host.up('net');
  await agreed(both);
  return both;
}

/** Our IKE SA does what it is for: a new child, which the peer holds too. */
async function usable({ ours, peer }: Both): Promise<void> {
  const { host } = ours;
  const before = host.children.map(({ inboundSpi }) => inboundSpi);
  if (before.length > 0) host.command({ kind: 'rekey', name: 'net', what: 'children' });
  else host.up('net');
  await ours.when('a new child that is the peer’s too', async () => {
    const { children } = await peer.holding();
    const [sa, ...others] = host.established;
    const fresh = sa?.children.find(
      ({ state, inboundSpi }) => state === 'installed' && !before.includes(inboundSpi),
    );
    return others.length === 0 && fresh && children.includes(mirrored(fresh)) ? true : undefined;
  });
}

const rekeys: Omit<Crossing, 'requestsFirstAt'>[] = [
  { theirs: 'rekey_child', ours: 'rekey_child', lowest: 'ours' },
  { theirs: 'rekey_child', ours: 'rekey_child', lowest: 'theirs' },
  { theirs: 'rekey_ike', ours: 'rekey_ike', lowest: 'ours' },
  { theirs: 'rekey_ike', ours: 'rekey_ike', lowest: 'theirs' },
  { theirs: 'rekey_child', ours: 'rekey_ike' },
  { theirs: 'rekey_ike', ours: 'rekey_child' },
];
const deletes: Crossing[] = [
  { theirs: 'rekey_child', ours: 'close_child', requestsFirstAt: 'both' },
  { theirs: 'close_child', ours: 'rekey_child', requestsFirstAt: 'both' },
  { theirs: 'rekey_ike', ours: 'close_child', requestsFirstAt: 'both' },
  { theirs: 'close_child', ours: 'rekey_ike', requestsFirstAt: 'both' },
  { theirs: 'close_child', ours: 'close_child', requestsFirstAt: 'both' },
  { theirs: 'rekey_child', ours: 'close_ike', requestsFirstAt: 'both' },
  { theirs: 'close_ike', ours: 'rekey_child', requestsFirstAt: 'both' },
  { theirs: 'rekey_ike', ours: 'close_ike', requestsFirstAt: 'both' },
  { theirs: 'close_ike', ours: 'rekey_ike', requestsFirstAt: 'both' },
  { theirs: 'close_ike', ours: 'close_ike', requestsFirstAt: 'both' },
];
const crossings = [
  ...rekeys.flatMap((rekey) => orders.map((requestsFirstAt) => ({ ...rekey, requestsFirstAt }))),
  ...deletes,
];

/** How many children both ends hold in the end; undefined when they come to no agreement by themselves. */
type Children = number | undefined;

const asTheRfcSays = ({ theirs, ours }: Crossing): Children =>
  [theirs, ours].includes('close_child') ? 0 : 1;

function asCharonHasIt(crossing: Crossing): Children {
  const { theirs, ours, requestsFirstAt, lowest } = crossing;
  const isOvertaken =
    theirs === 'rekey_ike' && ours === 'rekey_ike' && requestsFirstAt === 'both' && lowest === 'ours';
  // Its Delete of the old IKE SA overtakes its answer (§2.25.2): our redundant IKE SA stays with it for half a minute.
  return isOvertaken ? undefined : asTheRfcSays(crossing);
}

/** pluto 4.10 answers requests as if it had none of its own under way, and it compares no nonces. */
function asPlutoHasIt(crossing: Crossing): Children {
  const { theirs, ours, requestsFirstAt, lowest } = crossing;
  switch (`${theirs} x ${ours}`) {
    case 'rekey_child x rekey_child':
      // The redundant child is pluto's to delete.
      return lowest === 'theirs' && requestsFirstAt !== 'the peer alone' ? 2 : 1;
    case 'rekey_ike x rekey_ike':
      // It keeps both IKE SAs, and its children are on the one it concluded last.
      return undefined;
    case 'rekey_child x rekey_ike':
      // While it computes it discards TEMPORARY_FAILURE; when the IKE SA is replaced, the state that waits for it stays.
      return undefined;
    case 'close_child x rekey_child':
      // It makes the new child while it deletes the old one.
      return 1;
    case 'close_child x rekey_ike':
      // It loses its own Delete with the IKE SA, and keeps the child.
      return undefined;
    default:
      return asTheRfcSays(crossing);
  }
}

/** pluto 4.10 dies of its own assertion: "state already has outstanding crypto". */
const isDeadly = ({ theirs, ours, requestsFirstAt }: Crossing): boolean =>
  theirs === 'rekey_ike' && ours === 'rekey_ike' && requestsFirstAt === 'we alone';

for (const [name, outcome] of [
  ['charon', asCharonHasIt],
  ['pluto', asPlutoHasIt],
] as const) {
  suite(`collisions with ${name}`, ['namespaces', name, 'fakexfrm'], () => {
    for (const crossing of crossings) {
      if (name === 'pluto' && isDeadly(crossing)) continue;
      const { theirs, ours: own, requestsFirstAt, lowest } = crossing;
      const nonce = lowest === undefined ? '' : `, lowest nonce ${lowest}`;
      const title = `its ${theirs} x our ${own}, requests first at ${requestsFirstAt}${nonce}`;
      it.concurrent(title, async ({ stage }) => {
        const both = await up(stage, name);
        const { ours, peer } = both;
        const first = ours.host.established[0]?.spiI ?? '';
        await cross(both, crossing);
        if ([theirs, own].includes('close_ike')) {
          await ours.when('nothing left', (sas) => (sas.length === 0 ? true : undefined));
          await peer.empty();
          return;
        }
        const children = outcome(crossing);
        if (children !== undefined) await agreed(both, children);
        else if (own === 'rekey_ike') await anotherIkeSa(both, first);
        await usable(both);
        expect(ours.host.told('ikeFailed')).toEqual([]);
      });
    }
  });
}
