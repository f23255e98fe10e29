/** What a run before left in the kernel, or this one is about to: the SAs of our reqids, the policies of our reqids or indexes. */
import type { XfrmAttribute } from './attributes.ts';
import { forgetKeys } from './commands.ts';
import { XfrmError } from './errors.ts';
import type { MessageOf, XfrmMessage } from './messages.ts';
import { Protocol } from './numbers.ts';
import { policyDeletion } from './policies.ts';
import { isOurPolicy } from './policy-stacks.ts';
import { allocateSpi, dumpPolicies, dumpSas } from './requests.ts';
import type { XfrmSocket } from './socket.ts';
import { userSaId } from './structs.ts';

/** The engine's reqids with this data plane; with the same range always, so that the next run finds what this one left. */
export const ourReqids = { first: 0x494b_0001, last: 0x494b_ffff };

export interface Cleared {
  readonly sas: number;
  readonly policies: number;
}

/** Deletes it, policies first. Throws XfrmError when it cannot be looked at; EPERM. */
export function clearLeftovers(socket: XfrmSocket, isOurReqid: (reqid: number) => boolean): Cleared {
  const policies = socket
    .dump(dumpPolicies())
    .flatMap((shown) =>
      shown.kind === 'NEWPOLICY' && isOurPolicy(shown, isOurReqid) ? [policyDeletion(shown)] : [],
    );
  const sas = ourSas(socket, isOurReqid).map((shown) => saDeletion(named(socket, shown)));
  const refused = socket.doAll([...policies, ...sas]);
  const done = (from: number, to: number) => refused.slice(from, to).filter((one) => !one).length;
  return { policies: done(0, policies.length), sas: done(policies.length, refused.length) };
}

/** Deletes the larval states of ours that acquires left, and nothing else. Throws XfrmError. */
export function clearLarval(socket: XfrmSocket, isOurReqid: (reqid: number) => boolean): void {
  const larval = ourSas(socket, isOurReqid).filter(({ body }) => body.id.spi === 0);
  socket.doAll(larval.map((shown) => saDeletion(named(socket, shown))));
}

/** Without their keys. */
function ourSas(socket: XfrmSocket, isOurReqid: (reqid: number) => boolean): MessageOf<'NEWSA'>[] {
  const shown = socket.dump(dumpSas(Protocol.ESP)).filter((one) => one.kind === 'NEWSA');
  for (const one of shown) forgetKeys(one);
  return shown.filter(({ body }) => isOurReqid(body.reqid));
}

/** A larval state of an ACQUIRE has no SPI, and so no name to delete it by: it is given one. */
function named(socket: XfrmSocket, shown: MessageOf<'NEWSA'>): MessageOf<'NEWSA'> {
  const { id, saddr, family, mode, reqid, seq } = shown.body;
  if (id.spi !== 0) return shown;
  const ends = { source: { family, octets: saddr }, destination: { family, octets: id.daddr } };
  const request = allocateSpi({ ...ends, mode, reqid, acquire: seq, min: 0x100, max: 0xffff_ffff });
  try {
    const given = socket.ask({ ...request, attributes: shown.attributes.filter(isMark) });
    return given.kind === 'NEWSA' ? given : shown;
  } catch (error) {
    // It has expired meanwhile.
    if (error instanceof XfrmError) return shown;
    throw error;
  }
}

function saDeletion({ body: { id, family }, attributes }: MessageOf<'NEWSA'>): XfrmMessage {
  const { daddr, spi, proto } = id;
  return {
    kind: 'DELSA',
    body: userSaId.of({ daddr, spi, proto, family }),
    attributes: attributes.filter(isMark),
  };
}

const isMark = ({ kind }: XfrmAttribute): boolean => kind === 'MARK';
