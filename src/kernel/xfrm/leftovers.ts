/** What a run before left in the kernel, or this one is about to: the SAs of our reqids, the policies of our reqids or indexes. */
import { forgetKeys } from './commands.ts';
import type { MessageOf, XfrmMessage } from './messages.ts';
import { Protocol } from './numbers.ts';
import { isOurPolicy } from './policy-stacks.ts';
import { dumpPolicies, dumpSas } from './requests.ts';
import type { XfrmSocket } from './socket.ts';
import { userPolicyId, userSaId } from './structs.ts';

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
  const sas = socket
    .dump(dumpSas(Protocol.ESP))
    .flatMap((shown) => (shown.kind === 'NEWSA' ? saDeletion(shown, isOurReqid) : []));
  const refused = socket.doAll([...policies, ...sas]);
  const done = (from: number, to: number) => refused.slice(from, to).filter((one) => !one).length;
  return { policies: done(0, policies.length), sas: done(policies.length, refused.length) };
}

/** A larval state without an SPI has no name to delete it by: it expires. */
function saDeletion(shown: MessageOf<'NEWSA'>, isOurReqid: (reqid: number) => boolean): XfrmMessage[] {
  forgetKeys(shown);
  const { id, family, reqid } = shown.body;
  if (!isOurReqid(reqid) || id.spi === 0) return [];
  const { daddr, spi, proto } = id;
  const attributes = shown.attributes.filter(({ kind }) => kind === 'MARK');
  return [{ kind: 'DELSA', body: userSaId.of({ daddr, spi, proto, family }), attributes }];
}

const nameKinds: readonly string[] = ['MARK', 'SEC_CTX', 'IF_ID', 'POLICY_TYPE'];

export function policyDeletion({ body, attributes }: MessageOf<'NEWPOLICY'>): MessageOf<'DELPOLICY'> {
  const { sel, dir } = body;
  return {
    kind: 'DELPOLICY',
    body: userPolicyId.of({ sel, dir }),
    attributes: attributes.filter(({ kind }) => nameKinds.includes(kind)),
  };
}
