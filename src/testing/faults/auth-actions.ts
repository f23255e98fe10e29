/** AUTH made anew with a pre-shared key, over what its receiver saw. RFC 7296 §2.15. */
import { Secret } from '../../crypto/secret.ts';
import { pskAuth } from '../../ike/auth/psk.ts';
import { find, parseMessage } from '../../wire/message.ts';
import { AuthMethod, NotifyType, PayloadType, TransformType } from '../../wire/numbers.ts';
import { codecOfType, type Payload, type PayloadKind, type PayloadOf } from '../../wire/payloads/index.ts';
import type { Proposal } from '../../wire/payloads/sa.ts';
import { Reader } from '../../wire/reader.ts';
import { messageOf } from '../flight.ts';
import { type Draft, headerFlag, takeApart } from './draft.ts';
import type { Fields } from './fields.ts';
import type { Job, Step } from './job.ts';
import { joined, type Octets, readOctets } from './octets.ts';
import { type Part, readSelector } from './parts.ts';
import { encodedBody } from './payload-spec.ts';

export const authActions: Readonly<Record<string, (fields: Fields) => Step>> = {
  sign(fields) {
    const psk = readPsk(fields);
    const truncate = fields.number('truncate', 0, 0xffff);
    const method = fields.named('method', AuthMethod) ?? AuthMethod.SHARED_KEY_MESSAGE_INTEGRITY_CODE;
    return (job) => {
      const { parts } = job;
      const initiator = (job.draft.header.flags & headerFlag.initiator) !== 0;
      const id = parts.find(({ type }) => type === (initiator ? PayloadType.idi : PayloadType.idr));
      if (id === undefined || !parts.some(({ type }) => type === PayloadType.auth)) return false;
      const auth = authOver(job, job.draft, initiator, id.body, psk).subarray(0, truncate);
      const body = joined(Uint8Array.of(method, 0, 0, 0), auth);
      job.draft.parts = parts.map((part) => (part.type === PayloadType.auth ? { ...part, body } : part));
      return true;
    };
  },
  pretend(fields) {
    const psk = readPsk(fields);
    const refusal = readSelector('N(AUTHENTICATION_FAILED)', fields.where);
    return (job) => {
      if (!job.draft.isResponse || !job.parts.some(refusal)) return false;
      const asked = job.world.seen.requestOf(job.flight);
      const request = asked && takeApart(asked.octets, job.world.keys)?.parts;
      if (request === undefined) return job.fail('the request of this response was not seen');
      const id = payloadOf(request, 'idr') ?? job.fail('the request does not say whom it wants (IDr)');
      const body = encodedBody({ ...id, kind: 'idr' }, job.where);
      const auth = joined(
        Uint8Array.of(AuthMethod.SHARED_KEY_MESSAGE_INTEGRITY_CODE, 0, 0, 0),
        authOver(job, job.draft, false, body, psk),
      );
      job.draft.parts = [
        { type: PayloadType.idr, flags: 0, body },
        { type: PayloadType.auth, flags: 0, body: auth },
        ...pretendedChild(job, request),
      ];
      return true;
    };
  },
};

function readPsk(fields: Fields): Octets {
  const raw = fields.needed('psk', fields.raw('psk'));
  return readOctets(typeof raw === 'string' ? { text: raw } : raw, fields.at('psk'));
}

/** The signer's IKE_SA_INIT as the other end got it, the other end's nonce as it sent it, and prf(SK_p, ID). */
function authOver(job: Job, draft: Draft, initiator: boolean, id: Uint8Array, psk: Octets): Uint8Array {
  const opening = job.world.seen.openings.of(draft.header.initiatorSpi);
  const keys = job.world.keys.keysOf(draft.header);
  if (opening === undefined || keys?.prf === undefined)
    job.fail('IKE_SA_INIT was not seen, or its keys are not known');
  const [own, other] = initiator
    ? [opening.request.arrived, opening.response.sent]
    : [opening.response.arrived, opening.request.sent];
  const nonce = find(parseMessage(messageOf(other)).payloads, 'nonce');
  const { prf } = keys;
  const signed = joined(
    messageOf(own),
    nonce?.data ?? new Uint8Array(),
    prf.compute(initiator ? keys.pi : keys.pr, id),
  );
  return pskAuth(prf, new Secret(psk(job.world.random)), signed);
}

/** The first proposal that is asked for, with one transform of each type, and all traffic that is asked for. */
function pretendedChild(job: Job, request: readonly Part[]): Part[] {
  const sa = payloadOf(request, 'sa');
  const [first] = sa?.proposals ?? [];
  if (first === undefined) return [];
  const chosen: Proposal = {
    ...first,
    spi: job.world.random(first.spi.length),
    transforms: oneOfEach(first),
  };
  const kept = request.filter(
    (part) =>
      part.type === PayloadType.tsi ||
      part.type === PayloadType.tsr ||
      isNotify(part, NotifyType.USE_TRANSPORT_MODE),
  );
  const body = encodedBody({ kind: 'sa', proposals: [chosen] }, job.where);
  return [{ type: PayloadType.sa, flags: 0, body }, ...kept];
}

function oneOfEach({ transforms }: Proposal): Proposal['transforms'] {
  const types = new Set(transforms.map(({ type }) => type));
  types.delete(TransformType.KE);
  return [...types].flatMap((type) => transforms.find((transform) => transform.type === type) ?? []);
}

const isNotify = ({ type, body: [, , high = 0, low = 0] }: Part, notify: number): boolean =>
  type === PayloadType.notify && ((high << 8) | low) === notify;

function payloadOf<K extends PayloadKind>(parts: readonly Part[], kind: K): PayloadOf<K> | undefined {
  const payloads = parts.flatMap(({ type, body }): Payload[] => {
    const codec = codecOfType(type);
    return codec ? [codec.parse(new Reader(body), 0)] : [];
  });
  return find(payloads, kind);
}
