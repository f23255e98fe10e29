/** A connection of ours with a peer, whichever it is: brought up, agreed upon, taken down. */
import { expect } from 'vitest';
import type { ChildSaStatus, IkeSaStatus } from '../../src/ike/status.ts';
import type { Ours } from './peers/ours.ts';
import type { Peer } from './peers/peer.ts';
import { Exchange, messages, type SeenMessage } from './peers/traffic.ts';

/** What is asked of our end: a daemon, or an engine in this process. */
export interface OurEnd {
  readonly log: string;
  list(): Promise<readonly IkeSaStatus[]>;
  when<T>(
    what: string,
    probe: (sas: readonly IkeSaStatus[]) => T | undefined | Promise<T | undefined>,
    within?: number,
  ): Promise<T>;
}

export interface BothEnds<End extends OurEnd = OurEnd> {
  readonly ours: End;
  readonly peer: Peer;
}

/** `ours`, or else the peer's name. */
export type Who = string;

export const secret = 'correct horse battery staple';

/** The initiator's command succeeds, and both ends say that the child is there. */
export async function establish({ ours, peer }: BothEnds<Ours>, initiator: Who): Promise<void> {
  const done = initiator === 'ours' ? await ours.up('net') : await peer.up();
  expect(done.code, `${done.stdout}${done.stderr}\n${ours.log}\n${peer.log}`).toBe(0);
  await Promise.all([ours.established(), peer.established()]);
}

/** One end deletes the IKE SA, and nothing is left at either. */
export async function takeDown({ ours, peer }: BothEnds<Ours>, who: Who): Promise<void> {
  if (who === 'ours') expect((await ours.down('net')).code).toBe(0);
  else await peer.down('ike');
  await Promise.all([ours.empty(), peer.empty()]);
}

/** One end rekeys; ours says that it came about. */
export async function rekey({ ours, peer }: BothEnds<Ours>, who: Who, what: 'child' | 'ike'): Promise<void> {
  if (who !== 'ours') {
    await peer.rekey(what);
    return;
  }
  const done = await ours.rekey('net', what);
  expect(done.code, `${done.stdout}${done.stderr}\n${ours.log}\n${peer.log}`).toBe(0);
}

/** We hold a child alone whose SPI is none of these. */
export const anotherChild = ({ ours }: BothEnds, ...spis: readonly (number | undefined)[]): Promise<true> =>
  ours.when('another child', (sas) =>
    sas.some(({ children }) => children.length === 1 && !spis.includes(children[0]?.inboundSpi))
      ? true
      : undefined,
  );

/** We hold an established IKE SA whose initiator's SPI is none of these. */
export const anotherIkeSa = ({ ours }: BothEnds, ...spis: readonly string[]): Promise<true> =>
  ours.when('another IKE SA', (sas) =>
    sas.some(({ spiI, phase }) => phase === 'established' && !spis.includes(spiI)) ? true : undefined,
  );

/** The CREATE_CHILD_SA messages so far. */
export const createChild = async ({ ours }: BothEnds<Ours>): Promise<SeenMessage[]> =>
  messages(await ours.packets()).filter(({ exchange }) => exchange === Exchange.CREATE_CHILD_SA);

/** Both ends hold one IKE SA with `count` children, the same ones; older ones are on their way out at most. */
export async function agreed({ ours, peer }: BothEnds, count = 1, within = 10_000): Promise<IkeSaStatus> {
  let theirs: unknown;
  const same = async (own: readonly IkeSaStatus[]): Promise<IkeSaStatus | undefined> => {
    const [sa, ...others] = own.filter(({ phase }) => phase === 'established');
    if (!sa || others.length > 0 || sa.children.length !== count) return undefined;
    const holding = await peer.holding();
    theirs = holding;
    const [spis = `${sa.spiI} ${sa.spiR}`] = holding.ike;
    const isSame =
      spis === `${sa.spiI} ${sa.spiR}` &&
      holding.ike.length === 1 &&
      holding.atRest &&
      sa.children.map(mirrored).sort().join() === holding.children.toSorted().join();
    return isSame ? sa : undefined;
  };
  try {
    return await ours.when(`one IKE SA and ${count} children, the same as ${peer.name}'s`, same, within);
  } catch (error) {
    throw new Error(`${String(error)}\n${JSON.stringify(theirs)}\n${peer.log}`);
  }
}

/** A child of ours as the peer's `Holding` has it. */
export const mirrored = ({ inboundSpi, outboundSpi }: ChildSaStatus): string =>
  `${hex(outboundSpi)} ${hex(inboundSpi)}`;

const hex = (spi: number): string => spi.toString(16).padStart(8, '0');
