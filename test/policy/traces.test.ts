/** Our choice, our offer and our check of the answer against what strongSwan 5.9.8 did with the same configuration. */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  acceptEsp,
  acceptIke,
  chooseEsp,
  chooseIke,
  espPayload,
  ikePayload,
} from '../../src/policy/proposal.ts';
import { parseEspProposals, parseIkeProposals } from '../../src/policy/proposal-text.ts';
import { allTraffic, narrow, parseCidr, within } from '../../src/policy/selector.ts';
import { find, fromHex, type Payload, type Proposal, parsePayloads, toHex } from '../../src/wire/index.ts';
import { describeWithVectors, globVectors, readVector, vectorPath } from '../wire/vectors.ts';

interface Session {
  readonly messages: readonly {
    readonly exchange: number;
    readonly flags: number;
    readonly payloads?: readonly { readonly type: number; readonly body: string }[];
  }[];
}

interface Pair {
  readonly exchange: number;
  readonly request: readonly Payload[];
  readonly response: readonly Payload[] | undefined;
}

const response = 0x20;

/** Requests with an SA payload, and the response that carried one, when there was one. */
function pairs(session: Session): Pair[] {
  const list: Pair[] = [];
  for (const { exchange, flags, payloads = [] } of session.messages) {
    const parsed = payloads.flatMap(({ type, body }) => {
      const octets = fromHex(body);
      const length = octets.length + 4;
      return parsePayloads(type, Uint8Array.of(0, 0, length >> 8, length, ...octets));
    });
    if (find(parsed, 'sa') === undefined) continue;
    const last = list.at(-1);
    if ((flags & response) === 0) list.push({ exchange, request: parsed, response: undefined });
    else if (last !== undefined) list[list.length - 1] = { ...last, response: parsed };
  }
  return list;
}

function setting(file: string, name: string): string {
  const found = new RegExp(`(?:^|[\\s{])${name}=(\\S+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1];
  if (found === undefined) throw new Error(`${file} has no ${name}`);
  return found;
}

const proposalsOf = (payloads: readonly Payload[] | undefined): readonly Proposal[] =>
  find(payloads ?? [], 'sa')?.proposals ?? [];

/** Number and transforms, in one order. */
const essence = (proposal: Proposal | undefined): unknown =>
  proposal && {
    number: proposal.number,
    protocol: proposal.protocol,
    transforms: proposal.transforms.map((each) => JSON.stringify(each)).sort(),
  };

const strongswan = { esn: [false] };
const createChild = 36;

describeWithVectors('09-ikev2-traces', () => {
  for (const file of globVectors('09-ikev2-traces/strongswan-5.9.8-recorded/*/session.json')) {
    const folder = vectorPath(dirname(file));
    const name = basename(folder);
    const all = pairs(readVector(file) as Session);
    const [initiator, responder] = [`${folder}/initiator.swanctl.conf`, `${folder}/responder.swanctl.conf`];

    describe(name, () => {
      it('IKE: offers, chooses and accepts as strongSwan', () => {
        const wanted = parseIkeProposals(setting(initiator, 'proposals'));
        const own = parseIkeProposals(setting(responder, 'proposals'));
        for (const { request, response: answer } of all.filter(({ exchange }) => exchange === 34)) {
          const offered = proposalsOf(request);
          expect(ikePayload(wanted).map(essence)).toEqual(offered.map(essence));
          const choices = (['own', 'offer'] as const).map((order) => chooseIke(offered, own, order));
          if (name === 'psk-ike-no-proposal-chosen') expect(choices).toEqual([undefined, undefined]);
          if (answer === undefined) continue;
          for (const choice of choices) {
            expect(essence(choice?.proposal)).toEqual(essence(proposalsOf(answer)[0]));
            expect(choice?.chosen.ke).toBe(find(answer, 'ke')?.group);
            expect(acceptIke(proposalsOf(answer), wanted)).toEqual(choice?.chosen);
          }
        }
      });

      it('ESP: offers, chooses and accepts as strongSwan', () => {
        const wanted = parseEspProposals(setting(initiator, 'esp_proposals'), strongswan);
        const own = parseEspProposals(setting(responder, 'esp_proposals'), strongswan);
        for (const { exchange, request, response: answer } of all.filter(({ exchange }) => exchange !== 34)) {
          const pfs = exchange === createChild;
          const offered = proposalsOf(request);
          expect(espPayload(wanted, 0x01020304, pfs).map(essence)).toEqual(offered.map(essence));
          const choice = chooseEsp(offered, own, 'own', pfs);
          if (name === 'psk-no-proposal-chosen-child') expect(choice).toBeUndefined();
          if (answer === undefined) continue;
          expect(essence(choice?.proposal)).toEqual(essence(proposalsOf(answer)[0]));
          expect(toHex(choice?.peerSpi ?? new Uint8Array())).toBe(toHex(offered[0]?.spi ?? new Uint8Array()));
          expect(acceptEsp(proposalsOf(answer), wanted, pfs)).toEqual(choice?.chosen);
        }
      });

      const virtual = name === 'psk-vip-config-payload';
      it.skipIf(virtual)(
        virtual ? 'narrows to a virtual address: no setting names it' : 'narrows as strongSwan',
        () => {
          const ranges = [
            parseCidr(setting(responder, 'remote_ts')),
            parseCidr(setting(responder, 'local_ts')),
          ];
          for (const { request, response: answer } of all) {
            for (const [at, kind] of (['tsi', 'tsr'] as const).entries()) {
              const offered = find(request, kind)?.selectors;
              const range = ranges[at];
              if (offered === undefined || range === undefined) continue;
              const narrowed = narrow(offered, [allTraffic(range)], new Uint8Array(4));
              if (name === 'psk-ts-unacceptable' && kind === 'tsr') expect(narrowed).toEqual([]);
              const answered = find(answer ?? [], kind)?.selectors;
              if (answered === undefined) continue;
              expect(narrowed).toEqual(answered);
              expect(within(answered, offered)).toBe(true);
            }
          }
        },
      );
    });
  }
});
