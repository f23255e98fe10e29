/** Requests that are no command of the kernel port: SPIs, dumps, flushes, counts, defaults, events and moves. */
import type { FamilyAddress } from './addresses.ts';
import type { XfrmAttribute } from './attributes.ts';
import type { MessageOf, XfrmMessage } from './messages.ts';
import { AeventFlag, DefaultPolicy, Protocol } from './numbers.ts';
import {
  addressFilter,
  aeventId,
  id,
  type Selector,
  type UserMigrate,
  userKmAddress,
  userMigrate,
  userPolicyId,
  userSaInfo,
  userSpiInfo,
} from './structs.ts';

/** Makes a larval state with an SPI of the kernel's choice between two; the answer is NEWSA. ENOENT: none is free. */
export const allocateSpi = (of: {
  readonly source: FamilyAddress;
  readonly destination: FamilyAddress;
  readonly mode: number;
  readonly reqid: number;
  readonly min: number;
  readonly max: number;
  /** `seq` of the ACQUIRE whose larval state gets the SPI. */
  readonly acquire?: number;
}): MessageOf<'ALLOCSPI'> => ({
  kind: 'ALLOCSPI',
  body: userSpiInfo.of({
    info: userSaInfo.of({
      id: id.of({ daddr: of.destination.octets, proto: Protocol.ESP }),
      saddr: of.source.octets,
      family: of.destination.family,
      ...{ mode: of.mode, reqid: of.reqid, seq: of.acquire ?? 0 },
    }),
    ...{ min: of.min, max: of.max },
  }),
  attributes: [],
});

/** Every SA, in parts that end with `done`; with `protocol` only its SAs. */
export const dumpSas = (protocol?: number): MessageOf<'DUMPSA'> => ({
  kind: 'DUMPSA',
  body: {},
  attributes: [
    ...(protocol === undefined ? [] : [{ kind: 'PROTO', value: protocol } as const]),
    { kind: 'ADDRESS_FILTER', value: addressFilter.zero() },
  ],
});

/** Every policy, likewise. */
export const dumpPolicies = (): MessageOf<'DUMPPOLICY'> => ({ kind: 'DUMPPOLICY', body: {}, attributes: [] });

/** Deletes every SA of a protocol; of all protocols unless one is said. */
export const flushSas = (protocol: number = Protocol.ANY): MessageOf<'FLUSHSA'> => ({
  kind: 'FLUSHSA',
  body: { proto: protocol },
  attributes: [],
});

export const flushPolicies = (): MessageOf<'FLUSHPOLICY'> => ({
  kind: 'FLUSHPOLICY',
  body: {},
  attributes: [],
});

/** How many SAs there are; the answer is NEWSADINFO. */
export const sadInfo = (): MessageOf<'GETSADINFO'> => ({
  kind: 'GETSADINFO',
  body: { flags: 0xffff_ffff },
  attributes: [],
});

/** How many policies there are; the answer is NEWSPDINFO. */
export const spdInfo = (): MessageOf<'GETSPDINFO'> => ({
  kind: 'GETSPDINFO',
  body: { flags: 0xffff_ffff },
  attributes: [],
});

type Verdict = 'block' | 'accept';

/** What becomes of traffic without a policy; of a direction not said it stays as it is. */
export const setDefault = (verdicts: {
  readonly in?: Verdict;
  readonly fwd?: Verdict;
  readonly out?: Verdict;
}): MessageOf<'SETDEFAULT'> => {
  const numberOf = (verdict: Verdict | undefined) =>
    verdict === undefined ? DefaultPolicy.UNSPEC : DefaultPolicy[verdict === 'block' ? 'BLOCK' : 'ACCEPT'];
  const body = { in: numberOf(verdicts.in), fwd: numberOf(verdicts.fwd), out: numberOf(verdicts.out) };
  return { kind: 'SETDEFAULT', body, attributes: [] };
};

export const getDefault = (): MessageOf<'GETDEFAULT'> => ({
  kind: 'GETDEFAULT',
  body: { in: 0, fwd: 0, out: 0 },
  attributes: [],
});

/** One SA as GETAE and NEWAE name it. */
export interface AeventOf {
  readonly source: FamilyAddress;
  readonly destination: FamilyAddress;
  readonly spi: number;
  readonly reqid: number;
}

/** Asks for an SA's replay state and counters; the answer is NEWAE. */
export const getAe = (of: AeventOf): MessageOf<'GETAE'> => ({
  kind: 'GETAE',
  body: aevent(of, AeventFlag.RTHR | AeventFlag.ETHR),
  attributes: [],
});

/** Sets them, as LTIME_VAL, REPLAY_VAL or REPLAY_ESN_VAL; sent with NLM_F_REPLACE. */
export const newAe = (of: AeventOf, attributes: readonly XfrmAttribute[]): MessageOf<'NEWAE'> => ({
  kind: 'NEWAE',
  body: aevent(of, AeventFlag.CU),
  attributes,
});

/**
 * Moves the SAs and templates of a policy from one pair of addresses to another in one step, where the kernel has
 * XFRM_MIGRATE. `local` and `remote` are told to key managers.
 */
export const migrate = (
  policy: { readonly sel: Selector; readonly dir: number },
  moves: readonly Partial<UserMigrate>[],
  told?: { readonly local: FamilyAddress; readonly remote: FamilyAddress },
): MessageOf<'MIGRATE'> => ({
  kind: 'MIGRATE',
  body: userPolicyId.of(policy),
  attributes: [
    { kind: 'MIGRATE', value: moves.map((move) => userMigrate.of(move)) },
    ...(told
      ? [
          {
            kind: 'KMADDRESS',
            value: userKmAddress.of({
              local: told.local.octets,
              remote: told.remote.octets,
              family: told.local.family,
            }),
          } as const,
        ]
      : []),
  ],
});

/** Whether the kernel answers a request with a message of its own rather than with an acknowledgement. */
export const isAnswered = ({ kind }: XfrmMessage): boolean =>
  kind.startsWith('GET') || kind.startsWith('DUMP') || kind === 'ALLOCSPI';

function aevent({ source, destination, spi, reqid }: AeventOf, flags: number) {
  const sa_id = { daddr: destination.octets, spi, family: destination.family, proto: Protocol.ESP };
  return aeventId.of({ sa_id, saddr: source.octets, flags, reqid });
}
