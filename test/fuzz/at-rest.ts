/** What must hold when nothing is under way any more. */

import type { MemoryKernel } from '../../src/kernel/memory.ts';
import type { Host } from '../../src/testing/index.ts';
import { type End, ends } from './steps.ts';
import type { World } from './world.ts';

/** All timers are through: the longest wait for a peer, and then a tombstone. */
const restMillis = 150_000;
/** A packet's way, at most. */
const wayMillis = 1000;
const packetsEach = 3;

const peerOf = { initiator: 'responder', responder: 'initiator' } as const;

/** At every moment: the datagrams are as they must be, and no packet arrived twice. Throws Error. */
export function checkAlways({ watch, kernels, sent }: World): void {
  same('on the wire', watch.breaches, []);
  for (const end of ends) {
    for (const [packet, times] of kernels[peerOf[end]].arrivals) {
      const wasSent = sent[end].has(packet) || kernels[end].waiting.has(packet);
      same(`${end}: packet ${packet} was sent`, wasSent, true);
      same(`${end}: packet ${packet} arrived, times`, times, 1);
    }
  }
}

/** The line is good and nobody begins anything: what was begun comes to its end. Throws Error. */
export function rest(world: World): void {
  const { network, both, kernels } = world;
  world.goodLine();
  network.advance(restMillis);
  checkAlways(world);
  const { initiator, responder } = kernels;
  same('mirrored SAs', spis(initiator.memory, 'in'), spis(responder.memory, 'out'));
  same('mirrored SAs', spis(initiator.memory, 'out'), spis(responder.memory, 'in'));
  const ikeSas = (host: Host) => host.ikeSas.map(({ spiI, phase }) => `${spiI} ${phase}`).sort();
  same('IKE SAs', ikeSas(both.initiator), ikeSas(both.responder));
  for (const end of ends) checkOwned(both[end], kernels[end].memory);
  checkTraffic(world);
  for (const end of ends) forget(world, end);
}

/** All is taken down: nothing is left. Throws Error. */
export function checkEnd({ network, both, kernels }: World): void {
  for (const end of ends) both[end].command({ kind: 'shutdown' });
  network.run();
  for (const end of ends) {
    const { sas, policies } = kernels[end].memory;
    same(`${end}: left over`, [both[end].leftovers, sas.length, policies.length], [[], 0, 0]);
  }
}

/** No SA without a child, no child without its SAs and policies, nothing held for what is not there. */
function checkOwned(host: Host, memory: MemoryKernel): void {
  const { children, established, held } = host;
  same(`${host.name}: inbound SAs`, spis(memory, 'in'), sorted(children.map((each) => each.inboundSpi)));
  same(`${host.name}: outbound SAs`, spis(memory, 'out'), sorted(children.map((each) => each.outboundSpi)));
  const out = memory.policies.filter(({ direction }) => direction === 'out');
  const owned = [...new Set(children.map(({ reqid }) => reqid))];
  const standing = host.status.routes.map(({ reqid }) => reqid);
  same(`${host.name}: policies`, sorted(out.map(({ reqid }) => reqid)), sorted([...owned, ...standing]));
  same(`${host.name}: IKE SAs`, host.ikeSas.length <= 1 && host.ikeSas.length === established.length, true);
  const { timers, ...rest } = held;
  const { length: ikeSas } = established;
  const wanted = {
    ikeSas,
    halfOpen: 0,
    strangers: 0,
    childSpis: children.length,
    asks: 0,
    leases: 0,
    flows: 0,
  };
  same(`${host.name}: held`, rest, wanted);
  same(`${host.name}: timers`, timers <= 2 * ikeSas, true);
}

/** Every packet goes through, by the policies and through each child, in both directions; without children none leaves. */
function checkTraffic(world: World): void {
  const { both, kernels, network, sent } = world;
  const before = { initiator: new Set(sent.initiator), responder: new Set(sent.responder) };
  for (const end of ends) {
    const { children } = both[end];
    same(`${end}: packets sent`, world.talk(end, packetsEach), children.length > 0 ? packetsEach : 0);
    for (const { reqid } of children)
      same(`${end}: packet sent on ${reqid}`, world.note(end, kernels[end].talkOn(reqid)), true);
  }
  network.advance(wayMillis);
  checkAlways(world);
  for (const end of ends) {
    const { arrivals } = kernels[peerOf[end]];
    const lost = [...sent[end]].filter((packet) => !before[end].has(packet) && !arrivals.has(packet));
    same(`${end}: packets lost`, lost, []);
  }
}

/** What the harness keeps of what is over. */
function forget({ both, kernels, sent }: World, end: End): void {
  sent[end].clear();
  kernels[peerOf[end]].arrivals.clear();
  both[end].events.length = 0;
}

const spis = (memory: MemoryKernel, wanted: 'in' | 'out'): number[] =>
  sorted(memory.sas.filter(({ direction }) => direction === wanted).map(({ id }) => id.spi));

const sorted = (list: Iterable<number>): number[] => [...list].sort((a, b) => a - b);

function same(what: string, is: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(is), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a} is not ${b}`);
}
